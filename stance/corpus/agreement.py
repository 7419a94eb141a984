"""How far annotators agree: Cohen's kappa and Krippendorff's alpha, with bootstrap intervals.

Intervals draw whole clusters: events, or claim families (:mod:`stance.resampling`).

References
----------
Cohen, J. (1960). A coefficient of agreement for nominal scales. *Educational and Psychological
Measurement* 20, 37-46.
Krippendorff, K. (2019). *Content Analysis*, 4th ed., chapter 12 (nominal data).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from stance.corpus.events import Span
from stance.corpus.votes import Ballot, Vote
from stance.errors import InputError
from stance.resampling import SAMPLES, SEED, Counts, Estimate, count_pairs, estimate, resample
from stance.schema import LABELS, Label


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two annotators on the pairs that both voted on.

    Attributes
    ----------
    annotators : tuple of str
    pairs, clusters, differing : int
        ``clusters`` are what the bootstrap draws: events or claim families.
    kappa, alpha : Estimate
        Cohen's kappa and Krippendorff's alpha over the three labels.
    per_class : dict of Label to Estimate
        Cohen's kappa of one label against the other two.
    """

    annotators: tuple[str, str]
    pairs: int
    clusters: int
    differing: int
    kappa: Estimate
    alpha: Estimate
    per_class: Mapping[Label, Estimate]


class Difference(NamedTuple):
    """A pair on which two annotators differ."""

    pair_id: str
    first: Vote
    second: Vote


def agreement(
    ballots: Mapping[str, Ballot],
    clusters: Mapping[str, str],
    *,
    only: Callable[[str], bool] = lambda pair_id: True,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> list[Agreement]:
    """Compare every two annotators on the pairs that both voted on.

    Parameters
    ----------
    ballots : mapping of str to dict
        Votes by annotator and pair id.
    clusters : mapping of str to str
        Cluster of every pair id. Pairs of one event or claim family stand or fall together, so
        these are drawn, not pairs.
    only : callable, optional
        Which pair ids to look at.
    samples, seed : int
        Of the bootstrap.

    Returns
    -------
    list of Agreement
        Empty if no two annotators have a pair in common.

    Raises
    ------
    InputError
        If a vote is about a pair without a cluster.
    """
    results = []
    for first, second in combinations(sorted(ballots), 2):
        common = [pair for pair in ballots[first] if pair in ballots[second] and only(pair)]
        if not common:
            continue
        unknown = [pair for pair in common if pair not in clusters]
        if unknown:
            raise InputError(f"pair {unknown[0]!r} has votes, but is no pair of the corpus")
        results.append(_compare(first, second, ballots, common, clusters, (samples, seed)))
    return results


def _compare(
    first: str,
    second: str,
    ballots: Mapping[str, Ballot],
    pairs: Sequence[str],
    clusters: Mapping[str, str],
    bootstrap: tuple[int, int],
) -> Agreement:
    one, other = ([LABELS.index(ballots[name][pair].label) for pair in pairs] for name in (first, second))
    counts = count_pairs(one, other, [clusters[pair] for pair in pairs], len(LABELS))
    drawn = resample(counts, *bootstrap)
    return Agreement(
        annotators=(first, second),
        pairs=len(pairs),
        clusters=len(counts),
        differing=int(counts.sum() - np.trace(counts.sum(axis=0))),
        kappa=estimate(cohen_kappa, counts, drawn),
        alpha=estimate(krippendorff_alpha, _coincidences(counts), _coincidences(drawn)),
        per_class={
            label: estimate(cohen_kappa, _one_against_rest(counts, i), _one_against_rest(drawn, i))
            for i, label in enumerate(LABELS)
        },
    )


def cohen_kappa(counts: Counts) -> Counts:
    """Return Cohen's kappa of confusion matrices.

    Parameters
    ----------
    counts : ndarray of shape (..., n_labels, n_labels)
        How often the first annotator gave the row's label and the second the column's.

    Returns
    -------
    ndarray of shape (...)
        NaN where both gave one and the same label throughout.
    """
    total = counts.sum(axis=(-2, -1))
    observed = np.trace(counts, axis1=-2, axis2=-1) / total
    expected = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1) / total**2
    return _ratio(observed - expected, 1 - expected)


def krippendorff_alpha(coincidences: Counts) -> Counts:
    """Return Krippendorff's alpha for nominal data.

    Parameters
    ----------
    coincidences : ndarray of shape (..., n_labels, n_labels)
        Coincidence matrices: both votes on a pair counted in both orders, so they are symmetric.

    Returns
    -------
    ndarray of shape (...)
        NaN where only one label occurs.
    """
    values = coincidences.sum(axis=-1)
    total = values.sum(axis=-1)
    agreeing = np.trace(coincidences, axis1=-2, axis2=-1)
    expected = (values * (values - 1)).sum(axis=-1) / (total - 1)
    return _ratio(agreeing - expected, total - expected)


def differences(first: Ballot, second: Ballot) -> list[Difference]:
    """Return the pairs to which both gave a label, but not the same."""
    return [
        Difference(pair, vote, second[pair])
        for pair, vote in first.items()
        if pair in second and vote.label is not second[pair].label
    ]


def voice_agreement(first: Ballot, second: Ballot) -> tuple[int, float, float]:
    """Compare voices where both annotators gave the same side and noted a voice.

    Returns
    -------
    pairs : int
    exact : float
        Share of them with the same span.
    overlap : float
        Mean F1 of the characters of the two spans; of two empty ones 1, of an empty and another 0.
    """
    scores = []
    for pair, vote in first.items():
        other = second.get(pair)
        if other is None or vote.label is not other.label or vote.voice is None or other.voice is None:
            continue
        scores.append((vote.voice == other.voice, _characters_f1(vote.voice, other.voice)))
    if not scores:
        return 0, float("nan"), float("nan")
    exact, overlap = np.asarray(scores, dtype=float).mean(axis=0)
    return len(scores), float(exact), float(overlap)


def _characters_f1(first: Span | tuple[()], second: Span | tuple[()]) -> float:
    if not first or not second:
        return float(first == second)
    shared = max(0, min(first[1], second[1]) - max(first[0], second[0]))
    return 2 * shared / (first[1] - first[0] + second[1] - second[0])


def _coincidences(counts: Counts) -> Counts:
    return counts + counts.swapaxes(-1, -2)


def _one_against_rest(counts: Counts, label: int) -> Counts:
    both = counts[:, label, label]
    only_first = counts[:, label, :].sum(axis=-1) - both
    only_second = counts[:, :, label].sum(axis=-1) - both
    neither = counts.sum(axis=(-2, -1)) - both - only_first - only_second
    return np.stack([both, only_first, only_second, neither], axis=-1).reshape(-1, 2, 2)


def _ratio(above: Counts, below: Counts) -> Counts:
    undefined = np.abs(below) < 1e-12
    return np.where(undefined, np.nan, above / np.where(undefined, 1.0, below))
