"""Bootstrap intervals for statistics of counts that add up over clusters.

Rows of one event, article or claim family stand or fall together, so whole clusters are drawn (Davison &
Hinkley 1997, section 3.8). As the counts of a sample are the sum of the counts of its clusters, and
clusters with equal counts are interchangeable, a sample is one multinomial draw over the different
counts: exact, and fast for any number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SAMPLES = 10_000
"""Bootstrap samples behind an interval."""

SEED = 13
"""Of whatever is drawn for a figure, unless another one is given."""


Counts = npt.NDArray[np.float64]
Statistic = Callable[[Counts], npt.NDArray[np.float64]]
"""From counts of shape (..., k, k) to values of shape (...)."""


class Estimate(NamedTuple):
    """A statistic with its 95 % bootstrap interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def count_pairs(
    rows: Sequence[int], columns: Sequence[int], clusters: Sequence[Hashable], size: int
) -> Counts:
    """Count how often a row and a column meet in each cluster.

    Parameters
    ----------
    rows, columns : sequence of int of length n
        From 0 to ``size - 1``.
    clusters : sequence of hashable of length n
    size : int

    Returns
    -------
    ndarray of shape (n_clusters, size, size)
    """
    index = {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    counts = np.zeros((len(index), size, size))
    np.add.at(counts, ([index[name] for name in clusters], list(rows), list(columns)), 1)
    return counts


def resample(counts: Counts, samples: int = SAMPLES, seed: int = SEED) -> Counts:
    """Draw as many clusters as there are, with replacement, and add up their counts.

    Parameters
    ----------
    counts : ndarray of shape (n_clusters, k, k)
    samples, seed : int

    Returns
    -------
    ndarray of shape (samples, k, k)
    """
    kinds, frequency = np.unique(counts.reshape(len(counts), -1), axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(counts), frequency / len(counts), size=samples)
    return (drawn @ kinds).reshape(samples, *counts.shape[1:])


def estimate(statistic: Statistic, counts: Counts, resampled: Counts) -> Estimate:
    """Return a statistic of all counts, and its interval over the samples that define it.

    Parameters
    ----------
    statistic : callable
    counts : ndarray of shape (n_clusters, k, k)
    resampled : ndarray of shape (samples, k, k)
        As :func:`resample` draws them.
    """
    values = statistic(resampled)
    defined = values[np.isfinite(values)]
    low, high = np.quantile(defined, [0.025, 0.975]) if defined.size else (np.nan, np.nan)
    return Estimate(float(statistic(counts.sum(axis=0))), float(low), float(high))
