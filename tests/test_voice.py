"""Who takes the stance: from training targets to an exact span of the sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from stance.check import check_article
from stance.checkpoint import VOICE_HEAD, WEIGHTS, Checkpoint, open_checkpoint
from stance.corpus.examples import Example, parse_example
from stance.errors import InputError
from stance.evaluation.voices import voice_scores, word_f1
from stance.inference.classifier import StanceClassifier
from stance.inference.encoding import PairEncoder
from stance.inference.gpu import TorchBackend
from stance.inference.voice import LONGEST, OUTLET, voice_span
from stance.schema import LABELS, Article, Label, Prediction
from stance.tables import write_table
from stance.train.config import DataPart, TrainConfig
from stance.train.export import export_checkpoint
from stance.train.trainer import tokenised, train
from stance.train.voice import IGNORED, OUTLET_TOKEN

from conftest import tiny_model
from training import train_states

SENTENCE = "the minister said it is untrue"


# inference


def test_a_voice_is_a_span_of_the_sentence_or_the_outlet(speaking_checkpoint: Checkpoint) -> None:
    clf = StanceClassifier.from_pretrained(speaking_checkpoint.path, device="cpu")
    pairs = [("they met on monday", f"{SENTENCE} {'on monday ' * n}") for n in range(1, 12)]
    predictions = clf.classify_pairs(pairs)
    for prediction, (_, sentence) in zip(predictions, pairs, strict=True):
        if prediction.label is Label.NEUTRAL:
            assert prediction.voice is None
        else:
            assert prediction.voice is not None
            assert prediction.voice in sentence
            assert prediction.voice == prediction.voice.strip()
    np.testing.assert_allclose(
        [list(one.probabilities.values()) for one in predictions], clf.predict_proba(pairs), atol=1e-6
    )


def test_both_runtimes_name_the_same_voice(speaking_checkpoint: Checkpoint) -> None:
    pairs = [("they met on monday", f"{SENTENCE} {'on monday ' * n}") for n in range(1, 12)]
    theirs = StanceClassifier(
        speaking_checkpoint, TorchBackend(speaking_checkpoint, device="cpu")
    ).classify_pairs(pairs)
    ours = StanceClassifier.from_pretrained(speaking_checkpoint.path, device="cpu").classify_pairs(pairs)
    assert [one.voice for one in ours] == [one.voice for one in theirs]
    assert any(one.voice for one in ours)


def test_the_best_span_in_the_sentence_is_taken(speaking_checkpoint: Checkpoint) -> None:
    (encoding,) = PairEncoder(speaking_checkpoint).encode([("they met", SENTENCE)]).encodings
    sentence = [i for i, sequence in enumerate(encoding.sequence_ids) if sequence == 1]
    spans = np.zeros((len(encoding.ids), 2), dtype=np.float32)
    spans[sentence[0], 0] = spans[sentence[1], 1] = 5
    assert SENTENCE[slice(*voice_span(spans, encoding))] == "the minister"
    spans[1, :] = 50  # a token of the claim
    assert SENTENCE[slice(*voice_span(spans, encoding))] == "the minister"
    spans[0, :] = 6  # the outlet
    assert voice_span(spans, encoding) == OUTLET
    spans[0, :] = 0
    spans[sentence[3], 0], spans[sentence[2], 1] = 40, 40  # an end before its beginning
    start, end = voice_span(spans, encoding)
    assert start < end


def test_no_span_is_longer_than_a_voice(speaking_checkpoint: Checkpoint) -> None:
    sentence = "the minister " * 24
    (encoding,) = PairEncoder(speaking_checkpoint).encode([("they met", sentence)]).encodings
    tokens = [i for i, sequence in enumerate(encoding.sequence_ids) if sequence == 1]
    spans = np.zeros((len(encoding.ids), 2), dtype=np.float32)
    spans[tokens[0], 0] = spans[tokens[-1], 1] = 9
    start, end = voice_span(spans, encoding)
    assert len(sentence[start:end].split()) <= LONGEST


def test_a_check_names_the_voice_of_every_side(speaking_checkpoint: Checkpoint) -> None:
    clf = StanceClassifier.from_pretrained(speaking_checkpoint.path, device="cpu")
    check = check_article(clf, "they met", Article(f"{SENTENCE.capitalize()}. They denied it. No."))
    expected = clf.classify_pairs([("they met", one.sentence.text) for one in check.sentences])
    assert [one.voice for one in check.sentences] == [one.voice for one in expected]


def test_a_checkpoint_without_a_head_tells_no_voice(tiny_checkpoint: Checkpoint) -> None:
    assert not tiny_checkpoint.has_voice
    clf = StanceClassifier.from_pretrained(tiny_checkpoint.path, device="cpu")
    assert {one.voice for one in clf.classify_pairs([("they met", SENTENCE)] * 3)} == {None}


def test_the_classifier_part_stays_plain(speaking_checkpoint: Checkpoint, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    model, loading = AutoModelForSequenceClassification.from_pretrained(
        speaking_checkpoint.path, output_loading_info=True
    )
    assert not loading["unexpected_keys"]
    assert not loading["missing_keys"]
    assert model.config.id2label == dict(enumerate(label.value for label in LABELS))
    again = export_checkpoint(speaking_checkpoint.path, tmp_path / "again")
    assert (again.path / VOICE_HEAD).read_bytes() == (speaking_checkpoint.path / VOICE_HEAD).read_bytes()


# training


def examples_with_voices(count: int) -> list[Example]:
    made = []
    for i in range(count):
        label = LABELS[i % 3]
        said = {Label.SUPPORTS: "said yes", Label.DENIES: "denied it", Label.NEUTRAL: "met"}[label]
        who = ("the minister", "the envoy", "")[i % 2 if label is not Label.NEUTRAL else 2]
        voice = None if label is Label.NEUTRAL else (0, len(who))
        made.append(Example(f"claim number {i}", f"{who or 'they'} {said}", label, f"g{i // 2}", voice=voice))
    return made


def write_examples(file: Path, examples: Sequence[Example]) -> Path:
    rows = [
        {
            "claim": one.claim,
            "sentence": one.sentence,
            "label": one.label.value,
            "group": one.group,
            "voice": None if one.voice is None else one.sentence[slice(*one.voice)],
            "voice_start": None if one.voice is None else one.voice[0],
        }
        for one in examples
    ]
    write_table(file, rows, tuple(rows[0]))
    return file


def test_voices_are_learnt_with_the_labels_and_gone_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    model, tokenizer = tiny_model()
    model.save_pretrained(tmp_path / "base")  # type: ignore[attr-defined]
    tokenizer.save_pretrained(tmp_path / "base")  # type: ignore[attr-defined]
    examples = examples_with_voices(60)
    config = TrainConfig(
        base=str(tmp_path / "base"),
        train=(DataPart(data=str(write_examples(tmp_path / "train.jsonl", examples[:48]))),),
        validation=(DataPart(data=str(write_examples(tmp_path / "validation.jsonl", examples[48:]))),),
        epochs=30,
        batch_size=8,
        max_length=64,
        learning_rate=3e-3,
        evaluations=1,
        precision="fp32",
        voice_weight=1.0,
    )
    first = train(config, tmp_path / "first")
    assert open_checkpoint(first.path) == first
    assert first.has_voice
    scores = voice_scores(StanceClassifier.from_pretrained(first.path, device="cpu"), examples[48:])
    assert scores is not None
    assert scores["exact"] > 0.8
    second = dataclasses.replace(config, base=str(first.path), learning_rate=1e-9, epochs=1)
    state = load_file(train_states(second, tmp_path / "second", monkeypatch) / WEIGHTS)
    for name, value in load_file(first.path / VOICE_HEAD).items():
        assert state[f"voice.{name}"].half().equal(value)


def test_targets_are_the_tokens_of_the_voice() -> None:
    _, tokenizer = tiny_model()
    long = "the minister said " + "on monday " * 40 + "the envoy denied it"
    examples = [
        Example("they met", SENTENCE, Label.DENIES, voice=(4, 12)),
        Example("they met", SENTENCE, Label.DENIES, voice=(0, 0)),
        Example("they met", SENTENCE, Label.NEUTRAL),
        Example("they met", long, Label.DENIES, voice=(long.index("the envoy"), long.index("the envoy") + 9)),
    ]
    rows = tokenised(examples, tokenizer, 64, voices=True)
    assert rows["voice_span"] == [
        [5, 5],
        [OUTLET_TOKEN, OUTLET_TOKEN],
        [IGNORED, IGNORED],
        [IGNORED, IGNORED],
    ]
    assert "voice_span" not in tokenised(examples, tokenizer, 64).column_names


# reading and scoring


def test_a_voice_is_read_with_its_place() -> None:
    row = {"claim": "c", "sentence": SENTENCE, "label": "denies", "voice": "minister", "voice_start": "4"}
    assert parse_example(row, "here", "").voice == (4, 12)
    assert parse_example({**row, "voice": "", "voice_start": None}, "here", "").voice == (0, 0)
    assert parse_example({**row, "voice": None}, "here", "").voice is None
    for start in (5, None, "x", -3):
        with pytest.raises(InputError, match="voice 'minister' does not stand at"):
            parse_example({**row, "voice_start": start}, "here", "")


class Telling:
    """Labels everything as denied, by a voice of its own."""

    def __init__(self, voices: Sequence[str | None]) -> None:
        self.voices = voices

    def classify_pairs(self, pairs: Sequence[tuple[str, str]], /) -> list[Prediction]:
        assert len(pairs) == len(self.voices)
        return [Prediction(Label.DENIES, {Label.DENIES: 1.0}, voice) for voice in self.voices]


def test_voices_are_compared_where_the_label_is_right() -> None:
    examples = [
        Example("c", SENTENCE, Label.DENIES, voice=(0, 12)),
        Example("c", SENTENCE, Label.DENIES, voice=(0, 12)),
        Example("c", SENTENCE, Label.DENIES, voice=(0, 0)),
        Example("c", SENTENCE, Label.SUPPORTS, voice=(0, 12)),
        Example("c", SENTENCE, Label.DENIES),
        Example("c", SENTENCE, Label.NEUTRAL),
    ]
    scores = voice_scores(Telling(["the minister", "minister", "", "it"]), examples)
    assert scores == {
        "sides": 4,
        "pairs": 3,
        "exact": pytest.approx(2 / 3),
        "token_f1": pytest.approx((1 + 2 / 3 + 1) / 3),
        "named": {"pairs": 2, "exact": 0.5, "token_f1": pytest.approx((1 + 2 / 3) / 2)},
    }
    assert voice_scores(Telling([None] * 4), examples) is None


def test_the_f1_of_words() -> None:
    assert word_f1("the minister", "The Minister") == 1
    assert word_f1("", "") == 1
    assert word_f1("the minister", "") == 0
    assert word_f1("a b", "b c d") == pytest.approx(0.4)
