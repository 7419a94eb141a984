"""Risk and coverage, thresholds and label sets."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from stance.errors import InputError
from stance.evaluation.selective import conformal_check, conformal_threshold, label_sets, risk_coverage

CONFIDENCE = np.array([0.9, 0.5, 0.8, 0.7])
CORRECT = np.array([True, False, True, False])

outcomes = st.lists(
    st.tuples(st.sampled_from([0.4, 0.5, 0.625, 0.75, 1.0]), st.booleans()), min_size=1, max_size=60
)


def test_the_curve_of_four_pairs() -> None:
    curve = risk_coverage(CONFIDENCE, CORRECT)
    np.testing.assert_allclose(curve.coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.risk, [0, 0, 1 / 3, 1 / 2])
    assert curve.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert curve.accuracy_at(0.5) == 1
    assert curve.accuracy_at(0.51) == pytest.approx(2 / 3)
    assert curve.confidence_for(0) == 0.8
    assert curve.confidence_for(0.4) == 0.7
    assert curve.confidence_for(1) == 0.5


def test_where_no_threshold_keeps_to_the_risk_nothing_is_answered() -> None:
    never = risk_coverage(np.array([1.0]), np.array([False])).confidence_for(0.5)
    assert not (np.ones(1, dtype=np.float32) >= never).any()  # in float32 there is less room above 1
    assert json.loads(json.dumps(never)) == never


@settings(max_examples=100)
@given(outcomes)
def test_the_laws_of_the_curve(pairs: list[tuple[float, bool]]) -> None:
    confidence, correct = (np.array(column) for column in zip(*pairs, strict=True))
    curve = risk_coverage(confidence, correct)
    assert curve.coverage[-1] == 1
    assert (np.diff(curve.coverage) > 0).all()
    assert len(curve.coverage) == len(set(confidence.tolist()))
    assert curve.risk[-1] == pytest.approx(1 - correct.mean())
    assert 0 <= curve.area <= 1
    for risk in (0.0, 0.2, 0.5):
        answered = confidence >= curve.confidence_for(risk)
        if answered.any():
            assert 1 - correct[answered].mean() <= risk + 1e-12
    shuffled = np.random.default_rng(1).permutation(len(confidence))
    assert risk_coverage(confidence[shuffled], correct[shuffled]).area == pytest.approx(curve.area)


def test_label_sets_hold_the_right_label_as_often_as_promised() -> None:
    rng = np.random.default_rng(7)
    held = []
    for _ in range(300):
        probabilities = rng.dirichlet([1, 1, 1], size=300)
        labels = (rng.random((300, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
        threshold = conformal_threshold(probabilities[:100], labels[:100], 0.9)
        sets = label_sets(probabilities[100:], threshold)
        held.append(sets[np.arange(200), labels[100:]].mean())
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)


def test_the_check_counts_what_the_sets_hold() -> None:
    fitted = (np.array([[0.7, 0.2, 0.1]] * 9 + [[0.2, 0.7, 0.1]]), np.zeros(10, dtype=int))
    tested = (np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]]), np.array([0, 1]))
    found = conformal_check(fitted, tested, 0.8)
    assert found == pytest.approx(
        {"promised": 0.8, "threshold": 0.7, "held": 0.5, "mean_size": 1, "single": 1}
    )


def test_too_few_pairs_promise_nothing_but_every_label() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1]] * 5)
    assert conformal_threshold(probabilities, np.zeros(5, dtype=int), 0.95) == 0
    assert label_sets(probabilities, 0.0).all()


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="2 confidences and 1 outcomes"):
        risk_coverage(np.array([0.5, 0.6]), np.array([True]))
    with pytest.raises(InputError, match="coverage is 1"):
        conformal_threshold(np.eye(3), np.arange(3), 1)
    with pytest.raises(InputError, match="3 rows of probabilities and 2 labels"):
        conformal_threshold(np.eye(3), np.arange(2), 0.9)
