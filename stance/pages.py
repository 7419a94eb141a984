"""Model card and the marked parts of the READMEs, rendered from ``training/results``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.cards import render, table
from stance.checkpoint import default_checkpoint
from stance.corpus.sources import SOURCES
from stance.errors import DataError
from stance.evaluation.slices import GROUP
from stance.schema import LABELS, Label

RESULTS = Path("training/results")
README_SETS = ("kremlin_call", "newsroom", "mnli")
"""Beginnings of the names of the evaluations that the README shows; the model card shows all."""

INDEXED = ("newsroom test", "kremlin_call test, restated", "mnli_mismatched")
"""Evaluations in the metadata of the model card (``model-index``)."""

WORST = 12
"""Slices that the model card shows."""

LARGEST_EXAMPLE = 400
"""Characters of a text shown as an example."""


def rendered_pages() -> dict[Path, str]:
    """Return what each published file should hold, by path.

    Raises
    ------
    DataError
        If a result or a mark is missing, or the results belong to another checkpoint.
    """
    embedded, quickstart, example = (_result(name) for name in ("embedded", "quickstart", "example"))
    if embedded["digest"] != default_checkpoint().digest:
        raise DataError(f"{RESULTS}/embedded.json is of another checkpoint; run: make evaluate")
    training, evaluations = embedded["training"], embedded["evaluations"]
    own = {name: one for name, one in evaluations.items() if name.startswith(README_SETS)}
    values = {
        **embedded,
        "megabytes": str(embedded["megabytes"]),
        "stages": _stages_table(training),
        "risks": _risks_table(training.get("confidence_for_risk", {})),
        "scores": _scores_table(own),
        "all_scores": _scores_table(evaluations),
        "calibration": _calibration_table(evaluations),
        "slices": _slices_table(evaluations["newsroom test"]["slices"]),
        "capabilities": _capabilities_table(embedded["behaviour"]),
        "noise": _noise_table(embedded["behaviour"]),
        "failures": _failures(embedded["mistakes"]),
        "model_index": _model_index(evaluations),
        "sources": _sources_table(),
        "example": _example_table(example),
        "minutes": _minutes([*stages(training), ("quickstart", quickstart["training"])]),
    }
    pages = {Path("model_card.md"): render("model_card.md", values)}
    for path, marks in (
        (Path("README.md"), ("example", "scores")),
        (Path("training/README.md"), ("minutes",)),
    ):
        text = path.read_text(encoding="utf-8")
        for mark in marks:
            text = _fill(text, mark, str(values[mark]), path)
        pages[path] = text
    return pages


def stages(training: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return recipe name and provenance of every stage of a training, the first one first.

    The recipe of a stage is told by the folder in which the next one found its checkpoint.
    """
    chain = [("news", training)]
    while "started_from" in chain[0][1]:
        following = chain[0][1]
        name = Path(following["recipe"]["base"]).name
        chain.insert(0, (name, following["started_from"]["provenance"]))
    return chain


def _stages_table(training: Mapping[str, Any]) -> str:
    rows = []
    for name, run in stages(training):
        labels = run["data"]["train"]["labels"]
        rows.append(
            (
                f"`training/{name}.toml`",
                run["data"]["train"]["examples"],
                " / ".join(f"{labels[label.value]:,}" for label in LABELS),
                run["steps"],
                run["recipe"].get("schedule", "linear"),
                run["validation"]["macro_f1"],
                str(run["minutes"]),
            )
        )
    head = ("recipe", "pairs", "supports / denies / neutral", "steps", "learning rate", "validation macro-F1")
    return table((*head, "minutes"), rows)


