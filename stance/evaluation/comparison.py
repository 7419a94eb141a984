"""Comparing two models, or two runs, on the same pairs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from stance.errors import InputError
from stance.evaluation.metrics import FAILED, f1_of
from stance.resampling import SAMPLES, SEED, Counts, Estimate, count_pairs, estimate, resample
from stance.schema import LABELS, Label

SIGNIFICANCE = 0.05

AT_ONCE = 2**22
"""Numbers that a part of the random swaps holds; bounds the memory where thousands of clusters differ."""

Score = Callable[[Counts], npt.NDArray[np.float64]]
"""From counts of (reference, prediction), shape (..., 4, 4), to values of shape (...)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A score of the second model minus that of the first.

    ``p`` is two-sided and from the paired permutation test over clusters; ``adjusted`` is ``p`` after
    Holm's correction over all differences that were compared together.
    """

    score: str
    estimate: Estimate
    p: float
    adjusted: float

    @property
    def outcome(self) -> str:
        """The difference in words."""
        if not self.adjusted < SIGNIFICANCE:
            return "no difference shown"
        return f"{'second' if self.estimate.value > 0 else 'first'} better"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            **asdict(self),
            "estimate": self.estimate.value,
            "interval": [self.estimate.low, self.estimate.high],
            "outcome": self.outcome,
        }


def compare_predictions(
    references: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    clusters: Sequence[Hashable],
    samples: int = SAMPLES,
) -> list[Difference]:
    """Compare the labels of two models on the same pairs: macro-F1 and the F1 of ``denies``.

    Parameters
    ----------
    references, first, second : sequence of str of length n
        Label names; a prediction may be ``FAILED``.
    clusters : sequence of hashable of length n
        What each pair belongs to; whole clusters are drawn and swapped, for both models the same ones.
    samples : int
        Bootstrap samples, and assignments of the permutation test.

    Raises
    ------
    InputError
        If the lengths differ, nothing is given or a label is unknown.

    Notes
    -----
    Intervals are from the bootstrap, p-values from a paired permutation test (Yeh 2000; Good 2005; Dror et
    al. 2018): if neither model is better, each cluster could as well have the predictions of the two
    the other way round. Where they differ in ``k`` clusters and ``2**k`` is at most ``samples``, every
    assignment is looked at and the test is exact; else as many random ones as ``samples``, and the
    observed one besides (Phipson and Smyth 2010). No p-value is smaller than ``2 / 2**k`` or
    ``1 / (samples + 1)``: to show a difference, after the correction for two scores, takes seven clusters.
    """
    counts = _joint_counts(references, first, second, clusters)
    drawn, swapped = resample(counts, samples), _swapped(counts, samples)
    found = {
        name: (estimate(partial(_difference, score), counts, drawn), _p_value(score, counts, *swapped))
        for name, score in (("macro_f1", _macro_f1), ("denies_f1", _denies_f1))
    }
    adjusted = holm([p for _, p in found.values()])
    return [
        Difference(score, value, p, corrected)
        for (score, (value, p)), corrected in zip(found.items(), adjusted, strict=True)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979); the order is kept."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _joint_counts(
    references: Sequence[str], first: Sequence[str], second: Sequence[str], clusters: Sequence[Hashable]
) -> Counts:
    """Count (reference, first, second) in each cluster: shape ``(n_clusters, 4, 16)``, ``FAILED`` last."""
    lengths = {len(references), len(first), len(second), len(clusters)}
    if len(lengths) != 1 or not references:
        raise InputError(
            f"{len(references)} references, {len(first)} and {len(second)} predictions, {len(clusters)} "
            "clusters; expected the same number of each, at least one"
        )
    names = [label.value for label in LABELS]
    unknown = {*references, *({*first, *second} - {FAILED})} - {*names}
    if unknown:
        raise InputError(f"unknown label {min(unknown)!r}; expected one of {', '.join(names)}")
    index = {name: i for i, name in enumerate([*names, FAILED])}
    rows = [index[name] for name in references]
    columns = [len(index) * index[a] + index[b] for a, b in zip(first, second, strict=True)]
    return count_pairs(rows, columns, clusters, len(index) ** 2)[:, : len(index)]


def _macro_f1(confusion: Counts) -> npt.NDArray[np.float64]:
    mean: npt.NDArray[np.float64] = f1_of(confusion)[..., : len(LABELS)].mean(axis=-1)
    return mean


def _denies_f1(confusion: Counts) -> npt.NDArray[np.float64]:
    return f1_of(confusion)[..., LABELS.index(Label.DENIES)]


def _sides(joint: Counts) -> tuple[Counts, Counts]:
    """Return the counts of (reference, prediction) of either model."""
    cube = joint.reshape(*joint.shape[:-1], joint.shape[-2], joint.shape[-2])
    return cube.sum(axis=-1), cube.sum(axis=-2)


def _difference(score: Score, joint: Counts) -> npt.NDArray[np.float64]:
    first, second = _sides(joint)
    return score(second) - score(first)


def _swapped(counts: Counts, samples: int) -> tuple[Counts, bool]:
    """Let the models change sides in whole clusters.

    Returns
    -------
    first : ndarray of shape (n_assignments, 4, 4)
        What the first model counts then; the second has the rest of what both count.
    is_exact : bool
        Whether these are all assignments, and not ``samples`` random ones.
    """
    first, second = _sides(counts)
    change = (second - first).reshape(len(counts), -1)
    change = change[change.any(axis=1)]  # where both count the same, a swap changes nothing
    is_exact = 2 ** min(len(change), 63) <= samples
    if is_exact:
        moved = (np.arange(2 ** len(change))[:, None] >> np.arange(len(change)) & 1) @ change
    else:
        # clusters with equal counts are interchangeable: what matters is how many of them are swapped
        kinds, frequency = np.unique(change, axis=0, return_counts=True)
        rng = np.random.default_rng(SEED)
        rows = max(1, AT_ONCE // len(kinds))
        parts = (min(rows, samples - start) for start in range(0, samples, rows))
        moved = np.concatenate([rng.binomial(frequency, 0.5, (size, len(kinds))) @ kinds for size in parts])
    return first.sum(axis=0) + moved.reshape(-1, *first.shape[1:]), is_exact


def _p_value(score: Score, counts: Counts, swapped: Counts, is_exact: bool) -> float:
    first, second = _sides(counts.sum(axis=0))
    observed = np.abs(score(second) - score(first))
    others = np.abs(score(first + second - swapped) - score(swapped))
    as_large = others >= observed - 1e-12  # what is equal may differ by rounding
    if is_exact:
        return float(as_large.mean())
    return float((as_large.sum() + 1) / (len(swapped) + 1))
