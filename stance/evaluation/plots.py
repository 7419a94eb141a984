"""Pictures drawn from the numbers of a report (extra: train)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.errors import require
from stance.files import atomic_path
from stance.schema import LABELS


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
