"""Predictors that see too little: each sees what it says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from stance.corpus.shallow import MAJORITY, OVERLAP, SHALLOW, fit_shallow, overlap_features, words
from stance.errors import DataError
from stance.schema import LABELS, Label, Predictor

PAIRS = [
    ("The port was closed.", "The port was closed on Monday."),
    ("The port was closed.", "The port was not closed."),
    ("The port was closed.", "Rain fell."),
    ("The mayor resigned.", "The mayor resigned at noon."),
    ("The mayor resigned.", "The mayor never resigned."),
    ("The mayor resigned.", "Snow fell."),
]
REFERENCES = [*LABELS, *LABELS]


@pytest.mark.parametrize("name", SHALLOW)
def test_every_one_is_a_predictor(name: str) -> None:
    predictor = fit_shallow(name, PAIRS, REFERENCES)
    assert isinstance(predictor, Predictor)
    probabilities = predictor.predict_proba(PAIRS)
    assert probabilities.shape == (6, 3)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(("name", "unseen"), [("claim only", 1), ("sentence only", 0), (MAJORITY, None)])
def test_what_it_does_not_see_changes_nothing(name: str, unseen: int | None) -> None:
    predictor = fit_shallow(name, PAIRS, REFERENCES)
    changed = [
        tuple("something else" if unseen in (None, i) else text for i, text in enumerate(pair))
        for pair in PAIRS
    ]
    np.testing.assert_array_equal(predictor.predict_proba(PAIRS), predictor.predict_proba(changed))  # type: ignore[arg-type]


def test_overlap_and_negation_tell_the_easy_cases() -> None:
    predictor = fit_shallow(OVERLAP, PAIRS * 20, REFERENCES * 20)
    assert [LABELS[i] for i in predictor.predict_proba(PAIRS).argmax(axis=1)] == REFERENCES
    np.testing.assert_array_equal(
        overlap_features([PAIRS[0], PAIRS[1], ("No one came.", "—")]),
        [(1, 0, 0, 0), (1, 0, 1, 1), (0, 1, 0, 1)],
    )


def test_a_label_never_seen_gets_no_probability() -> None:
    predictor = fit_shallow(MAJORITY, PAIRS[:3], [Label.DENIES, Label.DENIES, Label.NEUTRAL])
    np.testing.assert_allclose(predictor.predict_proba(PAIRS[:1]), [[0, 2 / 3, 1 / 3]], rtol=1e-6)


def test_one_label_is_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match="'claim only' needs pairs of two labels"):
        fit_shallow("claim only", PAIRS[:1], [Label.SUPPORTS])


def test_words_split_off_the_short_not() -> None:
    assert words("He DIDN’T say 'no'; can't") == ["he", "did", "n't", "say", "no", "ca", "n't"]
    assert words("—") == []
