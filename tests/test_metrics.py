"""Metrics against scikit-learn and against closed forms."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from stance.errors import InputError
from stance.evaluation.metrics import (
    classification_metrics,
    expected_calibration_error,
    probability_metrics,
)
from stance.schema import LABELS

NAMES = [label.value for label in LABELS]
labelled = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, max_size=40)


@settings(max_examples=50)
@given(labelled)
def test_classification_metrics_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    truth, guess = [t for t, _ in pairs], [g for _, g in pairs]
    ours = classification_metrics(truth, guess)
    assert ours["n"] == len(pairs)
    assert ours["accuracy"] == pytest.approx(sk.accuracy_score(truth, guess))
    assert ours["macro_f1"] == pytest.approx(
        sk.f1_score(truth, guess, labels=NAMES, average="macro", zero_division=0)
    )
    assert ours["denies_f1"] == ours["per_class"]["denies"]["f1"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of labels that one side does not have
        assert ours["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, guess))
        assert ours["mcc"] == pytest.approx(sk.matthews_corrcoef(truth, guess))
    assert ours["confusion"] == sk.confusion_matrix(truth, guess, labels=NAMES).tolist()
    assert json.loads(json.dumps(ours)) == ours


@settings(max_examples=50)
@given(labelled)
def test_per_class_scores_follow_from_the_confusion(pairs: list[tuple[str, str]]) -> None:
    ours = classification_metrics([t for t, _ in pairs], [g for _, g in pairs])
    for column, name in enumerate(NAMES):
        hit = ours["confusion"][column][column]
        given_, true = sum(row[column] for row in ours["confusion"]), sum(ours["confusion"][column])
        expected = {
            "precision": hit / given_ if given_ else 0.0,
            "recall": hit / true if true else 0.0,
            "f1": 2 * hit / (given_ + true) if given_ + true else 0.0,
            "support": true,
        }
        assert ours["per_class"][name] == pytest.approx(expected)


def test_a_class_that_is_absent_counts_as_zero_in_the_macro_mean() -> None:
    ours = classification_metrics(["supports", "neutral"], ["supports", "neutral"])
    assert ours["accuracy"] == 1.0
    assert ours["macro_f1"] == pytest.approx(2 / 3)
    assert ours["per_class"]["denies"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}


def test_label_members_count_as_their_names() -> None:
    assert classification_metrics(list(LABELS), NAMES)["macro_f1"] == 1.0


@pytest.mark.parametrize(
    ("truth", "guess", "message"),
    [
        (["denies"], [], "1 references and 0 predictions; expected the same number"),
        ([], [], "0 references and 0 predictions"),
        (
            ["denies", "deny"],
            ["denies", "denies"],
            "references, row 1: label is 'deny'; expected one of supp",
        ),
        (["denies"], ["Denies"], "predictions, row 0: label is 'Denies'"),
        (["denies"], [None], r"predictions, row 0: label is 'None'.*\(1 such rows\)"),
        (["denies"], [1], "predictions, row 0: label is '1'"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(truth: list[str], guess: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        classification_metrics(truth, guess)


def random_probabilities(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    return [NAMES[i] for i in rng.integers(0, 3, n)], rng.dirichlet([0.7] * 3, n)


@pytest.mark.parametrize("seed", range(4))
def test_log_loss_is_that_of_scikit_learn(seed: int) -> None:
    truth, probabilities = random_probabilities(60, seed)
    index = [NAMES.index(name) for name in truth]
    ours = probability_metrics(truth, probabilities)["log_loss"]
    assert ours == pytest.approx(sk.log_loss(index, probabilities, labels=[0, 1, 2]))


@pytest.mark.parametrize("seed", range(4))
def test_brier_is_the_sum_of_the_three_binary_scores(seed: int) -> None:
    truth, probabilities = random_probabilities(60, seed)
    binary = [
        sk.brier_score_loss([name == one for name in truth], probabilities[:, i])
        for i, one in enumerate(NAMES)
    ]
    assert probability_metrics(truth, probabilities)["brier"] == pytest.approx(sum(binary))


def test_closed_forms_of_log_loss_and_brier() -> None:
    even = probability_metrics(NAMES, np.full((3, 3), 1 / 3))
    assert even["log_loss"] == pytest.approx(math.log(3))
    assert even["brier"] == pytest.approx(2 / 3)
    right = probability_metrics(NAMES, np.eye(3))
    assert (right["log_loss"], right["brier"], right["ece"]) == (0.0, 0.0, 0.0)
    wrong = probability_metrics(["supports"], np.array([[0.0, 1.0, 0.0]]))
    assert wrong["brier"] == pytest.approx(2.0)
    assert wrong["ece"] == pytest.approx(1.0)
    assert wrong["log_loss"] == pytest.approx(-math.log(1e-12))


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.9, 0.5, 0.6, 0.8])
    correct = np.array([True, False, True, False])
    # sorted: .5 wrong, .6 right | .8 wrong, .9 right: gaps .05 and .35
    assert expected_calibration_error(confidence, correct, bins=2) == pytest.approx((0.05 + 0.35) / 2)
    # one bin: |.7 - .5|
    assert expected_calibration_error(confidence, correct, bins=1) == pytest.approx(0.2)
    # as many bins as rows: |.5| + |.4| + |.8| + |.1|
    assert expected_calibration_error(confidence, correct, bins=4) == pytest.approx(1.8 / 4)


def test_bins_of_unequal_size_weigh_by_their_rows() -> None:
    confidence = np.array([0.2, 0.4, 0.9])
    correct = np.array([True, False, True])
    assert expected_calibration_error(confidence, correct, bins=2) == pytest.approx((2 * 0.2 + 0.1) / 3)


def test_more_bins_than_rows_are_no_error() -> None:
    assert expected_calibration_error(np.array([0.75]), np.array([True]), bins=10) == pytest.approx(0.25)


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 10_000), st.integers(1, 15))
def test_scores_stay_in_their_range(n: int, seed: int, bins: int) -> None:
    truth, probabilities = random_probabilities(n, seed)
    scores = probability_metrics(truth, probabilities.astype(np.float32), bins)
    assert 0 <= scores["ece"] <= 1
    assert 0 <= scores["brier"] <= 2
    assert scores["log_loss"] >= 0
    assert all(type(value) is float for value in scores.values())


@settings(max_examples=30)
@given(st.integers(2, 60), st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_score(n: int, seed: int, random: object) -> None:
    truth, probabilities = random_probabilities(n, seed)
    order = np.random.default_rng(seed + 1).permutation(n)
    moved = probability_metrics([truth[i] for i in order], probabilities[order])
    assert moved == pytest.approx(probability_metrics(truth, probabilities))


def test_the_order_of_rows_of_equal_confidence_changes_no_calibration_error() -> None:
    even = np.full(4, 0.5)
    grouped = expected_calibration_error(even, np.array([True, True, False, False]), bins=2)
    mixed = expected_calibration_error(even, np.array([True, False, True, False]), bins=2)
    assert grouped == mixed == 0.0


@pytest.mark.parametrize(("labels", "rows"), [(1, 5), (4, 5), (5, 4), (0, 0)])
def test_probabilities_of_another_length_are_refused(labels: int, rows: int) -> None:
    with pytest.raises(InputError, match="expected"):
        probability_metrics(["denies"] * labels, np.full((rows, 3), 1 / 3))
