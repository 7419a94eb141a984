"""Two models on the same pairs."""

from __future__ import annotations

import random

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.metrics import f1_score
from stance.errors import InputError
from stance.evaluation import comparison
from stance.evaluation.comparison import compare_predictions, holm
from stance.evaluation.metrics import FAILED, classification_metrics
from stance.schema import LABELS

NAMES = [label.value for label in LABELS]


def noisy(references: list[str], error: float, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [rng.choice(NAMES) if rng.random() < error else name for name in references]


def references_of(count: int) -> list[str]:
    return random.Random(3).choices(NAMES, k=count)


def test_the_difference_is_that_of_the_scores() -> None:
    references = references_of(400)
    first, second = noisy(references, 0.5, 1), noisy(references, 0.2, 2)
    clusters = [i // 8 for i in range(400)]
    macro, denies = compare_predictions(references, first, second, clusters)

    def score(predicted: list[str], average: str | None) -> float:
        return np.asarray(f1_score(references, predicted, labels=NAMES, average=average)).ravel()[
            0 if average else 1
        ]

    assert macro.estimate.value == pytest.approx(score(second, "macro") - score(first, "macro"))
    assert denies.estimate.value == pytest.approx(score(second, None) - score(first, None))
    assert macro.estimate.low < macro.estimate.value < macro.estimate.high
    assert (macro.outcome, denies.outcome) == ("second better", "second better")
    assert compare_predictions(references, second, first, clusters)[0].outcome == "first better"
    assert macro.to_dict()["outcome"] == "second better"


def test_a_model_does_not_differ_from_itself() -> None:
    references = references_of(60)
    predicted = noisy(references, 0.4, 1)
    for difference in compare_predictions(references, predicted, predicted, range(60)):
        assert difference.estimate == (0, 0, 0)
        assert difference.adjusted == 1
        assert difference.outcome == "no difference shown"


def test_equally_good_models_are_rarely_called_different() -> None:
    called = 0
    for seed in range(60):
        references = references_of(300)
        pair = (noisy(references, 0.4, 2 * seed), noisy(references, 0.4, 2 * seed + 1))
        differences = compare_predictions(references, *pair, range(300), samples=500)
        called += any(one.outcome != "no difference shown" for one in differences)
    assert called <= 8  # 3 expected; more than 8 has a probability below 1 %


def in_clusters(count: int) -> tuple[list[str], list[str], list[str], list[int]]:
    """Return clusters of twelve pairs in which the first model is always wrong and the second right."""
    references = references_of(12 * count)
    wrong = [NAMES[NAMES.index(name) - 1] for name in references]
    return references, wrong, references, [i // 12 for i in range(12 * count)]


@pytest.mark.parametrize("count", [1, 2, 5, 6])
def test_the_p_value_of_few_clusters_is_that_of_all_their_swaps(count: int) -> None:
    references, first, second, clusters = in_clusters(count)
    macro, denies = compare_predictions(references, first, second, clusters)
    assert macro.p == denies.p == 2 / 2**count
    assert macro.outcome == "no difference shown"  # six clusters give 1/32, twice that after Holm


def test_clusters_without_a_difference_make_nothing_surer() -> None:
    few = in_clusters(5)
    same = references_of(600)
    more = [[*one, *other] for one, other in zip(few, (same, same, same, range(5, 605)), strict=True)]
    assert compare_predictions(*more)[0].p == 2 / 2**5


def test_random_swaps_agree_with_all_of_them() -> None:
    references = references_of(132)
    pair = noisy(references, 0.5, 1), noisy(references, 0.3, 2)
    clusters = [i // 12 for i in range(132)]
    exact = compare_predictions(references, *pair, clusters, samples=2**11)
    drawn = compare_predictions(references, *pair, clusters, samples=2**11 - 1)
    for one, other in zip(exact, drawn, strict=True):
        assert 0.01 < one.p < 0.5
        assert other.p == pytest.approx(one.p, abs=4 * (one.p * (1 - one.p) / 2**11) ** 0.5)


def test_no_p_value_of_random_swaps_is_zero() -> None:
    macro, _ = compare_predictions(*in_clusters(40), samples=99)
    assert macro.p == 1 / 100


def test_thousands_of_clusters_that_all_differ_are_swapped_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    references = references_of(600)
    pair = noisy(references, 0.5, 1), noisy(references, 0.4, 2)
    clusters = [i // 3 for i in range(600)]
    whole = compare_predictions(references, *pair, clusters, samples=500)
    monkeypatch.setattr(comparison, "AT_ONCE", 1000)
    parts = compare_predictions(references, *pair, clusters, samples=500)
    assert [one.p for one in parts] == [one.p for one in whole]


def test_equally_good_models_are_rarely_called_different_from_few_clusters() -> None:
    called, runs = 0, 400
    rng = random.Random(5)
    for seed in range(runs):
        references, first, second = references_of(8 * 20), [], []
        for cluster in range(8):  # how hard a cluster is for a model is the same for all of its pairs
            part = references[cluster * 20 : (cluster + 1) * 20]
            first += noisy(part, rng.random(), 2 * (8 * seed + cluster))
            second += noisy(part, rng.random(), 2 * (8 * seed + cluster) + 1)
        clusters = [i // 20 for i in range(8 * 20)]
        macro, _ = compare_predictions(references, first, second, clusters, samples=256)
        called += macro.p < 0.05
    assert called <= 34  # 20 expected; more than 34 has a probability below 0.2 %


def test_pairs_of_a_cluster_count_less_than_independent_ones() -> None:
    references = references_of(30) * 10
    first, second = noisy(references[:30], 0.5, 1) * 10, noisy(references[:30], 0.3, 2) * 10
    apart = compare_predictions(references, first, second, range(300))[0]
    together = compare_predictions(references, first, second, [i % 30 for i in range(300)])[0]
    assert together.estimate.high - together.estimate.low > 2 * (apart.estimate.high - apart.estimate.low)


def test_holm_against_the_paper() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@settings(max_examples=100)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_the_laws_of_holm(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    ordered = sorted(zip(p_values, adjusted, strict=True))
    assert [q for _, q in ordered] == sorted(adjusted)


def test_a_prediction_that_failed_counts_as_wrong() -> None:
    references = references_of(60)
    failed = [FAILED, *references[1:]]
    wrong = [NAMES[NAMES.index(references[0]) - 1], *references[1:]]
    for first in (references, wrong):
        macro, denies = compare_predictions(references, first, failed, range(60))
        for score, difference in (("macro_f1", macro), ("denies_f1", denies)):
            one, other = (classification_metrics(references, side)[score] for side in (first, failed))
            assert difference.estimate.value == pytest.approx(other - one)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="unknown label 'failed'"):
        compare_predictions([FAILED], ["denies"], ["denies"], [0])
    with pytest.raises(InputError, match="1 references, 2 and 1 predictions, 1 clusters"):
        compare_predictions(["denies"], ["denies"] * 2, ["denies"], [0])
    with pytest.raises(InputError, match="unknown label 'maybe'"):
        compare_predictions(["denies"], ["maybe"], ["denies"], [0])
