from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance import Article, Label, check_article
from stance.check import Verdict
from stance.errors import InputError
from stance.inference.classifier import StanceClassifier
from stance.schema import LABELS
from stance.testing import KeywordClassifier

from strategies import pairs

FAKE = KeywordClassifier({"denied": Label.DENIES, "met": Label.SUPPORTS})


@settings(max_examples=50)
@given(st.lists(pairs, max_size=5))
def test_probabilities_are_finite_and_sum_to_one_whatever_the_pairs(batch: list[tuple[str, str]]) -> None:
    probabilities = FAKE.predict_proba(batch)
    assert probabilities.shape == (len(batch), 3)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert [LABELS[i] for i in probabilities.argmax(axis=1)] == FAKE.predict(batch)
    np.testing.assert_array_equal(FAKE.predict_proba(batch[::-1]), probabilities[::-1])


def test_the_first_word_of_the_mapping_decides() -> None:
    assert FAKE.predict([("x", "They met; he denied it.")]) == [Label.DENIES]


def test_the_sentence_may_be_in_capitals() -> None:
    assert FAKE.predict([("x", "HE DENIED IT.")]) == [Label.DENIES]


def test_the_claim_decides_nothing() -> None:
    assert FAKE.predict([("They met. He denied it.", "Nobody knows.")]) == [Label.NEUTRAL]


def test_the_confidence_is_given_to_the_label_and_the_rest_is_shared() -> None:
    fake = KeywordClassifier({"no": Label.DENIES}, confidence=0.6)
    np.testing.assert_allclose(fake.predict_proba([("x", "no")]), [[0.2, 0.6, 0.2]], atol=1e-6)


def test_the_classes_are_those_of_the_real_classifier() -> None:
    assert KeywordClassifier.classes_ == LABELS


def test_the_mapping_may_change_afterwards_without_effect() -> None:
    words = {"met": Label.SUPPORTS}
    fake = KeywordClassifier(words)
    words.clear()
    assert fake.predict([("x", "They met.")]) == [Label.SUPPORTS]


def test_it_stands_in_for_a_model_in_a_check_of_an_article() -> None:
    result = check_article(FAKE, "They met.", Article("They met on Monday. Rain fell. He denied it."))
    assert [one.label for one in result.sentences] == [Label.SUPPORTS, Label.NEUTRAL, Label.DENIES]
    assert result.verdict is Verdict.DISPUTED


def test_a_keyword_with_capitals_is_found_too() -> None:
    assert KeywordClassifier({"Denied": Label.DENIES}).predict([("x", "He denied it.")]) == [Label.DENIES]


def test_an_unknown_label_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="maybe"):
        KeywordClassifier({"denied": "maybe"})  # type: ignore[dict-item]


@pytest.mark.parametrize("confidence", [0.0, 0.2, 1.5, -1.0, float("nan")])
def test_a_confidence_that_makes_no_label_the_most_probable_is_refused(confidence: float) -> None:
    with pytest.raises(InputError, match="confidence"):
        KeywordClassifier({}, confidence=confidence)


@pytest.mark.parametrize("name", ["predict_proba", "predict", "classify", "classify_pairs", "pair_problem"])
def test_a_method_takes_what_that_of_the_real_classifier_takes(name: str) -> None:
    real, fake = (
        inspect.signature(getattr(one, name)).parameters.values()
        for one in (StanceClassifier, KeywordClassifier)
    )
    assert [(p.name, p.kind, p.default) for p in fake] == [(p.name, p.kind, p.default) for p in real]


@pytest.mark.parametrize("pair", [("x", None), (None, "x"), ("x", " "), ("x",), ("x", "\ud800")])
@pytest.mark.parametrize("name", ["predict_proba", "predict", "classify_pairs"])
def test_what_is_no_pair_of_texts_is_refused_as_by_the_real_classifier(name: str, pair: Any) -> None:
    with pytest.raises(InputError, match="pair 1: "):
        getattr(FAKE, name)([("x", "y"), pair])


def test_a_problem_of_a_pair_is_told() -> None:
    assert FAKE.pair_problem("They met.", "He denied it.") == ""
    assert "sentence is None" in FAKE.pair_problem("They met.", None)


def test_it_abstains_where_more_than_its_confidence_is_asked_for() -> None:
    asked = [("x", "He denied it.")]
    assert FAKE.predict(asked, min_confidence=0.9) == [Label.DENIES]
    assert FAKE.predict(asked, min_confidence=0.91) == ["abstain"]
    assert FAKE.predict(asked, max_risk=0.01) == [Label.DENIES]


@pytest.mark.parametrize(
    "options", [{"min_confidence": 2}, {"max_risk": 0.07}, {"batch_size": 0}], ids=lambda one: next(iter(one))
)
def test_an_option_that_cannot_be_kept_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        FAKE.predict([("x", "y")], **options)


def test_code_written_for_the_real_classifier_runs_with_the_fake() -> None:
    assert FAKE.predict_proba([("x", "y")], batch_size=8, progress=False).shape == (1, 3)
    assert FAKE.predict([("x", "y")], batch_size=8, progress=False, max_risk=0.05) == [Label.NEUTRAL]
    assert FAKE.classify("They met.", "He denied it.") == FAKE.classify_pairs([("x", "He denied it.")])[0]
