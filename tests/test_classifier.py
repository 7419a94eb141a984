"""StanceClassifier: sound probabilities, the same in any order and batch, on any backend."""

from __future__ import annotations

import dataclasses
import math
import multiprocessing
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance.checkpoint import GRAPH, Checkpoint
from stance.errors import CheckpointError, InputError, StanceError
from stance.evaluation.selective import NEVER
from stance.inference import classifier as classifier_module
from stance.inference import cpu as cpu_module
from stance.inference.ahead import one_ahead
from stance.inference.answers import softmax
from stance.inference.classifier import StanceClassifier
from stance.inference.cpu import CpuBackend
from stance.inference.encoding import Outputs
from stance.inference.finding import find_checkpoint
from stance.inference.gpu import TorchBackend
from stance.inference.precision import PRECISIONS
from stance.schema import LABELS, Label, Predictor
from tokenizers import Encoding

from checkpoints import seal
from conftest import ROOT, WORDS, tiny_model

CLOSE = 1e-3
VOCABULARY = " ".join(WORDS).split()


def random_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Pairs of very different lengths: from one word to more than the model takes."""
    rng = random.Random(seed)
    return [
        (
            " ".join(rng.choices(VOCABULARY, k=rng.randint(1, 20))),
            " ".join(rng.choices(VOCABULARY, k=rng.randint(1, 80))),
        )
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def reference(tiny_checkpoint: Checkpoint) -> StanceClassifier:
    """The same weights in torch, float32."""
    return StanceClassifier(tiny_checkpoint, TorchBackend(tiny_checkpoint, device="cpu"))


def assert_same_answers(ours: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> None:
    """No probability differs by more than 1e-3, and no label whose margin is above that."""
    assert np.abs(ours - theirs).max() <= CLOSE
    top = np.sort(theirs, axis=1)
    clear = top[:, 2] - top[:, 1] > 2 * CLOSE
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1))[clear].all()


sound_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip)


# law 2


@settings(max_examples=40)
@given(pairs=st.lists(st.tuples(sound_texts, sound_texts), max_size=5))
def test_probabilities_are_finite_and_sum_to_1(clf: StanceClassifier, pairs: list[tuple[str, str]]) -> None:
    sound = [pair for pair in pairs if not clf.pair_problem(*pair)]
    probabilities = clf.predict_proba(sound)
    assert probabilities.shape == (len(sound), 3)
    assert probabilities.dtype == np.float32
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), batch_size=st.one_of(st.none(), st.integers(1, 40)))
def test_order_batch_size_and_padding_change_no_probability(
    clf: StanceClassifier, seed: int, batch_size: int | None
) -> None:
    pairs = random_pairs(23, seed)
    alone = np.concatenate([clf.predict_proba([pair]) for pair in pairs])
    order = random.Random(seed).sample(range(len(pairs)), len(pairs))
    together = clf.predict_proba([pairs[i] for i in order], batch_size=batch_size)
    assert_same_answers(together, alone[order])


def test_padding_to_the_longest_input_changes_nothing(clf: StanceClassifier) -> None:
    pairs = [("they met", "no"), ("they met", "the ministry denied it " * 40)]
    encodings = clf.encode(pairs).encodings
    alone, beside = (
        clf._backend.compute(encodings, [np.array(batch) for batch in batches]).logits
        for batches in ([[0], [1]], [[0, 1]])
    )
    assert_same_answers(softmax(beside), softmax(alone))


def test_a_claim_that_is_too_long_is_named_by_its_place_in_all_chunks(
    clf: StanceClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier_module, "PAIRS_PER_CHUNK", 2)
    with pytest.raises(InputError, match="pair 5: the claim"):
        clf.predict_proba([("a", "b")] * 5 + [("they " * 500, "b")])


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_what_is_made_ahead_comes_in_order(count: int) -> None:
    assert list(one_ahead(lambda n: n * n, range(count))) == [n * n for n in range(count)]


def test_where_no_thread_can_be_started_any_more_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    assert list(one_ahead(str, range(4))) == ["0", "1", "2", "3"]


def test_an_error_of_what_is_made_ahead_comes_where_its_result_would_have() -> None:
    ahead = one_ahead(lambda n: 6 // n, [2, 1, 0, 3])
    assert [next(ahead), next(ahead)] == [3, 6]
    with pytest.raises(ZeroDivisionError):
        next(ahead)


def test_pairs_are_answered_in_their_places_across_chunks(
    clf: StanceClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = random_pairs(31)
    expected = clf.classify_pairs(pairs)
    monkeypatch.setattr(classifier_module, "PAIRS_PER_CHUNK", 7)
    chunked = clf.classify_pairs(pairs)
    assert [p.truncated for p in chunked] == [p.truncated for p in expected]
    assert_same_answers(as_array(chunked), as_array(expected))


def as_array(predictions: list[Any]) -> npt.NDArray[np.float32]:
    return np.array([[p.probabilities[label] for label in LABELS] for p in predictions], dtype=np.float32)


# law 3


def test_cpu_backend_and_torch_agree(clf: StanceClassifier, reference: StanceClassifier) -> None:
    pairs = random_pairs(400, seed=3)
    ours, theirs = clf.predict_proba(pairs), reference.predict_proba(pairs)
    assert np.abs(ours - theirs).max() <= 0.005
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() >= 0.995
    assert len({tuple(row) for row in theirs.round(4)}) > 100  # the answers do differ from pair to pair


def test_probabilities_are_those_of_plain_transformers_at_the_temperature(
    clf: StanceClassifier, tiny_checkpoint: Checkpoint
) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint.path)
    model = AutoModelForSequenceClassification.from_pretrained(tiny_checkpoint.path, dtype=torch.float32)
    assert model.config.id2label == {i: label.value for i, label in enumerate(LABELS)}
    pairs = random_pairs(40, seed=5)
    inputs = tokenizer(
        [claim for claim, _ in pairs],
        [sentence for _, sentence in pairs],
        truncation="only_second",
        max_length=64,
        padding=True,
        return_tensors="pt",
    )
    with torch.inference_mode():
        expected = torch.softmax(model(**inputs).logits / tiny_checkpoint.temperature, dim=1).numpy()
    assert_same_answers(clf.predict_proba(pairs), expected)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["roberta", "electra", "xlm-roberta", "mpnet", "deberta-v2", "modernbert"])
def test_other_families_agree_with_torch(tmp_path: Path, family: str) -> None:
    from stance.train.export import write_checkpoint

    written = write_checkpoint(
        *tiny_model(family), tmp_path, {"temperature": 1.0, "max_length": 64, "provenance": {}}
    )
    pairs = random_pairs(200, seed=4)
    theirs = StanceClassifier(written, TorchBackend(written, device="cpu")).predict_proba(pairs)
    assert_same_answers(StanceClassifier.from_pretrained(tmp_path, device="cpu").predict_proba(pairs), theirs)


# the face


def test_the_face_fits_the_protocol(clf: StanceClassifier) -> None:
    assert isinstance(clf, Predictor)
    assert clf.classes_ == (Label.SUPPORTS, Label.DENIES, Label.NEUTRAL)
    assert "OpenVINO" in clf.runtime
    assert any(precision in clf.runtime for precision in PRECISIONS)


def test_no_pairs_give_no_rows(clf: StanceClassifier) -> None:
    probabilities = clf.predict_proba([])
    assert probabilities.shape == (0, 3)
    assert probabilities.dtype == np.float32
    assert clf.predict([]) == []
    assert clf.classify_pairs([]) == []


@pytest.mark.parametrize("count", [1, 2, 3, 17])
def test_any_number_of_pairs_is_answered(clf: StanceClassifier, count: int) -> None:
    pairs = random_pairs(count)
    probabilities = clf.predict_proba(pairs)
    assert probabilities.shape == (count, 3)
    assert clf.predict(pairs) == [LABELS[i] for i in probabilities.argmax(axis=1)]


def test_below_the_confidence_asked_for_it_abstains(clf: StanceClassifier) -> None:
    pairs = random_pairs(60, seed=8)
    confidence = clf.predict_proba(pairs).max(axis=1)
    least = float(np.median(confidence))
    labels = clf.predict(pairs)
    answers = clf.predict(pairs, min_confidence=least)
    assert answers == [
        label if sure >= least else "abstain" for label, sure in zip(labels, confidence, strict=True)
    ]
    assert "abstain" in answers
    assert clf.predict(pairs, min_confidence=0) == labels


def test_a_risk_is_kept_to_by_the_confidence_the_checkpoint_records(tiny_checkpoint: Checkpoint) -> None:
    provenance = {"confidence_for_risk": {"0.05": 0.9, "0.1": 0.6}}
    knowing = StanceClassifier(
        dataclasses.replace(tiny_checkpoint, provenance=provenance), CpuBackend(tiny_checkpoint)
    )
    pairs = random_pairs(60, seed=8)
    for risk, least in ((0.05, 0.9), (0.1, 0.6)):
        assert knowing.predict(pairs, max_risk=risk) == knowing.predict(pairs, min_confidence=least)
    with pytest.raises(InputError, match=r"max_risk is 0.07; expected one of 0.05, 0.1; or give min_conf"):
        knowing.predict(pairs, max_risk=0.07)


@pytest.mark.parametrize("recorded", [NEVER, math.nextafter(1.0, 2.0)])  # as written now and before
def test_a_risk_that_no_confidence_keeps_to_is_never_taken(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, recorded: float
) -> None:
    provenance = {"confidence_for_risk": {"0.05": recorded}}
    knowing = StanceClassifier(
        dataclasses.replace(tiny_checkpoint, provenance=provenance), CpuBackend(tiny_checkpoint)
    )
    sure = np.array([[1, 0, 0]], dtype=np.float32)
    monkeypatch.setattr(knowing, "predict_proba", lambda pairs, **_: sure)
    assert knowing.predict([("a", "b")], max_risk=0.05) == ["abstain"]
    assert knowing.predict([("a", "b")], min_confidence=1) == ["supports"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"min_confidence": 1.2}, "min_confidence is 1.2; expected a probability"),
        ({"min_confidence": float("nan")}, "min_confidence is nan"),
        ({"min_confidence": 0.5, "max_risk": 0.05}, "give one of them"),
        ({"max_risk": 0.05}, "this checkpoint records no risks; or give min_confidence"),
    ],
)
def test_a_confidence_that_makes_no_sense_is_refused(
    clf: StanceClassifier, arguments: dict[str, float], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        clf.predict([("they met", "no")], **arguments)


def test_one_pair_is_a_prediction(clf: StanceClassifier) -> None:
    prediction = clf.classify("the leaders met", "the ministry denied it")
    row = clf.predict_proba([("the leaders met", "the ministry denied it")])[0]
    assert tuple(prediction.probabilities) == LABELS
    assert list(prediction.probabilities.values()) == pytest.approx(row.tolist())
    assert prediction.label is LABELS[int(row.argmax())]
    assert prediction.confidence == pytest.approx(row.max())
    assert type(prediction.confidence) is float
    assert prediction.truncated is False
    assert prediction.voice is None


def test_a_cut_sentence_is_told_and_equals_what_is_left_of_it(clf: StanceClassifier) -> None:
    short, cut = clf.classify_pairs([("the", "the " * 60), ("the", "the " * 60 + "denied " * 5000)])
    assert (short.truncated, cut.truncated) == (False, True)
    assert_same_answers(as_array([cut]), as_array([short]))


def test_a_claim_that_is_too_long_is_refused_and_not_cut(clf: StanceClassifier) -> None:
    claim = "the leaders met " * 20
    with pytest.raises(InputError, match=r"pair 1: the claim .* too long.*never cut"):
        clf.predict_proba([("the", "met"), (claim, "no")])
    assert "too long" in clf.pair_problem(claim, "no")
    assert clf.pair_problem("the", "met") == ""


@pytest.mark.parametrize("words", [65, 10_000])
def test_a_claim_of_any_length_beyond_the_model_is_refused(clf: StanceClassifier, words: int) -> None:
    with pytest.raises(InputError, match="too long"):
        clf.predict([("the " * words, "no")])


def test_a_separator_in_a_text_is_text(clf: StanceClassifier) -> None:
    joined, plain = clf.predict_proba([("they met", "no [SEP] denied"), ("they met", "no [ sep ] denied")])
    assert_same_answers(joined[None], plain[None])


def test_the_input_is_left_as_it_is(clf: StanceClassifier) -> None:
    pairs = [["they met", "no"], ["they met", "yes"]]
    clf.predict(pairs)  # type: ignore[arg-type]
    assert pairs == [["they met", "no"], ["they met", "yes"]]


def test_progress_goes_to_stderr(clf: StanceClassifier, capfd: pytest.CaptureFixture[str]) -> None:
    quiet = clf.predict_proba(random_pairs(3))
    assert capfd.readouterr() == ("", "")
    shown = clf.predict_proba(random_pairs(3), progress=True)
    out, err = capfd.readouterr()
    assert (out, "classifying" in err) == ("", True)
    assert (quiet == shown).all()


@pytest.mark.parametrize("which", ["clf", "reference", "speaking"])
def test_threads_may_share_a_classifier(
    request: pytest.FixtureRequest, speaking_checkpoint: Checkpoint, which: str
) -> None:
    if which == "speaking":
        shared = StanceClassifier.from_pretrained(speaking_checkpoint.path, device="cpu")
    else:
        shared = request.getfixturevalue(which)
    jobs = [random_pairs(1 + seed % 9, seed) for seed in range(48)]
    expected = [shared.classify_pairs(pairs) for pairs in jobs]
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(shared.classify_pairs, pairs) for _ in range(3) for pairs in jobs]
        for call, theirs in zip(calls, expected * 3, strict=True):
            ours = call.result()
            assert_same_answers(as_array(ours), as_array(theirs))
            assert [one.truncated for one in ours] == [one.truncated for one in theirs]
            # voices can only be told apart where two are not about equally likely: nearly always
            assert sum(one.voice != other.voice for one, other in zip(ours, theirs, strict=True)) <= 1


IN_PROCESSES = """
import multiprocessing, sys, threading
from concurrent.futures import ProcessPoolExecutor
from stance import StanceClassifier

