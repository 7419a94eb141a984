"""Comparing two models, or two runs, on the same pairs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stance.errors import InputError
from stance.evaluation.metrics import FAILED, f1_of
from stance.resampling import SAMPLES, Counts, Estimate, count_pairs, estimate, resample
from stance.schema import LABELS, Label

SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """A score of the second model minus that of the first.

    ``p`` is two-sided and from the paired cluster bootstrap; ``adjusted`` is ``p`` after Holm's
    correction over all differences that were compared together.
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
        What each pair belongs to; whole clusters are drawn, for both models the same ones.
    samples : int
        Bootstrap samples. No p-value is smaller than ``1 / (samples + 1)``.

    Raises
    ------
    InputError
        If the lengths differ, nothing is given or a label is unknown.
    """
    counts = _joint_counts(references, first, second, clusters)
    drawn = resample(counts, samples)
    denies = LABELS.index(Label.DENIES)
    found = {
        "macro_f1": _difference(lambda f1: f1[..., : len(LABELS)].mean(axis=-1), counts, drawn),
        "denies_f1": _difference(lambda f1: f1[..., denies], counts, drawn),
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


def _difference(score: Any, counts: Counts, drawn: Counts) -> tuple[Estimate, float]:
    def difference(joint: Counts) -> npt.NDArray[np.float64]:
        cube = joint.reshape(*joint.shape[:-1], joint.shape[-2], joint.shape[-2])
        value: npt.NDArray[np.float64] = score(f1_of(cube.sum(axis=-2))) - score(f1_of(cube.sum(axis=-1)))
        return value

    values = difference(drawn)
    tail = min(int((values <= 0).sum()), int((values >= 0).sum()))
    p = min(1.0, 2 * (tail + 1) / (len(values) + 1))
    return estimate(difference, counts, drawn), p
