"""The README's table about speed: this package beside others, a ratio a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stance.cards import table
from stance.speed_tables import (
    NOT_MEASURED,
    Results,
    machine_line,
    shown_rate,
    shown_ratio,
)

Row = tuple[str, str, str, str]


def summary(results: Results) -> str:
    """Return the table of the README: this package beside others in every measurement that has both."""
    groups = {name: _SUMMARIES[name](results[name]) for name in _SUMMARIES if name in results}
    groups = {name: rows for name, rows in groups.items() if rows}
    if not groups:
        return NOT_MEASURED
    head = ("measured", "this package", "the other one", "ratio")
    rows = [row for group in groups.values() for row in group]
    return "\n\n".join([table(head, rows), *_where(groups, results)])


def _where(groups: Mapping[str, Sequence[Row]], results: Results) -> list[str]:
    """Return what the first measurement was taken on, and which rows were measured on another processor."""
    first, *others = groups
    notes = [machine_line(results[first])]
    for name in others:
        rows, machine = groups[name], results[name]["machine"]
        if machine["instruction_sets"] != results[first]["machine"]["instruction_sets"]:
            which = f'From "{rows[0][0]}" to "{rows[-1][0]}" on another processor.'
            notes.append(f"{which} {machine_line(results[name])}")
    return notes


def _summary_of_throughput(result: Mapping[str, Any]) -> list[Row]:
    ours = result["contenders"]["stance"]["pairs_per_second"]
    return [
        (
            f"pairs/s; {name}, batch {one['batch']}",
            shown_rate(ours),
            shown_rate(one["pairs_per_second"]),
            shown_ratio(one["times_as_long_as_stance"]),
        )
        for name, one in result["contenders"].items()
        if name != "stance" and "label_agreement" in one
    ]


def _summary_of_restricted(result: Mapping[str, Any]) -> list[Row]:
    rates = {name: one["pairs_per_second"] for name, one in result["limits"].items() if name != "all"}
    return [
        _rates(f"pairs/s held to {name}; pipeline", ours, theirs)
        for name, one in rates.items()
        if (ours := one.get("stance")) and (theirs := one.get("pipeline"))
    ]


def _summary_of_cold(result: Mapping[str, Any]) -> list[Row]:
    seconds, single = result["seconds"], result["latency"]
    ours, theirs = (single[name]["p50_ms"] for name in ("stance", "pipeline"))
    return [
        (
            "seconds from a new process to the first answer",
            f"{seconds['stance']:.2f}",
            f"{seconds['pipeline']:.2f}",
            shown_ratio(result["pipeline_over_stance"]),
        ),
        ("milliseconds of a single pair, median", f"{ours:.1f}", f"{theirs:.1f}", shown_ratio(theirs / ours)),
    ]


def _summary_of_training(result: Mapping[str, Any]) -> list[Row]:
    rates = result["steps_per_second"]
    ours, theirs = (f"{rates[name]:.2f}" for name in ("stance", "stock"))
    return [("training steps/s; stock Trainer, f32", ours, theirs, shown_ratio(result["stance_over_stock"]))]


def _summary_of_weight(result: Mapping[str, Any]) -> list[Row]:
    ours, theirs = result["core"], result["transformers and torch"]
    return [
        (
            "megabytes and packages of a fresh install",
            f"{ours['mb']:,.0f} MB, {ours['count']}",
            f"{theirs['mb']:,.0f} MB, {theirs['count']}",
            shown_ratio(result["torch_over_core"]),
        )
    ]


def _summary_of_gpu(result: Mapping[str, Any]) -> list[Row]:
    if result["device"] is None:
        return []
    ours, theirs = (result["pairs_per_second"][name] for name in ("stance", "pipeline"))
    return [_rates(f"pairs/s on {result['device']}; pipeline", ours, theirs)]


def _rates(what: str, ours: float, theirs: float) -> Row:
    return what, shown_rate(ours), shown_rate(theirs), shown_ratio(ours / theirs)


_SUMMARIES: dict[str, Callable[[Mapping[str, Any]], list[Row]]] = {
    "throughput": _summary_of_throughput,
    "restricted": _summary_of_restricted,
    "cold": _summary_of_cold,
    "training": _summary_of_training,
    "weight": _summary_of_weight,
    "gpu": _summary_of_gpu,
}
