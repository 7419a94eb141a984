"""Agreement against closed forms and scikit-learn, and its intervals by simulation."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from stance.corpus.agreement import (
    agreement,
    cohen_kappa,
    differences,
    krippendorff_alpha,
    voice_agreement,
)
from stance.corpus.votes import Ballot, Vote
from stance.errors import InputError
from stance.schema import LABELS, Label

two_votes = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=2, max_size=40)


def ballots(votes: list[tuple[Label, Label]]) -> dict[str, Ballot]:
    return {
        name: {f"c/{i}": Vote(pair[which]) for i, pair in enumerate(votes)}
        for which, name in enumerate(["a", "b"])
    }


def counts(votes: list[tuple[Label, Label]]) -> np.ndarray:
    matrix = np.zeros((3, 3))
    for one, other in votes:
        matrix[LABELS.index(one), LABELS.index(other)] += 1
    return matrix


def alpha_by_definition(votes: list[tuple[Label, Label]]) -> float:
    """1 - observed / expected disagreement, over every pair of values (Krippendorff 2019, ch. 12)."""
    values = [label for pair in votes for label in pair]
    observed = sum(one != other for one, other in votes) / len(votes)
    expected = np.mean([one != other for one, other in permutations(values, 2)])
    return float(1 - observed / expected) if expected else float("nan")


@settings(max_examples=100)
@given(two_votes)
def test_kappa_is_that_of_scikit_learn(votes: list[tuple[Label, Label]]) -> None:
    ours = float(cohen_kappa(counts(votes)))
    if len({label for pair in votes for label in pair}) == 1:
        assert np.isnan(ours)  # both gave one label throughout: there is nothing to tell apart
    else:
        assert ours == pytest.approx(cohen_kappa_score(*zip(*votes, strict=True)))


@settings(max_examples=100)
@given(two_votes)
def test_alpha_is_that_of_the_definition(votes: list[tuple[Label, Label]]) -> None:
    matrix = counts(votes)
    assert float(krippendorff_alpha(matrix + matrix.T)) == pytest.approx(
        alpha_by_definition(votes), nan_ok=True
    )


@settings(max_examples=25)
@given(two_votes)
def test_the_classes_are_each_held_against_the_rest(votes: list[tuple[Label, Label]]) -> None:
    clusters = {f"c/{i}": str(i % 3) for i in range(len(votes))}
    (result,) = agreement(ballots(votes), clusters, samples=10)
    for label in LABELS:
        first, second = ([one == label for one in column] for column in zip(*votes, strict=True))
        if len({*first, *second}) == 2:
            assert result.per_class[label].value == pytest.approx(cohen_kappa_score(first, second))
    assert result.pairs == len(votes)
    assert result.differing == sum(one != other for one, other in votes)
    assert result.clusters == len(set(clusters.values()))


def test_perfect_agreement_and_its_opposite() -> None:
    same = [(label, label) for label in LABELS] * 4
    (result,) = agreement(ballots(same), {f"c/{i}": str(i) for i in range(12)}, samples=100)
    assert (result.kappa.value, result.alpha.value, result.differing) == (1.0, 1.0, 0)
    assert str(result.kappa) == "1.000 [1.000, 1.000]"
    crossed = [(LABELS[0], LABELS[1]), (LABELS[1], LABELS[0])]
    assert float(cohen_kappa(counts(crossed))) == -1.0


def test_clusters_are_drawn_not_pairs() -> None:
    """Pairs that stand or fall together leave a wider interval than as many free ones."""
    votes = [(LABELS[0], LABELS[i % 2]) for i in (0, 0, 0, 1) for _ in range(25)] + [
        (LABELS[1], LABELS[1])
    ] * 100
    together = {f"c/{i}": str(i // 25) for i in range(200)}
    apart = {f"c/{i}": str(i) for i in range(200)}
    (wide,), (narrow,) = (agreement(ballots(votes), clusters, samples=2000) for clusters in (together, apart))
    assert wide.kappa.value == narrow.kappa.value
    assert wide.kappa.high - wide.kappa.low > 2 * (narrow.kappa.high - narrow.kappa.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """40 clusters of 5 pairs, two annotators who each err on 15 %: simulated 200 times."""
    rng = np.random.default_rng(1)

    def draw(clusters: int) -> np.ndarray:
        truth = rng.integers(0, 3, size=(clusters * 5, 1))
        return np.where(
            rng.random((clusters * 5, 2)) < 0.15, rng.integers(0, 3, size=(clusters * 5, 2)), truth
        )

    many = draw(40_000)
    truth = cohen_kappa_score(many[:, 0], many[:, 1])
    covered = 0
    for _ in range(200):
        votes = [(LABELS[a], LABELS[b]) for a, b in draw(40)]
        clusters = {f"c/{i}": str(i // 5) for i in range(len(votes))}
        (result,) = agreement(ballots(votes), clusters, samples=500)
        covered += result.kappa.low <= truth <= result.kappa.high
    assert 0.90 <= covered / 200 <= 0.99


def test_only_common_pairs_count_and_some_can_be_chosen() -> None:
    votes = ballots([(LABELS[0], LABELS[0]), (LABELS[1], LABELS[2]), (LABELS[1], LABELS[1])])
    del votes["b"]["c/0"]
    clusters = dict.fromkeys(["c/0", "c/1", "c/2"], "x")
    (result,) = agreement(votes, clusters, samples=10)
    assert (result.pairs, result.differing, result.annotators) == (2, 1, ("a", "b"))
    (result,) = agreement(votes, clusters, only=lambda pair: pair == "c/2", samples=10)
    assert (result.pairs, result.differing) == (1, 0)
    assert agreement({"a": votes["a"]}, clusters) == []
    assert agreement({"a": votes["a"], "b": {}}, clusters) == []


def test_a_vote_about_no_pair_of_the_corpus_is_refused() -> None:
    with pytest.raises(InputError, match=r"pair 'c/0' has votes, but is no pair of the corpus"):
        agreement(ballots([(LABELS[0], LABELS[0])]), {})


def test_differences_are_listed() -> None:
    votes = ballots([(LABELS[0], LABELS[0]), (LABELS[1], LABELS[2])])
    assert [tuple(one) for one in differences(votes["a"], votes["b"])] == [
        ("c/1", Vote(Label.DENIES), Vote(Label.NEUTRAL))
    ]


def test_voices_are_compared_where_the_side_is_the_same() -> None:
    supports, denies = Label.SUPPORTS, Label.DENIES
    first = {
        "p/0": Vote(denies, (0, 15)),
        "p/1": Vote(denies, (0, 15)),
        "p/2": Vote(supports, ()),
        "p/3": Vote(supports, ()),
        "p/4": Vote(supports, (0, 3)),
    }
    second = {
        "p/0": Vote(denies, (0, 15)),
        "p/1": Vote(denies, (4, 15)),  # 11 of 15 characters
        "p/2": Vote(supports, (0, 3)),
        "p/3": Vote(supports, None),  # not noted
        "p/4": Vote(denies, (0, 3)),  # another side
    }
    pairs, exact, overlap = voice_agreement(first, second)
    assert (pairs, exact) == (3, pytest.approx(1 / 3))
    assert overlap == pytest.approx((1 + 2 * 11 / 26 + 0) / 3)
    pairs, exact, overlap = voice_agreement(first, {})
    assert pairs == 0
    assert np.isnan([exact, overlap]).all()
