"""StanceScore: the package's metrics as an ``evaluate.Metric`` that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import datasets
import evaluate

from stance.errors import InputError
from stance.evaluation.metrics import classification_metrics
from stance.schema import LABELS


class StanceScore(evaluate.Metric):  # type: ignore[misc]
    """Macro-F1, denies-F1, accuracy and per-class scores of stance labels.

    Takes label names or their numbers in the fixed order.

    Examples
    --------
    >>> StanceScore().compute(predictions=["denies", "neutral"], references=["denies", "supports"])
    """

    def __init__(self) -> None:
        super().__init__(keep_in_memory=True)

    def _info(self) -> evaluate.MetricInfo:
        kinds = (datasets.Value("string"), datasets.Value("int64"))
        return evaluate.MetricInfo(
            description="Scores of claim-stance labels in the order supports, denies, neutral.",
            citation="",
            inputs_description="predictions and references: label names, or numbers 0, 1, 2.",
            features=[datasets.Features({"predictions": kind, "references": kind}) for kind in kinds],
        )

    def compute(self, *, predictions: Any = None, references: Any = None) -> dict[str, Any] | None:
        """Return the scores; without arguments, of what was added by ``add_batch``.

        Raises
        ------
        InputError
            If the lengths differ or nothing is given.
        """
        if predictions is None and references is None:
            scores: dict[str, Any] | None = super().compute()
            return scores
        if not len(predictions) or len(predictions) != len(references):
            raise InputError(
                f"{len(predictions)} predictions and {len(references)} references; expected the same number, "
                "at least one"
            )
        scores = super().compute(predictions=predictions, references=references)
        return scores

    def _compute(self, predictions: Sequence[str | int], references: Sequence[str | int]) -> dict[str, Any]:
        metrics = classification_metrics(_as_names(references), _as_names(predictions))
        scores = {name: metrics[name] for name in ("macro_f1", "denies_f1", "accuracy")}
        for label, values in metrics["per_class"].items():
            scores |= {f"{label}_{name}": value for name, value in values.items()}
        return scores


def _as_names(labels: Sequence[str | int]) -> list[str]:
    known = range(len(LABELS))
    return [
        LABELS[label].value if isinstance(label, int) and label in known else str(label) for label in labels
    ]
