"""Temperature scaling (Guo et al. 2017): one number, fitted on validation data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stance.errors import InputError, require

COLDEST, HOTTEST = 0.05, 20.0


def fit_temperature(logits: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> float:
    """Return the temperature that gives the labels the smallest log loss.

    Parameters
    ----------
    logits : ndarray of shape (n, 3)
    labels : ndarray of shape (n,)
        Column of the right label.

    Returns
    -------
    float
        Between ``COLDEST`` and ``HOTTEST``; the log loss is convex in its inverse.

    Raises
    ------
    InputError
        If the lengths differ, nothing is given or a logit is not finite.
    """
    if len(logits) != len(labels) or not len(labels) or not np.isfinite(logits).all():
        raise InputError(
            f"{len(logits)} rows of logits and {len(labels)} labels; expected the same number, at least one, "
            "and finite logits"
        )
    optimize = require("scipy.optimize", "train")
    scores = logits.astype(np.float64)
    rows = np.arange(len(labels))

    def log_loss(log_temperature: float) -> float:
        scaled = scores / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled).sum(axis=1))
        return float((log_sum - scaled[rows, labels]).mean())

    bounds = (float(np.log(COLDEST)), float(np.log(HOTTEST)))
    found = optimize.minimize_scalar(log_loss, bounds=bounds, method="bounded")
    return float(np.exp(found.x))


def untempered(probabilities: npt.NDArray[np.floating], temperature: float) -> npt.NDArray[np.float64]:
    """Return what probabilities were before their logits were divided by a temperature.

    Parameters
    ----------
    probabilities : ndarray of shape (n, 3)
    temperature : float

    Returns
    -------
    ndarray of shape (n, 3)
        Rows sum to 1.
    """
    logits = temperature * np.log(np.clip(probabilities.astype(np.float64), 1e-30, None))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    raw: npt.NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return raw
