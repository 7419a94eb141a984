"""Answering only where the model is sure enough: risk and coverage, thresholds, conformal label sets.

The confidence of an answer is the probability of its label. *Coverage* is the share of pairs that are
answered, *risk* the share of wrong answers among them (El-Yaniv and Wiener 2010).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stance.errors import InputError

NEVER = 2.0
"""A confidence that no answer reaches, in float32 neither: the least number above 1 is 1 there."""

Confidences = npt.NDArray[np.floating]
Correct = npt.NDArray[np.bool_]


class RiskCoverage(NamedTuple):
    """Risk at every coverage that a threshold can give, rising; each of shape ``(n_thresholds,)``."""

    coverage: npt.NDArray[np.float64]
    risk: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve (AURC): the mean risk over all coverages; less is better."""
        return float(np.average(self.risk, weights=np.diff(self.coverage, prepend=0.0)))

    def accuracy_at(self, coverage: float) -> float:
        """Return the accuracy of the answers when at least this share of the pairs is answered."""
        return 1.0 - float(self.risk[np.searchsorted(self.coverage, coverage - 1e-12)])

    def confidence_for(self, risk: float) -> float:
        """Return the least confidence whose answers keep to the risk at the largest coverage.

        ``NEVER``, so that nothing is answered, where none does.
        """
        kept = np.flatnonzero(self.risk <= risk)
        return float(self.threshold[kept[-1]]) if kept.size else NEVER


def risk_coverage(confidence: Confidences, correct: Correct) -> RiskCoverage:
    """Return the risk-coverage curve; answers of equal confidence come in together.

    Parameters
    ----------
    confidence : ndarray of shape (n,)
    correct : ndarray of shape (n,)

    Raises
    ------
    InputError
        If the lengths differ or nothing is given.
    """
    if len(confidence) != len(correct) or not len(correct):
        raise InputError(
            f"{len(confidence)} confidences and {len(correct)} outcomes; expected the same number, at least "
            "one"
        )
    order = np.argsort(-np.asarray(confidence, dtype=np.float64), kind="stable")
    ordered = np.asarray(confidence, dtype=np.float64)[order]
    wrong = np.cumsum(~np.asarray(correct, dtype=np.bool_)[order])
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # of each run of equal confidence
    answered = last + 1
    return RiskCoverage(answered / len(ordered), wrong[last] / answered, ordered[last])


def conformal_threshold(
    probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], coverage: float
) -> float:
    """Return the least probability with which a label belongs to a pair's label set (split conformal).

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_labels)
        Of pairs that neither training nor the choice of the model has seen.
    labels : ndarray of shape (n,)
        Column of the right label.
    coverage : float
        Between 0 and 1: how often a set is to hold the right label, for pairs exchangeable with these.

    Returns
    -------
    float
        0, every label, where there are too few pairs to promise so much.

    Notes
    -----
    The score is one minus the probability of the right label, its quantile the one with the correction
    for a finite sample (Vovk et al. 2005; Sadinle et al. 2019). Pairs of one claim are not independent, so
    that the promise holds on average over claims, not for each of them.
    """
    if not 0 < coverage < 1:
        raise InputError(f"coverage is {coverage}; expected a number between 0 and 1")
    if len(probabilities) != len(labels) or not len(labels):
        raise InputError(
            f"{len(probabilities)} rows of probabilities and {len(labels)} labels; expected the same number, "
            "at least one"
        )
    own = np.sort(1.0 - probabilities[np.arange(len(labels)), labels].astype(np.float64))
    rank = int(np.ceil((len(own) + 1) * coverage))
    return 0.0 if rank > len(own) else max(0.0, 1.0 - float(own[rank - 1]))


def conformal_check(
    calibration: tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]],
    tested: tuple[npt.NDArray[np.floating], npt.NDArray[np.integer]],
    coverage: float = 0.9,
) -> dict[str, float]:
    """Fit the threshold of label sets on some pairs and see on others whether they keep their promise.

    Parameters
    ----------
    calibration, tested : tuple of ndarray of shape (n, 3) and ndarray of shape (n,)
        Probabilities, and the columns of the right labels.
    coverage : float

    Returns
    -------
    dict
        ``promised`` and ``threshold``; on the tested pairs the share whose set ``held`` the right label, the
        ``mean_size`` of a set, and the share of sets with a ``single`` label.
    """
    threshold = conformal_threshold(*calibration, coverage)
    probabilities, labels = tested
    sets = label_sets(probabilities, threshold)
    sizes = sets.sum(axis=1)
    return {
        "promised": coverage,
        "threshold": threshold,
        "held": float(sets[np.arange(len(labels)), labels].mean()),
        "mean_size": float(sizes.mean()),
        "single": float((sizes == 1).mean()),
    }


def label_sets(probabilities: npt.NDArray[np.floating], threshold: float) -> npt.NDArray[np.bool_]:
    """Return which labels belong to each pair's set, shape ``(n, n_labels)``."""
    return probabilities >= threshold - 1e-12
