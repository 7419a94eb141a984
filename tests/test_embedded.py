"""The embedded checkpoint: the laws of the design on the weights that users get."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
import pytest
import torch
from stance import Label, StanceClassifier
from stance.checkpoint import MANIFEST, default_checkpoint
from stance.inference.cpu import CpuBackend
from stance.inference.gpu import TorchBackend

from conftest import NEWSROOM, examples_of

Pairs = list[tuple[str, str]]
Probabilities = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def embedded() -> StanceClassifier:
    return StanceClassifier.from_pretrained(device="cpu")


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    examples = random.Random(0).sample(examples_of(NEWSROOM, "test"), 400)
    return [(example.claim, example.sentence) for example in examples]


@pytest.fixture(scope="module")
def theirs(pairs: Pairs) -> Probabilities:
    """What torch gives in float32."""
    return by_torch("cpu").predict_proba(pairs)


def by_torch(device: str) -> StanceClassifier:
    checkpoint = default_checkpoint()
    return StanceClassifier(checkpoint, TorchBackend(checkpoint, device=device))


def test_the_cpu_runtime_gives_the_labels_of_torch(
    embedded: StanceClassifier, pairs: Pairs, theirs: Probabilities
) -> None:
    """Law 3."""
    ours = embedded.predict_proba(pairs)
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() >= 0.995
    assert np.abs(ours - theirs).mean() <= 3e-3  # of 16 bits, where the processor has them
    checkpoint = default_checkpoint()
    exact = StanceClassifier(checkpoint, CpuBackend(checkpoint, precision="f32")).predict_proba(pairs)
    np.testing.assert_allclose(exact, theirs, atol=1e-4)


def test_the_voice_is_a_span_of_the_sentence(embedded: StanceClassifier, pairs: Pairs) -> None:
    told = embedded.classify(
        "The two leaders spoke by phone.", "The Kremlin denied that the leaders had spoken."
    )
    assert (told.label, told.voice) == (Label.DENIES, "The Kremlin")
    for (_, sentence), one in zip(pairs, embedded.classify_pairs(pairs), strict=True):
        assert one.voice is None if one.label is Label.NEUTRAL else one.voice in sentence


def assert_order_and_batch_size_change_no_probability(clf: StanceClassifier, pairs: Pairs) -> None:
    expected = clf.predict_proba(pairs)
    order = np.random.default_rng(1).permutation(len(pairs))
    shuffled = clf.predict_proba([pairs[i] for i in order], batch_size=7)
    np.testing.assert_allclose(shuffled, expected[order], atol=1e-3)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-6)


def test_order_and_batch_size_change_no_probability(embedded: StanceClassifier, pairs: Pairs) -> None:
    """Law 2."""
    assert_order_and_batch_size_change_no_probability(embedded, pairs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_cuda_gives_the_labels_of_torch_in_float32_whatever_the_batch(
    pairs: Pairs, theirs: Probabilities
) -> None:
    """Laws 2 and 3."""
    on_cuda = by_torch("cuda")
    assert (on_cuda.predict_proba(pairs).argmax(axis=1) == theirs.argmax(axis=1)).mean() >= 0.995
    assert_order_and_batch_size_change_no_probability(on_cuda, pairs)


@pytest.mark.parametrize(
    ("claim", "sentence", "label"),
    [
        ("It rained.", "It rained all night, farmers said.", Label.SUPPORTS),
        (
            "The two leaders spoke by phone.",
            "The Kremlin denied that the two leaders had spoken.",
            Label.DENIES,
        ),
        ("The two leaders spoke by phone.", "Wheat prices rose by four per cent.", Label.NEUTRAL),
    ],
)
def test_a_plain_case_of_each_label_is_right(
    embedded: StanceClassifier, claim: str, sentence: str, label: Label
) -> None:
    assert embedded.classify(claim, sentence).label is label


def test_a_denial_with_a_pronoun_is_one(embedded: StanceClassifier) -> None:
    denial = "The Kremlin denied that they had spoken."
    assert embedded.classify("The two leaders spoke by phone.", denial).label is Label.DENIES


def test_the_files_stay_under_70_megabytes() -> None:
    checkpoint = default_checkpoint()
    assert sum(file.stat().st_size for file in checkpoint.path.iterdir()) < 70e6


def test_plain_transformers_opens_it() -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    path = default_checkpoint().path
    model = AutoModelForSequenceClassification.from_pretrained(path)
    assert list(model.config.id2label.values()) == ["supports", "denies", "neutral"]
    assert len(AutoTokenizer.from_pretrained(path)("a claim", "a sentence")["input_ids"]) > 4


def test_its_provenance_names_no_place_on_a_machine() -> None:
    text = (default_checkpoint().path / MANIFEST).read_text(encoding="utf-8")
    assert "/work" not in text
    assert "/home" not in text
    assert "/root" not in text