def _scores_table(evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    head = (
        "evaluation",
        "pairs",
        "groups",
        "macro-F1",
        *(f"F1 {label}" for label in LABELS),
        "accuracy",
        "ECE",
    )
    rows = []
    for name, _, scores in _parts(evaluations):
        interval = scores["interval"]
        by_class = {label: f"{scores['per_class'][label.value]['f1']:.3f}" for label in LABELS}
        by_class[Label.DENIES] += _interval(interval["denies_f1"])
        rows.append(
            (
                name,
                scores["n"],
                interval["clusters"],
                f"{scores['macro_f1']:.3f}{_interval(interval['macro_f1'])}",
                *by_class.values(),
                scores["accuracy"],
                scores["ece"],
            )
        )
    return table(head, rows)


def _calibration_table(evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, part, scores in _parts(evaluations):
        if "slices" in evaluations[part]:
            at = scores["accuracy_at_coverage"]
            before, after = scores["ece_before_temperature"], scores["ece"]
            rows.append((name, before, after, scores["log_loss"], scores["aurc"], *at.values()))
    shares = [f"accuracy of the surest {float(share):.0%}" for share in at]
    return table(("evaluation", "ECE at T = 1", "ECE", "log loss", "AURC", *shares), rows)


def _parts(
    evaluations: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield what to call a part of an evaluation, the evaluation's name, and the scores of the part."""
    for name, parts in evaluations.items():
        for part, remark in (("related", ", related pairs"), ("all", ""), ("binary", ", two labels only")):
            if part in parts:
                yield name + remark, name, parts[part]


def _slices_table(slices: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            f"{one['facet']}: {one['value']}",
            one["n"],
            one["clusters"],
            f"{one['macro_f1']:.3f}{_interval(one['interval'])}",
            "" if one["denies_f1"] is None else f"{one['denies_f1']:.3f}",
        )
        for one in [one for one in slices if one["facet"] != GROUP][:WORST]
    ]
    return table(("slice", "pairs", "events", "macro-F1", "F1 denies"), rows)


def _capabilities_table(behaviour: Mapping[str, Any]) -> str:
    rows = [
        (name.replace("_", " "), one["cases"], one["consistency"], one["pairs"], one["accuracy"])
        for name, one in behaviour["capabilities"].items()
    ]
    return table(("capability", "sets", "share with all pairs right", "pairs", "accuracy"), rows)


def _noise_table(behaviour: Mapping[str, Any]) -> str:
    rows = [(name, one["changed"], one["largest_shift"]) for name, one in behaviour["noise"].items()]
    return table(("change of typography", "share of labels changed", "largest shift of a probability"), rows)


def _failures(mistakes: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            row["claim"],
            row["sentence"][:LARGEST_EXAMPLE],
            row["reference"],
            f"{row['label']} {row[row['label']]:.3f}",
        )
        for row in mistakes
    ]
    return table(("claim", "sentence", "right", "given"), rows)


def _risks_table(thresholds: Mapping[str, float]) -> str:
    rows = [(f"{float(risk):.0%}", f"{threshold:.3f}") for risk, threshold in thresholds.items()]
    return table(("wrong among those answered, at most", "least confidence"), rows)


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


def _example_table(example: Mapping[str, Any]) -> str:
    head = ("claim", "standing", *example["articles"])
    return table(head, [(row["claim"], row["standing"], *row["verdicts"]) for row in example["claims"]])


def _sources_table() -> str:
    return table(
        ("source", "origin", "licence"),
        [(name, source.origin, source.licence) for name, source in SOURCES.items()],
    )


def _minutes(runs: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    rows = []
    for name, run in runs:
        hardware = run["hardware"]
        where = f"{hardware['device']}, {hardware['threads']} threads, {hardware['precision']}"
        rows.append(
            (f"{name}.toml", run["data"]["train"]["examples"], run["steps"], where, str(run["minutes"]))
        )
    return table(("recipe", "pairs in an epoch", "steps", "measured on", "minutes"), rows)


def _interval(ends: Sequence[float]) -> str:
    return f" [{ends[0]:.2f}, {ends[1]:.2f}]"


def _fill(text: str, mark: str, content: str, path: Path) -> str:
    pattern = re.compile(rf"(<!-- {mark}:begin -->\n).*?(<!-- {mark}:end -->)", re.DOTALL)
    if not pattern.search(text):
        raise DataError(f"{path} has no place marked {mark}:begin and {mark}:end")
    return pattern.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)


def _result(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        raise DataError(f"{path} is missing; run: make run, then make evaluate")
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result
