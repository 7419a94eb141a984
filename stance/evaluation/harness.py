"""Evaluating a predictor on labelled pairs: one report of plain numbers, and every prediction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from stance.corpus.examples import Example, pairs_digest
from stance.errors import InputError
from stance.evaluation.calibration import untempered
from stance.evaluation.metrics import (
    FAILED,
    classification_metrics,
    expected_calibration_error,
    f1_intervals,
    probability_metrics,
    reliability_bins,
)
from stance.evaluation.selective import risk_coverage
from stance.evaluation.slices import slice_scores
from stance.questions import answerable
from stance.schema import LABELS, Label, Predictor, checked_probabilities

COVERAGES = (0.5, 0.8, 0.9)
"""Shares of the pairs, the surest first, whose accuracy is reported."""

FEW_CLUSTERS = 20
"""Below so many groups an interval is too narrow to be trusted, and the report says so."""

Probabilities = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Figures and predictions of one evaluation.

    Attributes
    ----------
    name : str
    metrics : mapping
        Those of all pairs under ``"all"`` and, where a corpus tells unrelated pairs apart, those of the
        others under ``"related"``; where the references hold two of the three labels, the scores of
        choosing between these under ``"binary"``.
    predictions : sequence of mapping
        One row a pair: texts, reference, label, probabilities, group.
    slices : sequence of mapping
        Scores of parts of the pairs, worst first (:func:`stance.evaluation.slices.slice_scores`).
    controls : mapping
        Metrics of predictors that see too little, by their name.
    about : mapping
        Data digest, warnings, and whatever the caller knows of model, seed and versions.
    """

    name: str
    metrics: Mapping[str, Mapping[str, Any]]
    predictions: Sequence[Mapping[str, Any]]
    slices: Sequence[Mapping[str, Any]] = ()
    controls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the predictions as plain values, ready for JSON."""
        return {
            "name": self.name,
            **{part: dict(values) for part, values in self.metrics.items()},
            "slices": [dict(one) for one in self.slices],
            "controls": {name: dict(values) for name, values in self.controls.items()},
            "about": dict(self.about),
        }


def evaluate_classifier(
    predictor: Predictor,
    examples: Sequence[Example],
    name: str = "",
    *,
    temperature: float = 1.0,
    controls: Mapping[str, Probabilities] | None = None,
) -> EvaluationReport:
    """Predict every example and compare.

    Parameters
    ----------
    predictor : Predictor
        A pair for which its ``pair_problem``, if it has one, names a problem is counted as wrong.
    examples : sequence of Example
    name : str
        What to call the evaluation.
    temperature : float
        The one in the predictor's probabilities, to report what calibration does.
    controls : mapping of str to ndarray of shape (n_examples, 3), optional
        Probabilities of other predictors for the same pairs, to score beside it.

    Raises
    ------
    InputError
        If there is no example, or the predictor's probabilities are not finite or of another shape.
    """
    if not examples:
        raise InputError("no labelled pair to evaluate on; expected at least one")
    probabilities = _predicted(predictor, examples)
    report = report_of(examples, probabilities, name, temperature=temperature)
    others = {
        control: _part_metrics(examples, one, _all(examples)) for control, one in (controls or {}).items()
    }
    return EvaluationReport(
        name,
        report.metrics,
        report.predictions,
        report.slices,
        others,
        {**report.about, **_flags(report, others)},
    )


def report_of(
    examples: Sequence[Example], probabilities: Probabilities, name: str = "", *, temperature: float = 1.0
) -> EvaluationReport:
    """Compare given probabilities with the labels of the examples.

    Parameters
    ----------
    examples : sequence of Example
    probabilities : ndarray of shape (n_examples, 3)
        A row of NaN is a prediction that failed.
    name, temperature
        As in :func:`evaluate_classifier`.
    """
    related = np.array([example.related or example.label is not Label.NEUTRAL for example in examples])
    metrics = {"all": _part_metrics(examples, probabilities, _all(examples), temperature)}
    if related.any() and not related.all():
        metrics["related"] = _part_metrics(examples, probabilities, related, temperature)
    about: dict[str, Any] = {"data_sha256": pairs_digest(examples)}
    held = [label for label in LABELS if any(example.label is label for example in examples)]
    if len(held) == 2:
        metrics["binary"] = _binary_metrics(examples, probabilities, held)
        about["binary"] = (
            f"no pair is {next(label for label in LABELS if label not in held)}: 'binary' scores which of "
            f"{held[0]} and {held[1]} is the more probable"
        )
    predicted = labels_of(probabilities)
    rows = [_prediction_row(*one) for one in zip(examples, predicted, probabilities, strict=True)]
    clusters = metrics["all"]["interval"]["clusters"]
    if clusters < FEW_CLUSTERS:
        about["few_clusters"] = (
            f"the pairs belong to {clusters} groups only; intervals over so few are too narrow"
        )
    return EvaluationReport(name, metrics, rows, slice_scores(examples, predicted), {}, about)


def _predicted(predictor: Predictor, examples: Sequence[Example]) -> Probabilities:
    pairs = [(example.claim, example.sentence) for example in examples]
    sound = answerable(predictor, pairs)
    probabilities = np.full((len(pairs), len(LABELS)), np.nan, dtype=np.float32)
    chosen = [pairs[i] for i in sound]
    probabilities[sound] = checked_probabilities(predictor.predict_proba(chosen), len(chosen))
    return probabilities


def _part_metrics(
    examples: Sequence[Example],
    probabilities: Probabilities,
    kept: npt.NDArray[np.bool_],
    temperature: float = 1.0,
) -> dict[str, Any]:
    chosen = [example for example, keep in zip(examples, kept, strict=True) if keep]
    predicted = labels_of(probabilities[kept])
    references = [example.label.value for example in chosen]
    answered: npt.NDArray[np.bool_] = ~np.isnan(probabilities[kept].sum(axis=1))
    metrics = {
        **classification_metrics(references, predicted),
        "interval": f1_intervals(references, predicted, [example.group for example in chosen]),
    }
    if answered.any():
        sound = [name for name, keep in zip(references, answered, strict=True) if keep]
        metrics |= _probability_scores(sound, probabilities[kept][answered], temperature)
    return metrics


def _binary_metrics(
    examples: Sequence[Example], probabilities: Probabilities, held: Sequence[Label]
) -> dict[str, Any]:
    """Score the more probable of two labels; macro-F1 is over these two."""
    columns = [LABELS.index(label) for label in held]
    only = np.zeros_like(probabilities)
    only[:, columns] = probabilities[:, columns] + 1e-12
    only /= only.sum(axis=1, keepdims=True)
    metrics = _part_metrics(examples, only, _all(examples))
    scale = len(LABELS) / len(held)  # the absent label, never given, has an F1 of 0
    metrics["macro_f1"] *= scale
    metrics["interval"]["macro_f1"] = [scale * end for end in metrics["interval"]["macro_f1"]]
    return metrics


def _probability_scores(
    references: Sequence[str], probabilities: Probabilities, temperature: float
) -> dict[str, Any]:
    correct = np.array([LABELS[i].value for i in probabilities.argmax(axis=1)]) == np.array(references)
    confidence = probabilities.max(axis=1)
    curve = risk_coverage(confidence, correct)
    points = np.unique(np.linspace(0, len(curve.coverage) - 1, 101).round().astype(int))
    return {
        **probability_metrics(references, probabilities),
        "ece_before_temperature": expected_calibration_error(
            untempered(probabilities, temperature).max(axis=1), correct
        ),
        "reliability": reliability_bins(confidence, correct),
        "aurc": curve.area,
        "accuracy_at_coverage": {str(share): curve.accuracy_at(share) for share in COVERAGES},
        "risk_coverage": [[float(curve.coverage[i]), float(curve.risk[i])] for i in points],
    }


def _flags(report: EvaluationReport, controls: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Say so where a predictor that sees too little is as good."""
    if not controls:
        return {}
    low = report.metrics["all"]["interval"]["macro_f1"][0]
    best = max(controls, key=lambda name: controls[name]["macro_f1"])
    if controls[best]["macro_f1"] < low:
        return {}
    return {
        "not_better_than_a_control": (
            f"{best!r} reaches macro-F1 {controls[best]['macro_f1']:.3f}, which is not below the model's "
            f"interval (from {low:.3f}): these pairs do not show that the model reads both texts"
        )
    }


def labels_of(probabilities: Probabilities) -> list[str]:
    """Return the name of the most probable label of every row; ``FAILED`` for a row of NaN."""
    return [FAILED if np.isnan(row).any() else LABELS[int(row.argmax())].value for row in probabilities]


def _all(examples: Sequence[Example]) -> npt.NDArray[np.bool_]:
    return np.ones(len(examples), dtype=np.bool_)


def _prediction_row(example: Example, label: str, row: npt.NDArray[np.floating]) -> dict[str, Any]:
    return {
        "claim": example.claim,
        "sentence": example.sentence,
        "reference": example.label.value,
        "label": label,
        **{name.value: None if label == FAILED else float(p) for name, p in zip(LABELS, row, strict=True)},
        "group": example.group,
        "related": example.related,
        "source": example.source,
        "facets": json.dumps(example.facets, ensure_ascii=False),  # outlets may hold any character
    }
