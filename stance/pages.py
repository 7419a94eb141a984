"""Model card and the marked parts of the READMEs, rendered from ``training/results``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.article_tables import example_table, verdicts_table, voices_table
from stance.batch_tables import runs_table, sizing_table
from stance.cards import render
from stance.checkpoint import default_checkpoint
from stance.errors import DataError
from stance.page_tables import (
    bigger_table,
    calibration_table,
    capabilities_table,
    context_table,
    controls_table,
    curve_table,
    emergent_table,
    failures_table,
    fnc_table,
    forgetting_table,
    minutes_table,
    noise_table,
    outlets_table,
    risks_table,
    scores_table,
    slices_table,
    sources_table,
    stages,
    stages_table,
)
from stance.results import RESULTS, note_if_older, read_result
from stance.service_page import service_tables
from stance.speed_summary import summary
from stance.speed_tables import MEASUREMENTS, SPEED_RESULTS, read_speed, section

BENCHMARKS = Path("benchmarks/results")
BATCH_PAGE = Path("docs/batch.md")
README_SETS = ("kremlin_call", "newsroom", "mnli")
"""Beginnings of the names of the evaluations that the README shows; the model card shows all."""

MARKS = {
    Path("README.md"): ("example", "scores", "verdicts"),
    Path("training/README.md"): ("minutes", "forgetting"),
    Path("docs/service.md"): ("limits", "figures"),
    Path("docs/bigger_models.md"): ("bigger",),
}
"""The marked parts of pages that are otherwise written by hand."""

INDEXED = ("newsroom test", "kremlin_call test, restated", "mnli_mismatched")
"""Evaluations in the metadata of the model card (``model-index``)."""


def rendered_pages() -> dict[Path, str]:
    """Return what each published file should hold, by path.

    Raises
    ------
    DataError
        If a result or a mark is missing, or the results belong to another checkpoint.
    """
    values = _values()
    pages = {Path("model_card.md"): render("model_card.md", values)}
    for path, marks in MARKS.items():
        text = path.read_text(encoding="utf-8")
        for mark in marks:
            text = _fill(text, mark, str(values[mark]), path)
        pages[path] = text
    return speed_pages({**pages, BATCH_PAGE: batch_page()})


def _values() -> dict[str, Any]:
    """Return what the templates and marks stand for, by name."""
    embedded, quickstart, example = map(read_result, ("embedded", "quickstart", "example"))
    controls, curves, outlets, context = map(read_result, ("controls", "curves", "outlets", "context"))
    emergent, fnc1, forgetting, bigger = map(read_result, ("emergent", "fnc1", "forgetting", "bigger"))
    if embedded["digest"] != default_checkpoint().digest:
        raise DataError(f"{RESULTS}/embedded.json is of another checkpoint; run: make evaluate")
    training, evaluations = embedded["training"], embedded["evaluations"]
    own = {name: one for name, one in evaluations.items() if name.startswith(README_SETS)}
    return {
        **embedded,
        "megabytes": str(embedded["megabytes"]),
        "stages": stages_table(training),
        "risks": risks_table(training.get("confidence_for_risk", {})),
        "scores": scores_table(own),
        "all_scores": scores_table(evaluations),
        "voices": voices_table(embedded["voices"]),
        "verdicts": verdicts_table(read_result("verdicts")["sets"]),
        "calibration": calibration_table(evaluations),
        "slices": slices_table(evaluations["newsroom test"]["slices"]),
        "capabilities": capabilities_table(embedded["behaviour"]),
        "noise": noise_table(embedded["behaviour"]),
        "failures": failures_table(embedded["mistakes"]),
        "model_index": _model_index(evaluations),
        "sources": sources_table(),
        "controls": controls_table(evaluations, controls["sets"]) + note_if_older(controls),
        "curve_of_events": curve_table(curves["events"], "events"),
        "curve_of_examples": curve_table(curves["examples"], "examples") + note_if_older(curves),
        "outlets": outlets_table(outlets["outlets"]) + note_if_older(outlets),
        "context": context_table(context["sets"]) + note_if_older(context),
        "emergent": emergent_table(emergent) + note_if_older(emergent),
        "emergent_sides": emergent["for or against, as embedded"],
        "fnc": fnc_table(fnc1) + note_if_older(fnc1),
        "forgetting": forgetting_table(forgetting["scores"]) + note_if_older(forgetting),
        "bigger": bigger_table(bigger["sets"], evaluations) + note_if_older(bigger),
        "example": example_table(example),
        "minutes": minutes_table(
            [
                *stages(training),
                ("quickstart", quickstart["training"]),
                ("emergent", emergent["training"]),
                ("fnc1", fnc1["training"]),
            ]
        ),
        **service_tables(),
    }


def batch_page() -> str:
    """Return the page about batch runs, which says where nothing is measured yet."""
    file = BENCHMARKS / "batch.json"
    runs = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.is_file() else []
    text = BATCH_PAGE.read_text(encoding="utf-8")
    for mark, content in (("runs", runs_table(runs)), ("sizing", sizing_table(runs))):
        text = _fill(text, mark, content, BATCH_PAGE)
    return text


def speed_pages(pages: Mapping[Path, str], folder: Path = SPEED_RESULTS) -> dict[Path, str]:
    """Return the pages with what ``make bench`` measured filled in, and with them ``docs/speed.md``.

    Parameters
    ----------
    pages : mapping
        What the README holds already, by its path; without it what is on disk.
    folder : Path
        Where the results are.
    """
    results = read_speed(folder)
    readme, speed = Path("README.md"), Path("docs/speed.md")
    text = speed.read_text(encoding="utf-8")
    for name in MEASUREMENTS:
        text = _fill(text, name, section(name, results), speed)
    front = pages.get(readme) or readme.read_text(encoding="utf-8")
    return {**pages, readme: _fill(front, "speed", summary(results), readme), speed: text}


def _model_index(evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the results as the metadata block that model hubs read."""
    lines = ["model-index:", "- name: stance", "  results:"]
    for name in INDEXED:
        if name in evaluations:
            scores = evaluations[name]["all"]
            lines += [
                "  - task:",
                "      type: text-classification",
                "    dataset:",
                f"      name: {json.dumps(name)}",
                f"      type: {name.split()[0]}",
                "    metrics:",
            ]
            for kind, key in (("f1", "macro_f1"), ("accuracy", "accuracy")):
                label = "macro-F1" if kind == "f1" else "accuracy"
                lines += [
                    f"    - type: {kind}",
                    f"      name: {label}",
                    f"      value: {scores[key]:.3f}",
                ]
    return "\n".join(lines)


def _fill(text: str, mark: str, content: str, path: Path) -> str:
    pattern = re.compile(rf"(<!-- {mark}:begin -->\n).*?(<!-- {mark}:end -->)", re.DOTALL)
    if not pattern.search(text):
        raise DataError(f"{path} has no place marked {mark}:begin and {mark}:end")
    return pattern.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)