def answer(clf, pairs):
    return clf.predict_proba(pairs)

def inherited(pairs):
    return clf.predict_proba(pairs)

if __name__ == "__main__":
    clf = StanceClassifier.from_pretrained(sys.argv[1], device="cpu")
    jobs = [[("the leaders met", "the ministry denied it " * k), ("talks", "no")] for k in range(1, 9)]
    expected = [clf.predict_proba(pairs) for pairs in jobs]
    done = threading.Event()
    def go_on():
        while not done.is_set():
            clf.predict_proba(jobs[0])
    busy = threading.Thread(target=go_on)
    busy.start()
    context = multiprocessing.get_context(sys.argv[2])
    try:
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            calls = [pool.submit(answer, clf, pairs) for pairs in jobs]
            if sys.argv[2] == "fork":
                calls += [pool.submit(inherited, pairs) for pairs in jobs]
            for call, theirs in zip(calls, expected * 2):
                assert abs(call.result(timeout=60) - theirs).max() < 1e-3
    finally:
        done.set()
        busy.join()
    assert abs(clf.predict_proba(jobs[0]) - expected[0]).max() < 1e-3
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_may_share_a_classifier(tiny_checkpoint: Checkpoint, tmp_path: Path, method: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(IN_PROCESSES, encoding="utf-8")
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script)]  # threads and fork
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, str(tiny_checkpoint.path), method], check=True, timeout=120, env=environment)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
def test_a_forked_process_answers_and_ends_like_any_other(tiny_checkpoint: Checkpoint) -> None:
    code = (
        "import os, sys; from stance import StanceClassifier\n"
        "clf = StanceClassifier.from_pretrained(sys.argv[1], device='cpu')\n"
        "before = clf.predict_proba([('a', 'b')] * 3)\n"
        "for _ in range(3):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        sys.exit(5 if (clf.predict_proba([('a', 'b')] * 3) == before).all() else 6)\n"
        "    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5"
    )
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, str(tiny_checkpoint.path)]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize("which", ["clf", "reference"])
def test_a_pickled_classifier_is_opened_again(request: pytest.FixtureRequest, which: str) -> None:
    original = request.getfixturevalue(which)
    copy = pickle.loads(pickle.dumps(original))
    assert copy.runtime == original.runtime
    assert copy.checkpoint == original.checkpoint
    assert_same_answers(copy.predict_proba(random_pairs(5)), original.predict_proba(random_pairs(5)))


