"""Knowledge distillation: what teachers say softens the labels, and never overrules them."""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from stance.checkpoint import Checkpoint
from stance.corpus.examples import Example
from stance.corpus.mixture import Mixture
from stance.errors import CheckpointError, ConfigError, InputError
from stance.inference.classifier import StanceClassifier
from stance.schema import LABELS, Label
from stance.tables import write_table
from stance.train import teachers as teachers_module
from stance.train import trainer as trainer_module
from stance.train.config import DataPart, TrainConfig
from stance.train.recipe import load_config
from stance.train.teachers import Lessons, ask_teachers, mean_answers, soft_cross_entropy, soften
from stance.train.trainer import train

EXAMPLES = [
    Example(f"claim {number}", f"the minister said {number}", LABELS[number % 3], f"group {number}")
    for number in range(12)
]
HARD = np.eye(len(LABELS))[[LABELS.index(example.label) for example in EXAMPLES]]


def teacher_that_says(answer: list[float], fails_after: int = 10**6) -> Any:
    """A teacher that says the same of every pair but those whose claim is too long for it."""
    asked: list[tuple[str, str]] = []

    def predict_proba(pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        asked.extend(pairs)
        assert len(set(asked)) == len(asked)  # nothing is asked twice
        if len(asked) > fails_after:
            raise KeyboardInterrupt
        return np.array([answer] * len(pairs), dtype=np.float32)

    return SimpleNamespace(
        asked=asked,
        predict_proba=predict_proba,
        pair_problem=lambda claim, sentence: "too long" if claim == "long" else "",
    )


@contextmanager
def teachers_are(**teachers: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teachers_module, "find_base", lambda name: name)
        patch.setattr(teachers_module, "StanceClassifier", SimpleNamespace(from_pretrained=teachers.get))
        yield


def test_the_mean_of_all_teachers_is_given_and_nothing_where_one_cannot_read_the_pair() -> None:
    teachers = [teacher_that_says([0.6, 0.3, 0.1]), teacher_that_says([0.4, 0.1, 0.5])]
    answers = mean_answers([("a", "b"), ("long", "b"), ("b", "a")], teachers)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, [[0.5, 0.2, 0.3], [0, 0, 0], [0.5, 0.2, 0.3]], rtol=1e-6)


def test_teachers_soften_the_labels_that_they_agree_with() -> None:
    soft = soften(EXAMPLES, np.array([[0.5, 0.2, 0.3]] * len(EXAMPLES), np.float32), weight=0.5)
    assert soft.dtype == np.float32
    for example, row in zip(EXAMPLES, soft, strict=True):
        alone = [float(label is example.label) for label in LABELS]
        expected = [0.75, 0.1, 0.15] if example.label is Label.SUPPORTS else alone
        assert row.tolist() == pytest.approx(expected)


probabilities = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(
    lambda row: [value / math.fsum(row) for value in row]
)


@given(rows=st.lists(probabilities, min_size=12, max_size=12), weight=st.floats(0, 1))
def test_the_label_stays_on_top_whatever_teachers_say(rows: list[list[float]], weight: float) -> None:
    soft = soften(EXAMPLES, np.array(rows, np.float32), weight)
    np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=1e-5)
    assert (soft[HARD == 1] >= soft.max(axis=1) - 1e-6).all()
    np.testing.assert_array_equal(soften(EXAMPLES, np.zeros((12, 3), np.float32), weight), HARD)


def test_the_loss_of_a_plain_label_is_the_usual_one() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3]])
    outputs = SimpleNamespace(logits=logits)
    usual = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2]))
    assert soft_cross_entropy(outputs, torch.eye(3)[[0, 2]]).item() == pytest.approx(usual.item())
    assert soft_cross_entropy(outputs, torch.tensor([0, 2])).item() == pytest.approx(usual.item())


# recipes


@pytest.fixture
def config(tiny_checkpoint: Checkpoint, tmp_path: Path) -> TrainConfig:
    """A recipe of three steps, with pairs without a label, whose student and teacher are the tiny model."""
    columns = ("claim", "sentence", "label", "group")
    rows = [{name: getattr(example, name) for name in columns} for example in EXAMPLES]
    for split, part in (("train", rows[:8]), ("validation", rows[8:])):
        write_table(tmp_path / f"{split}.jsonl", part, columns)
    return TrainConfig(
        base=str(tiny_checkpoint.path),
        teachers=(str(tiny_checkpoint.path),),
        train=(DataPart(data=str(tmp_path / "train.jsonl"), crossed=4),),
        validation=(DataPart(data=str(tmp_path / "validation.jsonl")),),
        max_steps=3,
        batch_size=4,
        max_length=64,
        evaluations=1,
        precision="fp32",
    )


@pytest.mark.parametrize("voice_weight", [0.0, 1.0])
def test_a_student_names_its_teachers(
    config: TrainConfig, tiny_checkpoint: Checkpoint, tmp_path: Path, voice_weight: float
) -> None:
    taught = train(dataclasses.replace(config, voice_weight=voice_weight), tmp_path / "taught")
    assert [one["digest"] for one in taught.provenance["taught_by"]] == [tiny_checkpoint.digest]
    assert taught.provenance["recipe"]["teachers"] == [tiny_checkpoint.path.name]
    pairs = [(example.claim, example.sentence) for example in EXAMPLES]
    rows = StanceClassifier.from_pretrained(taught.path, device="cpu").predict_proba(pairs)
    assert np.isfinite(rows).all()
    assert taught.provenance["crossed"] == 4


