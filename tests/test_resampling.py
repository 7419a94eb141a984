"""Intervals by cluster: against the plain bootstrap, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from stance.evaluation.metrics import f1_intervals, f1_of
from stance.resampling import Counts, count_pairs, estimate, resample
from stance.schema import LABELS

NAMES = [label.value for label in LABELS]
rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from("abcdef")), min_size=1, max_size=40
)


def accuracy(counts: Counts) -> np.ndarray:
    return np.trace(counts, axis1=-2, axis2=-1) / counts.sum(axis=(-2, -1))


def macro_f1(reference: np.ndarray, predicted: np.ndarray) -> float:
    right = np.bincount(reference[reference == predicted], minlength=3)
    named = np.bincount(reference, minlength=3) + np.bincount(predicted, minlength=3)
    return float((2 * right / named).mean())


@settings(max_examples=100)
@given(rows)
def test_the_f1_of_counts_is_that_of_scikit_learn(given_rows: list[tuple[int, int, str]]) -> None:
    reference, predicted, clusters = zip(*given_rows, strict=True)
    counts = count_pairs(reference, predicted, clusters, 3)
    assert len(counts) == len(set(clusters))
    expected = f1_score(reference, predicted, labels=[0, 1, 2], average=None, zero_division=0)
    assert f1_of(counts.sum(axis=0)) == pytest.approx(expected)


@settings(max_examples=50)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_a_sample_has_as_many_clusters_and_only_whole_ones(sizes: list[int]) -> None:
    names = np.repeat(np.arange(len(sizes)), sizes).tolist()
    counts = count_pairs(names, names, names, len(sizes))  # a cell of its own for each cluster
    drawn = resample(counts, 50)
    rows_of_cluster = drawn.diagonal(axis1=1, axis2=2)
    assert (rows_of_cluster.sum(axis=1) == drawn.sum(axis=(1, 2))).all()
    assert (rows_of_cluster % sizes == 0).all()
    assert ((rows_of_cluster / sizes).sum(axis=1) == len(sizes)).all()


def test_the_interval_is_that_of_the_plain_bootstrap() -> None:
    """Drawing cluster by cluster, as a textbook does, gives the same ends up to chance."""
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(60), rng.integers(1, 9, size=60))
    reference = rng.integers(0, 3, size=len(clusters))
    predicted = np.where(rng.random(len(clusters)) < 0.6, reference, rng.integers(0, 3, size=len(clusters)))
    ours = f1_intervals(
        [NAMES[i] for i in reference], [NAMES[i] for i in predicted], [str(c) for c in clusters]
    )
    members = [np.flatnonzero(clusters == c) for c in range(60)]
    plain = []
    for _ in range(1500):
        chosen = np.concatenate([members[c] for c in rng.integers(0, 60, size=60)])
        plain.append(macro_f1(reference[chosen], predicted[chosen]))
    assert ours["macro_f1"] == pytest.approx(list(np.quantile(plain, [0.025, 0.975])), abs=0.012)
    assert ours["clusters"] == 60


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Clusters of 1 to 6 rows with a right answer in 70 %, and a hit rate of their own: 300 times."""
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(300):
        sizes = rng.integers(1, 7, size=80)
        rate = np.clip(0.7 + rng.normal(0, 0.1, size=80), 0, 1)
        hits = rng.random(sizes.sum()) < np.repeat(rate, sizes)
        clusters = np.repeat(np.arange(80), sizes).tolist()
        counts = count_pairs([0] * len(hits), (~hits).astype(int).tolist(), clusters, 2)
        result = estimate(lambda c: c[..., 0, 0] / c.sum(axis=(-2, -1)), counts, resample(counts, 1000))
        covered += result.low <= 0.7 <= result.high
    assert 0.90 <= covered / 300 <= 0.98


def test_samples_that_do_not_define_the_statistic_are_left_out() -> None:
    counts = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    with np.errstate(invalid="ignore"):
        result = estimate(accuracy, counts, resample(counts, 200))
        nothing = estimate(accuracy, counts * 0, resample(counts * 0, 200))
    assert result == (1.0, 1.0, 1.0)
    assert np.isnan(nothing).all()
    assert str(result) == "1.000 [1.000, 1.000]"