def test_an_error_leaves_the_classifier_usable(clf: StanceClassifier) -> None:
    before = clf.predict_proba(random_pairs(5))
    with pytest.raises(InputError):
        clf.predict_proba([("a", "b"), ("a", "")])
    assert_same_answers(clf.predict_proba(random_pairs(5)), before)


def test_a_classifier_that_is_dropped_right_after_its_answer_does_not_hang(
    tiny_checkpoint: Checkpoint,
) -> None:
    code = (
        "import sys; from stance import StanceClassifier\n"
        "for _ in range(10):\n"
        "    StanceClassifier.from_pretrained(sys.argv[1], device='cpu').predict([('a', 'b')] * 3)"
    )
    subprocess.run([sys.executable, "-c", code, str(tiny_checkpoint.path)], check=True, timeout=60)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_size_below_1_is_refused(clf: StanceClassifier, batch_size: int) -> None:
    with pytest.raises(
        InputError, match=f"batch_size is {batch_size}; expected a whole number of at least 1"
    ):
        clf.predict_proba([("a", "b")], batch_size=batch_size)


@pytest.mark.parametrize("batch_size", ["8", 2.5])
def test_a_batch_size_that_is_no_whole_number_is_refused(clf: StanceClassifier, batch_size: Any) -> None:
    with pytest.raises(InputError, match="batch_size is"):
        clf.predict_proba([("a", "b")], batch_size=batch_size)


