"""What an evaluation leaves on disk, and reading its predictions back."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stance.cards import table
from stance.corpus.examples import Example, parse_example
from stance.errors import InputError
from stance.evaluation.harness import EvaluationReport
from stance.evaluation.metrics import FAILED
from stance.evaluation.plots import plot_confusion, plot_reliability, plot_risk_coverage, plot_slices
from stance.evaluation.slices import GROUP
from stance.files import write_json, write_text
from stance.report import (
    controls_section,
    errors_section,
    metrics_section,
    picture_section,
    text_section,
    write_report,
)
from stance.schema import LABELS
from stance.tables import read_table, write_table

PREDICTIONS = "predictions.parquet"
PREDICTION_COLUMNS = (
    "claim", "sentence", "reference", "label", *(label.value for label in LABELS), "group", "related",
    "source", "facets",
)  # fmt: skip
WORST_SLICES = 16
COLUMNS = (
    "n", "groups", "macro-F1", "denies-F1", "balanced accuracy", "accuracy", "MCC", "ECE", "AURC",
)  # fmt: skip
"""Of the table of scores, after the name of what is scored."""


def write_evaluation(report: EvaluationReport, folder: str | Path) -> list[str]:
    """Write a report as numbers, text, page and pictures, and every prediction.

    Returns
    -------
    list of str
        Names of the files: ``report.json``, ``report.md``, ``report.html``, ``predictions.parquet`` and
        PNGs.
    """
    place = Path(folder)
    pictures = _draw(report, place)
    write_json(place / "report.json", report.to_dict())
    write_text(place / "report.md", markdown(report))
    sections = [
        _warnings_section(report),
        *(metrics_section(f"{part} pairs".capitalize(), values) for part, values in report.metrics.items()),
        controls_section(report.controls) if report.controls else "",
        picture_section("Calibration, abstention, slices", [_embedded(place / name) for name in pictures]),
        text_section("Voices", voices_line(voices)) if (voices := report.about.get("voices")) else "",
        errors_section(report.predictions),
    ]
    write_report(place / "report.html", f"Evaluation: {report.name}", [one for one in sections if one])
    write_table(place / PREDICTIONS, report.predictions, PREDICTION_COLUMNS)
    return ["report.json", "report.md", "report.html", PREDICTIONS, *pictures]


def voices_line(voices: Mapping[str, Any]) -> str:
    """Return in a sentence how often it was right who takes the stance."""
    named = voices["named"]
    line = (
        f"Of {voices['sides']:,} pairs with a side, {voices['pairs']:,} have the right label; of their "
        f"voices {voices['exact']:.1%} are the very span, with a token-F1 of {voices['token_f1']:.3f}."
    )
    if not named["pairs"]:
        return line
    return (
        f"{line} Of the {named['pairs']:,} that are named {named['exact']:.1%} are, with "
        f"{named['token_f1']:.3f}."
    )


def write_summary(reports: Sequence[EvaluationReport], folder: str | Path) -> list[str]:
    """Write one table over several evaluations: ``suite.md`` and ``suite.json``."""
    place = Path(folder)
    rows = [
        _line(report.name if part == "all" else f"{report.name}, {part}", values)
        for report in reports
        for part, values in report.metrics.items()
    ]
    write_text(place / "suite.md", table(("set", *COLUMNS), rows) + "\n")
    write_json(place / "suite.json", [report.to_dict() for report in reports])
    return ["suite.md", "suite.json"]


def read_predictions(file: str | Path) -> tuple[list[Example], npt.NDArray[np.float64]]:
    """Read back what :func:`write_evaluation` wrote, for :func:`stance.evaluation.harness.report_of`.

    Returns
    -------
    examples : list of Example
    probabilities : ndarray of shape (n, 3)
        NaN where a prediction failed.

    Raises
    ------
    InputError
        Names file and row where a label, a probability or the facets are none; if it is a folder.
    """
    if Path(file).is_dir():
        raise InputError(
            f"{str(file)!r} is a folder; give its {PREDICTIONS}: {str(Path(file, PREDICTIONS))!r}"
        )
    examples: list[Example] = []
    probabilities = []
    columns = ("claim", "sentence", "reference", "label", *(label.value for label in LABELS))
    for row in read_table(Path(file), columns):
        where = f"{str(file)!r}, row {row.number}"
        if row.error:
            raise InputError(f"{where}: {row.error}; mend the row or remove it")
        example = parse_example({**row.values, "label": row.values["reference"]}, where, "")
        examples.append(example._replace(facets=_facets(str(row.values.get("facets") or ""), where)))
        probabilities.append(_probabilities(row.values, where))
    if not examples:
        raise InputError(f"{str(file)!r} holds no prediction; expected at least one row")
    return examples, np.array(probabilities, dtype=np.float64)


def markdown(report: EvaluationReport) -> str:
    """Return a report as Markdown tables."""
    parts = [f"# Evaluation: {report.name}", *(f"**{text}**" for text in _warnings(report))]
    parts.append(table(("pairs", *COLUMNS), [_line(name, values) for name, values in report.metrics.items()]))
    if report.controls:
        parts.append("## Controls\n\nPredictors that see too little to judge.")
        rows = [
            (name, one["macro_f1"], one["denies_f1"], one["accuracy"])
            for name, one in report.controls.items()
        ]
        parts.append(table(("control", "macro-F1", "denies-F1", "accuracy"), rows))
    voices = report.about.get("voices")
    if voices:
        parts.append(f"## Voices\n\n{voices_line(voices)}")
    sets = report.about.get("label_sets")
    if sets:
        parts.append(
            "## Label sets\n\nSplit-conformal sets, fitted on the validation split to hold the right label "
            f"for {sets['promised']:.0%} of the pairs: here they hold it for {sets['held']:.1%}, with "
            f"{sets['mean_size']:.2f} labels on average; {sets['single']:.1%} are a single label. Where that "
            "split also chose the state of the model or fitted its temperature, as it did for checkpoints of "
            "the shipped recipes, nothing guarantees as much."
        )
    slices = [one for one in report.slices if one["facet"] != GROUP]
    if slices:
        parts.append(
            "## Worst slices\n\nMacro-F1 over the labels that a slice holds, with 95 % intervals by group."
        )
        parts.append(
            table(
                ("slice", "pairs", "groups", "macro-F1", "accuracy"),
                [
                    (
                        f"{one['facet']}: {one['value']}",
                        one["n"],
                        one["clusters"],
                        f"{one['macro_f1']:.3f} [{one['interval'][0]:.2f}, {one['interval'][1]:.2f}]",
                        one["accuracy"],
                    )
                    for one in slices[:WORST_SLICES]
                ],
            )
        )
    return "\n\n".join(parts) + "\n"


def _line(part: str, metrics: Mapping[str, Any]) -> tuple[Any, ...]:
    interval = metrics["interval"]
    scored = {
        name: "{:.3f} [{:.2f}, {:.2f}]".format(metrics[name], *interval[name])
        for name in ("macro_f1", "denies_f1")
    }
    rest = (metrics.get(name, "–") for name in ("balanced_accuracy", "accuracy", "mcc", "ece", "aurc"))
    return (part, metrics["n"], interval["clusters"], *scored.values(), *rest)


def _draw(report: EvaluationReport, place: Path) -> list[str]:
    metrics = report.metrics["all"]
    plot_confusion(metrics, place / "confusion.png", report.name)
    drawn = ["confusion.png"]
    if "reliability" in metrics:
        plot_reliability(metrics, place / "reliability.png", report.name)
        plot_risk_coverage(metrics, place / "risk_coverage.png", report.name)
        drawn += ["reliability.png", "risk_coverage.png"]
    slices = [one for one in report.slices if one["facet"] != GROUP]
    if slices:
        plot_slices(slices[:WORST_SLICES], place / "slices.png", f"{report.name}, worst slices")
        drawn.append("slices.png")
    return drawn


def _embedded(picture: Path) -> tuple[str, str]:
    """Return the name of a picture and its content as a data URL."""
    return picture.stem.replace("_", " "), "data:image/png;base64," + base64.b64encode(
        picture.read_bytes()
    ).decode()


def _warnings(report: EvaluationReport) -> list[str]:
    return [
        str(report.about[key])
        for key in ("binary", "few_clusters", "not_better_than_a_control")
        if key in report.about
    ]


def _warnings_section(report: EvaluationReport) -> str:
    lines = "".join(f"<p><b>Note:</b> {escape(text)}.</p>" for text in _warnings(report))
    return f"<section>{lines}</section>" if lines else ""


def _facets(text: str, where: str) -> tuple[tuple[str, str], ...]:
    if not text.startswith("["):  # an earlier version wrote them as outlet=The Post; domain=war
        parts = [one.partition("=") for one in text.split("; ") if one]
        return tuple((facet, value) for facet, _, value in parts)
    try:
        return tuple((str(facet), str(value)) for facet, value in json.loads(text))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{where}: facets is {text!r:.60}; expected a JSON list of lists of a name and a value, as "
            "stance evaluate writes it; mend the cell or empty it"
        ) from error


def _probabilities(values: Mapping[str, Any], where: str) -> Sequence[float]:
    if values.get("label") == FAILED:
        return [np.nan] * len(LABELS)
    try:
        row = [float(values[label.value]) for label in LABELS]
    except (TypeError, ValueError):
        row = [np.nan]
    if not np.isfinite(row).all() or min(row) < 0 or abs(sum(row) - 1) > 1e-3:
        given = [values[label.value] for label in LABELS]
        raise InputError(
            f"{where}: supports, denies and neutral are {given}; expected probabilities that sum to 1 "
            f"(a prediction that failed has the label {FAILED!r})"
        )
    return row
