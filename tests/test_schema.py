from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import numpy as np
import pytest
from stance import Article, Label, Pair, Prediction, Sentence
from stance.schema import LABELS, Predictor
from stance.testing import KeywordClassifier

PREDICTION = Prediction(
    Label.DENIES, {Label.SUPPORTS: 0.1, Label.DENIES: 0.7, Label.NEUTRAL: 0.2}, voice="The ministry"
)


def test_labels_stand_in_one_fixed_order() -> None:
    assert LABELS == (Label.SUPPORTS, Label.DENIES, Label.NEUTRAL)
    assert list(Label) == list(LABELS)


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_a_plain_text_everywhere(label: Label) -> None:
    assert isinstance(label, str)
    assert label == label.value
    assert hash(label) == hash(label.value)
    assert f"{label}" == str(label) == "%s" % label == label.value  # noqa: UP031
    assert json.loads(json.dumps({label: label})) == {label.value: label.value}
    assert Label(label.value) is label
    assert pickle.loads(pickle.dumps(label)) is label


@pytest.mark.parametrize("name", ["SUPPORTS", "supported", " supports", "", "0", 0, None])
def test_an_unknown_label_name_is_an_error_never_a_guess(name: object) -> None:
    with pytest.raises(ValueError, match="is not a valid Label"):
        Label(name)


def test_a_pair_is_a_tuple_of_claim_and_sentence() -> None:
    pair = Pair("They met.", "He denied it.")
    assert pair == ("They met.", "He denied it.")
    assert (pair.claim, pair.sentence) == tuple(pair)


@pytest.mark.parametrize("value", [Sentence("a", 0, 1), Article("a"), PREDICTION])
def test_values_cannot_be_changed_after_they_are_made(value: object) -> None:
    name = dataclasses.fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "other")


@pytest.mark.parametrize(
    "value", [Sentence("a", 0, 1), Article("a", sentences=(Sentence("a", 0, 1),)), PREDICTION]
)
def test_values_travel_between_processes(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value


@pytest.mark.parametrize("kind", ["content", "headline", "caption"])
def test_what_tells_the_story_is_no_boilerplate(kind: str) -> None:
    assert not Sentence("They met.", 0, 9, kind).is_boilerplate


@pytest.mark.parametrize(
    "kind", ["credit", "advertisement", "newsletter", "correction", "related", "metadata"]
)
def test_everything_else_is_boilerplate(kind: str) -> None:
    assert Sentence("Advertisement", 0, 13, kind).is_boilerplate


def test_a_sentence_is_content_unless_told_otherwise() -> None:
    assert Sentence("They met.", 0, 9).kind == "content"


def test_the_docstring_of_sentence_names_every_kind_of_the_story() -> None:
    assert '"caption"' in (Sentence.__doc__ or "")


def test_an_article_is_called_by_its_outlet_else_by_its_id() -> None:
    assert Article("text", "a-1", "The Daily").name == "The Daily"
    assert Article("text", "a-1").name == "a-1"
    assert Article("text").name == "article"


def test_the_repr_of_an_article_does_not_repeat_its_text_sentence_by_sentence() -> None:
    article = Article("They met.", sentences=(Sentence("They met.", 0, 9),))
    assert repr(article).count("They met.") == 1


def test_confidence_is_the_probability_of_the_label() -> None:
    assert PREDICTION.confidence == 0.7


def test_a_prediction_without_a_known_voice_says_so() -> None:
    bare = Prediction(Label.NEUTRAL, {Label.NEUTRAL: 1.0})
    assert bare.voice is None
    assert bare.truncated is False


def test_whatever_has_predict_proba_is_a_predictor() -> None:
    class Own:
        def predict_proba(self, pairs: object, /) -> np.ndarray:
            return np.zeros((0, 3), dtype=np.float32)

    assert isinstance(Own(), Predictor)
    assert isinstance(KeywordClassifier({}), Predictor)
    assert not isinstance(object(), Predictor)