def test_what_teachers_say_is_what_the_student_is_trained_on(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [0.5, 0.2, 0.3]
    told = []

    def ask(*question: Any) -> Lessons:
        told.append(ask_teachers(*question))
        return told[0]

    class Given(Exception):
        """Stops a run where training would begin."""

    def begin(**given: Any) -> None:
        raise Given(given["train_dataset"]["labels"], given["compute_loss_func"])

    monkeypatch.setattr(trainer_module, "ask_teachers", ask)
    monkeypatch.setattr(trainer_module, "ResumableTrainer", begin)
    with teachers_are(**{config.teachers[0]: teacher_that_says(said)}), pytest.raises(Given) as given:
        train(config, tmp_path / "out")
    labels, loss = given.value.args
    assert told[0].soft_labels is not None
    np.testing.assert_allclose(np.array(labels), told[0].soft_labels)
    assert loss is soft_cross_entropy
    assert np.count_nonzero(np.isclose(labels, said).all(axis=1)) == config.train[0].crossed


def test_a_question_is_asked_once(config: TrainConfig, tmp_path: Path) -> None:
    mixture = Mixture(EXAMPLES, {}, [("claim 0", "claim 1")])
    first = ask_teachers(config, mixture, tmp_path, ["digest"]).soft_labels
    assert first is not None
    with teachers_are():  # nobody
        again = ask_teachers(config, mixture, tmp_path, ["digest"]).soft_labels
        np.testing.assert_array_equal(again, first)
        for other, digest in (
            (mixture, "other"),
            (dataclasses.replace(mixture, examples=EXAMPLES[1:]), "digest"),
            (dataclasses.replace(mixture, unlabelled=[]), "digest"),
        ):
            with pytest.raises(InputError, match="had another question; delete the folder"):
                ask_teachers(config, other, tmp_path, [digest])


def test_what_was_asked_before_an_interruption_is_not_asked_again(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teachers_module, "PAIRS_PER_PART", 5)
    mixture, name = Mixture([*EXAMPLES, *EXAMPLES], {}, []), config.teachers[0]
    said = [0.2, 0.3, 0.5]
    with teachers_are(**{name: teacher_that_says(said, fails_after=5)}), pytest.raises(KeyboardInterrupt):
        ask_teachers(config, mixture, tmp_path, ["digest"])
    teacher = teacher_that_says(said)
    with teachers_are(**{name: teacher}):
        soft = ask_teachers(config, mixture, tmp_path, ["digest"]).soft_labels
    assert teacher.asked == [(one.claim, one.sentence) for one in EXAMPLES[5:]]
    taught = np.array([said] * 24, np.float32)
    np.testing.assert_array_equal(soft, soften(mixture.examples, taught, config.teacher_weight))


def test_without_teachers_the_labels_are_learnt(config: TrainConfig, tmp_path: Path) -> None:
    alone = dataclasses.replace(config, teachers=(), train=(DataPart(data="public"),))
    assert ask_teachers(alone, Mixture(EXAMPLES, {}, []), tmp_path, []) == (EXAMPLES, None)


def test_pairs_without_a_label_get_what_teachers_say(config: TrainConfig, tmp_path: Path) -> None:
    said = [0.1, 0.7, 0.2]
    mixture = Mixture(EXAMPLES, {}, [("long", "c"), ("a", "b")])
    with teachers_are(**{config.teachers[0]: teacher_that_says(said)}):
        examples, soft = ask_teachers(config, mixture, tmp_path, ["digest"])
    assert examples == [*EXAMPLES, Example("a", "b", Label.DENIES)]
    assert soft is not None
    assert soft.shape == (13, 3)
    assert soft[-1].tolist() == pytest.approx(said)


def test_teachers_that_cannot_be_used_are_refused(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nobody"):
        train(dataclasses.replace(config, teachers=(str(tmp_path / "nobody"),)), tmp_path / "out")
    with pytest.raises(ConfigError, match=r"label_smoothing is 0.1, which goes neither with teachers"):
        dataclasses.replace(config, label_smoothing=0.1)
    with pytest.raises(ConfigError, match=r"label_smoothing is 0.1, which goes neither with teachers"):
        dataclasses.replace(config, teachers=(), voice_weight=1.0, label_smoothing=0.1)
    with pytest.raises(ConfigError, match=r"teachers is .* expected a list of texts"):
        dataclasses.replace(config, teachers=(1,))  # type: ignore[arg-type]


def test_a_run_goes_on_without_its_teachers(
    config: TrainConfig, tiny_checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = Path(shutil.copytree(tiny_checkpoint.path, tmp_path / "teacher"))
    taught = dataclasses.replace(config, teachers=(str(teacher),))

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer_module, "fit_temperature", fail)
        with pytest.raises(KeyboardInterrupt):
            train(taught, tmp_path / "out")
    shutil.rmtree(teacher)
    resumed = train(taught, tmp_path / "out", resume=True)
    assert [one["digest"] for one in resumed.provenance["taught_by"]] == [tiny_checkpoint.digest]


def test_teachers_are_looked_for_beside_the_recipe(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "teacher").symlink_to(tiny_checkpoint.path)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('train = "public"\nteachers = ["teacher", "embedded"]\n', encoding="utf-8")
    assert load_config(recipe).teachers == (str(tmp_path / "teacher"), "embedded")
