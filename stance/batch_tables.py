"""Tables of ``docs/batch.md``, from what ``benchmarks/batch.py`` measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stance.cards import table

MANY = 10**9
"""Pairs that the page sizes a machine for."""

CHUNK = 8192
"""Rows of a chunk: a run with more different pairs computes all of them."""

DOLLARS_PER_HOUR = {"cpu": 0.04, "cuda": 3.0}
"""Assumed price of a core and of a GPU, stated on the page."""

UNIT = {"cpu": "core", "cuda": "GPU"}
NOT_MEASURED = "not measured yet"

Runs = Sequence[Mapping[str, Any]]


def runs_table(runs: Runs) -> str:
    """Return a row for every measured run; a line that says so where there is none."""
    if not runs:
        return f"*{NOT_MEASURED}: `make bench-batch`*"
    rows = [
        (
            run["rows"],
            run["different"],
            run["format"],
            _machine(run),
            f"{run['seconds']:,.0f}",
            f"{run['pairs_per_second']:,.0f}",
            run["peak_megabytes"],
            f"{run['input_megabytes']:,.0f}",
            f"{run['output_megabytes']:,.0f}",
        )
        for run in runs
    ]
    head = (
        "rows",
        "different pairs",
        "format",
        "on",
        "seconds",
        "rows/s",
        "peak MB",
        "input MB",
        "output MB",
    )
    return table(head, rows)


def sizing_table(runs: Runs) -> str:
    """Return what 1e9 pairs take, from the longest run on each device that computed every pair."""
    rows = []
    for device, unit in UNIT.items():
        measured = [run for run in runs if run["device"] == device and run["different"] >= CHUNK]
        if not measured:
            rows.append((unit, *[NOT_MEASURED] * 5))
            continue
        run = max(measured, key=lambda one: one["rows"])
        rate = run["pairs_per_second"] / _units(run)
        hours = MANY / rate / 3600
        size = MANY / run["rows"] / 1e3
        rows.append(
            (
                unit,
                f"{rate:,.0f}",
                f"{hours:,.0f}",
                f"{hours * DOLLARS_PER_HOUR[device]:,.0f} USD",
                f"{run['input_megabytes'] * size:,.0f} GB",
                f"{run['output_megabytes'] * size:,.0f} GB",
            )
        )
    head = ("one", "pairs/s", "hours for 1e9 pairs", "cost", "input", "output")
    prices = " and ".join(
        f"{price:.2f} USD for a {UNIT[device]}-hour" for device, price in DOLLARS_PER_HOUR.items()
    )
    return f"{table(head, rows)}\n\nCost at an assumed {prices}: put your own price there."


def _units(run: Mapping[str, Any]) -> int:
    return int(run["cores"]) if run["device"] == "cpu" else 1


def _machine(run: Mapping[str, Any]) -> str:
    return f"{run['runtime']}, {run['cores']} cores, {run['processor']}"
