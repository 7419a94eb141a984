"""Classification metrics in the fixed label order; scikit-learn does the counting (extra: train)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stance.errors import InputError, require
from stance.resampling import SAMPLES, Counts, count_pairs, estimate, resample
from stance.schema import LABELS, Label

Names = Sequence[str]


FAILED = "failed"
"""Takes the place of a label where a predictor could not give one; counts as wrong."""


def classification_metrics(references: Names, predictions: Names) -> dict[str, Any]:
    """Compare predicted labels with reference labels.

    Parameters
    ----------
    references, predictions : sequence of str
        Label names, of equal length; a prediction may be ``FAILED``.

    Returns
    -------
    dict
        ``n``, ``failed``, ``accuracy``, ``balanced_accuracy`` (mean recall of the labels among the
        references), ``mcc`` (Matthews' correlation), ``macro_f1`` (over all three labels; one that is
        absent from both sides counts as 0), ``denies_f1``, ``per_class`` (precision, recall, f1, support)
        and ``confusion`` (rows: reference, columns: prediction), all in the order of ``LABELS``.

    Raises
    ------
    InputError
        If the lengths differ, nothing is given or a label is unknown.
    """
    metrics = require("sklearn.metrics", "train")
    names = [label.value for label in LABELS]
    reference = _names(references, "references")
    prediction = _names(predictions, "predictions", FAILED)
    if len(reference) != len(prediction) or not reference:
        raise InputError(
            f"{len(reference)} references and {len(prediction)} predictions; expected the same number, "
            "at least one"
        )
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        reference, prediction, labels=names, zero_division=0
    )
    per_class = {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "support": int(support[i]),
        }
        for i, name in enumerate(names)
    }
    return {
        "n": len(reference),
        "failed": prediction.count(FAILED),
        "accuracy": float(metrics.accuracy_score(reference, prediction)),
        "balanced_accuracy": float(recall[support > 0].mean()),
        "mcc": _mcc(reference, prediction),
        "macro_f1": float(np.mean(f1)),
        "denies_f1": per_class["denies"]["f1"],
        "per_class": per_class,
        "confusion": metrics.confusion_matrix(reference, prediction, labels=names).tolist(),
    }


def f1_intervals(
    references: Names, predictions: Names, clusters: Names, samples: int = SAMPLES
) -> dict[str, Any]:
    """Return 95 % bootstrap intervals of macro-F1 and of the F1 of ``denies``.

    Parameters
    ----------
    references, predictions : sequence of str
        Label names; a prediction may be ``FAILED``.
    clusters : sequence of str
        What each row belongs to (event, claim family, claim): whole clusters are drawn.
    samples : int

    Returns
    -------
    dict
        ``clusters`` (their number), ``macro_f1`` and ``denies_f1``, each a list of low and high end.
    """
    counts = confusion_counts(references, predictions, clusters)
    drawn = resample(counts, samples)
    macro = estimate(lambda c: f1_of(c)[..., : len(LABELS)].mean(axis=-1), counts, drawn)
    denies = estimate(lambda c: f1_of(c)[..., LABELS.index(Label.DENIES)], counts, drawn)
    return {
        "clusters": len(counts),
        "macro_f1": [macro.low, macro.high],
        "denies_f1": [denies.low, denies.high],
    }


def confusion_counts(references: Names, predictions: Names, clusters: Names) -> Counts:
    """Count references and predictions that meet in each cluster.

    Returns
    -------
    ndarray of shape (n_clusters, 4, 4)
        Rows: reference, columns: prediction; the fourth is ``FAILED``.
    """
    index = {name: i for i, name in enumerate([*(label.value for label in LABELS), FAILED])}
    rows, columns = ([index[name] for name in side] for side in (references, predictions))
    return count_pairs(rows, columns, clusters, len(index))


def f1_of(confusion: Counts) -> npt.NDArray[np.float64]:
    """Return the F1 of every class.

    Parameters
    ----------
    confusion : ndarray of shape (..., n_labels, n_labels)
        Rows: reference, columns: prediction.

    Returns
    -------
    ndarray of shape (..., n_labels)
        0 for a class that is on neither side.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1: npt.NDArray[np.float64] = 2 * hits / np.maximum(total, 1)
    return f1


def probability_metrics(
    references: Names, probabilities: npt.NDArray[np.floating], bins: int = 10
) -> dict[str, float]:
    """Score probabilities.

    Parameters
    ----------
    references : sequence of str
        Label names.
    probabilities : ndarray of shape (n, 3)
        In the order of ``LABELS``.
    bins : int
        Bins of equal mass for the calibration error.

    Returns
    -------
    dict
        ``log_loss`` (nats), ``brier`` (summed over classes, 0 to 2) and ``ece`` (expected
        calibration error of the top label, 0 to 1).
    """
    if len(references) != len(probabilities) or not len(references):
        raise InputError(
            f"{len(references)} references and {len(probabilities)} rows of probabilities; expected the same "
            "number, at least one"
        )
    names = [label.value for label in LABELS]
    index = np.array([names.index(name) for name in _names(references, "references")])
    own = probabilities[np.arange(len(index)), index].astype(np.float64)
    return {
        "log_loss": float(-np.log(np.clip(own, 1e-12, None)).mean()),
        "brier": float(((probabilities - np.eye(len(names))[index]) ** 2).sum(axis=1).mean()),
        "ece": expected_calibration_error(
            probabilities.max(axis=1), probabilities.argmax(axis=1) == index, bins
        ),
    }


def expected_calibration_error(
    confidence: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], bins: int = 10
) -> float:
    """Return the mean gap between confidence and accuracy over bins of equal mass (Naeini 2015)."""
    parts = reliability_bins(confidence, correct, bins)
    return sum(one["n"] * abs(one["confidence"] - one["accuracy"]) for one in parts) / len(confidence)


def reliability_bins(
    confidence: npt.NDArray[np.floating], correct: npt.NDArray[np.bool_], bins: int = 10
) -> list[dict[str, float]]:
    """Return ``n``, mean ``confidence`` and ``accuracy`` of bins of equal mass, least confident first.

    Pairs of equal confidence share their accuracy, so that the order of rows changes nothing.
    """
    _, group = np.unique(confidence, return_inverse=True)
    shared = (np.bincount(group, weights=correct) / np.bincount(group))[group]
    order = np.argsort(confidence, kind="stable")
    return [
        {
            "n": len(part),
            "confidence": float(confidence[part].mean()),
            "accuracy": float(shared[part].mean()),
        }
        for part in np.array_split(order, bins)
        if len(part)
    ]


def _mcc(reference: Names, prediction: Names) -> float:
    if len({*reference, *prediction}) == 1:
        return 0.0  # scikit-learn's value too, but it warns
    return float(require("sklearn.metrics", "train").matthews_corrcoef(reference, prediction))


def _names(labels: Names, what: str, *more: str) -> list[str]:
    known = {*(label.value for label in LABELS), *more}
    names = [str(label) for label in labels]
    unknown = [i for i, name in enumerate(names) if name not in known]
    if unknown:
        raise InputError(
            f"{what}, row {unknown[0]}: label is {names[unknown[0]]!r}; expected one of "
            f"{', '.join(label.value for label in LABELS)} ({len(unknown)} such rows)"
        )
    return names
