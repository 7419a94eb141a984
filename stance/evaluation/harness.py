"""Evaluating a predictor on labelled pairs: one report of plain numbers, and every prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stance.corpus.examples import Example
from stance.errors import InputError
from stance.evaluation.metrics import classification_metrics, f1_intervals, probability_metrics
from stance.evaluation.plots import plot_confusion
from stance.files import write_json
from stance.schema import LABELS, Label, Predictor, checked_probabilities
from stance.tables import write_table

PREDICTION_COLUMNS = (
    "claim", "sentence", "reference", "label", *(label.value for label in LABELS), "group", "related",
    "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Figures and predictions of one evaluation.

    ``metrics`` holds those of all pairs under ``"all"`` and, where a corpus tells unrelated pairs
    apart, those of the others under ``"related"``.
    """

    name: str
    metrics: Mapping[str, Mapping[str, Any]]
    predictions: Sequence[Mapping[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return name and metrics as plain values, ready for JSON."""
        return {"name": self.name, **{part: dict(values) for part, values in self.metrics.items()}}

    def write(self, folder: str | Path) -> None:
        """Write ``metrics.json``, ``predictions.parquet`` and ``confusion.png``."""
        place = Path(folder)
        plot_confusion(self.metrics["all"], place / "confusion.png", self.name)
        write_json(place / "metrics.json", self.to_dict())
        write_table(place / "predictions.parquet", self.predictions, PREDICTION_COLUMNS)


def evaluate_classifier(
    predictor: Predictor, examples: Sequence[Example], name: str = ""
) -> EvaluationReport:
    """Predict every example and compare.

    Parameters
    ----------
    predictor : Predictor
    examples : sequence of Example
    name : str
        What to call the evaluation.

    Raises
    ------
    InputError
        If there is no example, or the predictor's probabilities are not finite or of another shape.
    """
    if not examples:
        raise InputError("no labelled pair to evaluate on; expected at least one")
    pairs = [(example.claim, example.sentence) for example in examples]
    probabilities = checked_probabilities(predictor.predict_proba(pairs), len(pairs))
    related = np.array([example.related or example.label is not Label.NEUTRAL for example in examples])
    metrics = {"all": _metrics(examples, probabilities)}
    if not related.all():
        kept = [example for example, keep in zip(examples, related, strict=True) if keep]
        metrics["related"] = _metrics(kept, probabilities[related])
    predictions = [
        _prediction_row(example, row) for example, row in zip(examples, probabilities, strict=True)
    ]
    return EvaluationReport(name, metrics, predictions)


def _metrics(examples: Sequence[Example], probabilities: npt.NDArray[np.floating]) -> dict[str, Any]:
    references = [example.label.value for example in examples]
    predicted = [LABELS[index].value for index in probabilities.argmax(axis=1)]
    return {
        **classification_metrics(references, predicted),
        **probability_metrics(references, probabilities),
        "interval": f1_intervals(references, predicted, [example.group for example in examples]),
    }


def _prediction_row(example: Example, row: npt.NDArray[np.floating]) -> dict[str, Any]:
    return {
        "claim": example.claim,
        "sentence": example.sentence,
        "reference": example.label.value,
        "label": LABELS[int(row.argmax())].value,
        **{label.value: float(p) for label, p in zip(LABELS, row, strict=True)},
        "group": example.group,
        "related": example.related,
        "source": example.source,
    }
