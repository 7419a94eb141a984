"""The picture of the results: rates by contender, by length of pairs and by their number."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.files import atomic_path
from stance.speed_tables import PLOT, read_speed


def draw(folder: Path) -> Path | None:
    """Draw what ``folder`` has results of, and return the picture; ``None`` where there is nothing."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "stance"  # the same results give the same file
    from matplotlib import pyplot

    results = read_speed(folder)
    panels = [panel for name, panel in (("throughput", _bars), ("growth", _lengths)) if name in results]
    panels += [_counts] if "growth" in results else []
    if not panels:
        return None
    figure, axes = pyplot.subplots(1, len(panels), figsize=(5.5 * len(panels), 4), squeeze=False)
    for axis, panel in zip(axes[0], panels, strict=True):
        panel(axis, results["throughput" if panel is _bars else "growth"])
    figure.tight_layout()
    with atomic_path(folder / PLOT) as part:
        figure.savefig(part, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return folder / PLOT


def _bars(axis: Any, result: Mapping[str, Any]) -> None:
    rates = {
        name: one["pairs_per_second"]
        for name, one in result["contenders"].items()
        if "label_agreement" in one
    }
    bars = axis.barh(list(rates), list(rates.values()))
    axis.bar_label(bars, fmt="%.0f", padding=2)
    axis.invert_yaxis()
    axis.margins(x=0.15)
    axis.set_xlabel("pairs/s")


def _lengths(axis: Any, result: Mapping[str, Any]) -> None:
    points = result["tokens"]
    for name in points[0]["pairs_per_second"]:
        axis.plot(
            [one["tokens"] for one in points],
            [one["pairs_per_second"][name] for one in points],
            marker="o",
            label=name,
        )
    axis.set(xscale="log", yscale="log", xlabel="tokens of a pair", ylabel="pairs/s")
    axis.set_xticks([one["tokens"] for one in points], [str(one["tokens"]) for one in points])
    axis.legend()


def _counts(axis: Any, result: Mapping[str, Any]) -> None:
    points = result["pairs"]
    rates = [one["pairs_per_second"]["stance"] for one in points]
    axis.plot([one["pairs"] for one in points], rates, marker="o")
    axis.set(xscale="log", xlabel="pairs", ylabel="pairs/s, stance", ylim=(0, 1.15 * max(rates)))