@pytest.mark.parametrize("device", ["gpu", "", "CPU", None, 0])
def test_an_unknown_device_is_refused_before_anything_is_opened(device: Any) -> None:
    with pytest.raises(InputError, match=r"expected 'auto', 'cpu' or 'cuda'"):
        StanceClassifier.from_pretrained("/nowhere", device=device)


def test_cuda_that_is_not_there_is_refused(tiny_checkpoint: Checkpoint) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(InputError, match="torch sees no CUDA device; use the device 'cpu'"):
        StanceClassifier.from_pretrained(tiny_checkpoint.path, device="cuda")


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
def test_threads_that_are_no_number_of_threads_are_refused(threads: Any) -> None:
    with pytest.raises(InputError, match=r"threads is .*; expected a whole number of at least 1"):
        StanceClassifier.from_pretrained("/nowhere", device="cpu", threads=threads)


def test_threads_are_refused_where_the_gpu_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stance.inference.gpu.cuda_is_there", lambda: True)
    for device in ("cuda", "auto"):
        with pytest.raises(InputError, match=r"threads is 2, but CUDA computes; leave it out or use .*'cpu'"):
            StanceClassifier.from_pretrained(device=device, threads=2)


def test_the_cpu_computes_on_as_many_threads_as_asked(tiny_checkpoint: Checkpoint) -> None:
    clf = StanceClassifier.from_pretrained(tiny_checkpoint.path, device="cpu", threads=3)
    assert clf.runtime.endswith(", 3 threads")


