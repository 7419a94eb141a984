"""Pictures drawn from the numbers of a report (extra: train)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.errors import require
from stance.files import atomic_path
from stance.schema import LABELS

BLUE, ORANGE = "#0072b2", "#d55e00"
"""Two colours that colour-blind people tell apart (Okabe and Ito)."""


def plot_confusion(metrics: Mapping[str, Any], path: str | Path, title: str = "") -> None:
    """Draw a confusion matrix as PNG: rows are the truth, shades their shares, numbers the pairs.

    Parameters
    ----------
    metrics : mapping
        As :func:`stance.evaluation.metrics.classification_metrics` returns them.
    path : str or Path
        Where to write the picture.
    title : str
    """
    names = [label.value for label in LABELS]
    counts = metrics["confusion"]
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    # a figure of its own: nothing of a user's matplotlib session is touched
    figure = require("matplotlib.figure", "train").Figure(figsize=(4.4, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("truth")
    axes.set_title(title, fontsize=11)
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            colour = "white" if shares[row][column] > 0.6 else "black"
            label = f"{count:,}\n{shares[row][column]:.0%}"
            axes.text(column, row, label, ha="center", va="center", color=colour)
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)


def plot_reliability(metrics: Mapping[str, Any], path: str | Path, title: str = "") -> None:
    """Draw how often the model is right at each confidence, as PNG; bins of equal mass."""
    figure = require("matplotlib.figure", "train").Figure(figsize=(4.4, 4.0), layout="constrained")
    axes = figure.subplots()
    confidence = [one["confidence"] for one in metrics["reliability"]]
    accuracy = [one["accuracy"] for one in metrics["reliability"]]
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="perfectly calibrated")
    axes.plot(confidence, accuracy, color=BLUE, marker="o", label=f"ECE {metrics['ece']:.3f}")
    axes.set_xlim(0.3, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share of right labels")
    axes.set_title(title, fontsize=11)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)


def plot_risk_coverage(metrics: Mapping[str, Any], path: str | Path, title: str = "") -> None:
    """Draw the share of wrong labels against the share of pairs answered, the surest first, as PNG."""
    figure = require("matplotlib.figure", "train").Figure(figsize=(4.4, 4.0), layout="constrained")
    axes = figure.subplots()
    coverage, risk = zip(*metrics["risk_coverage"], strict=True)
    axes.plot(coverage, risk, color=ORANGE, drawstyle="steps-post", label=f"AURC {metrics['aurc']:.3f}")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, max(0.05, 1.15 * max(risk)))
    axes.set_xlabel("share of pairs answered")
    axes.set_ylabel("share of wrong labels among them")
    axes.set_title(title, fontsize=11)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)


def plot_slices(slices: Sequence[Mapping[str, Any]], path: str | Path, title: str = "") -> None:
    """Draw macro-F1 of slices with its interval as PNG, in the order given."""
    height = 0.9 + 0.28 * len(slices)
    figure = require("matplotlib.figure", "train").Figure(figsize=(7.2, height), layout="constrained")
    axes = figure.subplots()
    places = range(len(slices))
    values = [one["macro_f1"] for one in slices]
    # an interval of a bootstrap need not hold the estimate itself
    low = [max(0.0, one["macro_f1"] - one["interval"][0]) for one in slices]
    high = [max(0.0, one["interval"][1] - one["macro_f1"]) for one in slices]
    axes.barh(places, values, color=BLUE, alpha=0.55)
    axes.errorbar(values, places, xerr=[low, high], fmt="none", ecolor="0.25", capsize=2)
    axes.set_yticks(places, [f"{one['facet']}: {one['value']} ({one['n']:,})" for one in slices])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("macro-F1 over the labels of the slice")
    axes.set_title(title, fontsize=11)
    axes.grid(axis="x", alpha=0.3)
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)


def plot_curves(curves: Mapping[str, Any], path: str | Path) -> None:
    """Draw learning curves as PNG: macro-F1 and F1 of ``denies``, with 95 % intervals.

    Parameters
    ----------
    curves : mapping
        For each quantity (``"events"``, ``"examples"``) a list of points with its value,
        ``macro_f1``, ``denies_f1`` and ``interval``, as the study of the learning curves makes them.
    path : str or Path
        Where to write the picture.
    """
    figure = require("matplotlib.figure", "train").Figure(figsize=(8.4, 3.6), layout="constrained")
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axes, (quantity, points) in zip(panels, curves.items(), strict=True):
        at = [point[quantity] for point in points]
        for score, label, colour, mark in (
            ("macro_f1", "macro-F1", BLUE, "o"),
            ("denies_f1", "F1 of denies", ORANGE, "s"),
        ):
            values = [point[score] for point in points]
            low, high = zip(*(point["interval"][score] for point in points), strict=True)
            axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.plot(at, values, color=colour, marker=mark, label=label)
        axes.set_xscale("log", base=2)
        axes.set_xticks(at, [f"{value:,}" for value in at])
        axes.minorticks_off()
        axes.set_xlabel(f"training {quantity}")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("score on validation events")
    panels[0].legend(loc="lower right")
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)