@pytest.mark.parametrize(("threads", "pinned"), [(1, False), (8, True)])
def test_threads_are_bound_to_cores_only_where_they_fill_all_of_them(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, threads: int, pinned: bool
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    backend = CpuBackend(tiny_checkpoint, threads=threads)
    compiled = backend._requests[0].get_compiled_model()
    assert compiled.get_property("ENABLE_CPU_PINNING") is pinned


def test_a_hub_id_that_cannot_be_fetched_is_a_checkpoint_error() -> None:
    with pytest.raises(CheckpointError, match=r"'nobody/nothing' is no folder here and could not be fetched"):
        StanceClassifier.from_pretrained("nobody/nothing", device="cpu")


@pytest.mark.parametrize(
    ("name", "revision"),
    [("some/model", None), ("some/model@v1.2", "v1.2"), ("some/model@refs/pr/3", "refs/pr/3")],
)
def test_a_model_of_the_hub_may_name_its_revision(
    tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, name: str, revision: str | None
) -> None:
    asked = []

    def download(repo_id: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((repo_id, revision))
        return str(tiny_checkpoint.path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert find_checkpoint(name).digest == tiny_checkpoint.digest
    assert asked == [("some/model", revision)]


@pytest.mark.parametrize(
    "name", ["some/model@", "./no/where", "/no/where", "nowhere", "~/no-such-folder-of-stance"]
)
def test_a_folder_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        StanceClassifier.from_pretrained(name, device="cpu")


@pytest.mark.parametrize("name", ["my models/best", "runs/news--2"])
def test_a_missing_relative_folder_that_can_be_no_hub_id_is_a_checkpoint_error(name: str) -> None:
    with pytest.raises(StanceError, match="no folder"):
        StanceClassifier.from_pretrained(name, device="cpu")


# checkpoints that are sealed but cannot work


class Overflowing(CpuBackend):
    """Gives one value that is not finite, as float16 does where a network overflows."""

    value, in_spans = float("nan"), False

    def compute(self, encodings: Sequence[Encoding], batches: Sequence[npt.NDArray[np.int64]]) -> Outputs:
        outputs = super().compute(encodings, batches)
        spans = [np.zeros((len(encoding.ids), 2), np.float32) for encoding in encodings]
        (spans[1] if self.in_spans else outputs.logits)[0, 0] = self.value
        return Outputs(outputs.logits, spans)


@pytest.mark.parametrize("in_spans", [False, True], ids=["logits", "voice"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_answer_that_is_not_finite_is_an_error(
    tiny_checkpoint: Checkpoint, value: float, in_spans: bool
) -> None:
    backend = Overflowing(tiny_checkpoint)
    backend.value, backend.in_spans = value, in_spans
    broken = StanceClassifier(tiny_checkpoint, backend)
    for ask in (broken.predict_proba, broken.predict, broken.classify_pairs):
        with pytest.raises(CheckpointError, match="not finite; its weights are unusable"):
            ask([("a", "b"), ("c", "d")])


def test_a_checkpoint_without_graph_says_how_to_get_one(folder: Path) -> None:
    (folder / GRAPH).unlink()
    seal(folder)
    with pytest.raises(CheckpointError, match=r"no graph\.xml.*stance export"):
        StanceClassifier.from_pretrained(folder, device="cpu")


@pytest.mark.parametrize("content", ["", "<net/>", "no xml"])
def test_a_graph_that_is_none_is_refused(folder: Path, content: str) -> None:
    (folder / GRAPH).write_text(content, encoding="utf-8")
    seal(folder)
    with pytest.raises(CheckpointError, match="cannot be opened"):
        StanceClassifier.from_pretrained(folder, device="cpu")


def test_a_higher_temperature_flattens_and_keeps_the_labels(folder: Path, clf: StanceClassifier) -> None:
    seal(folder, temperature=15.0)
    pairs = random_pairs(50)
    flat = StanceClassifier.from_pretrained(folder, device="cpu").predict_proba(pairs)
    sharp = clf.predict_proba(pairs)
    assert (flat.max(axis=1) < sharp.max(axis=1)).all()
    expected = softmax(np.log(sharp.astype(np.float64)) / 10)
    np.testing.assert_allclose(flat, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        ([0.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]),
        ([np.log(2), 0.0, 0.0], [0.5, 0.25, 0.25]),
        ([1e30, 0.0, -1e30], [1.0, 0.0, 0.0]),
        ([-1e4, -1e4, -2e4], [0.5, 0.5, 0.0]),
    ],
)
def test_softmax_holds_at_the_extremes(logits: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(softmax(np.array([logits], dtype=np.float32)), [expected], atol=1e-7)


@pytest.mark.parametrize(
    ("content", "expected"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 8)]
)
def test_the_quota_of_a_container_limits_the_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, expected: int
) -> None:
    (tmp_path / "cpu.max").write_text(f"{content}\n", encoding="ascii")
    monkeypatch.setattr(cpu_module, "QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert cpu_module.usable_cores() == expected
