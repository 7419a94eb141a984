"""Tables of the published pages, each from what ``training/results`` holds of one thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.cards import table
from stance.corpus.sources import SOURCES
from stance.evaluation.slices import GROUP
from stance.schema import LABELS, Label

WORST = 12
"""Slices that the model card shows."""

LARGEST_EXAMPLE = 400
"""Characters of a text shown as an example."""


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


def stages_table(training: Mapping[str, Any]) -> str:
    """Return a row for every stage of the training of the embedded checkpoint."""
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


def scores_table(evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the scores of every part of every evaluation, with intervals."""
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
        by_class[Label.DENIES] += shown_interval(interval["denies_f1"])
        rows.append(
            (
                name,
                scores["n"],
                interval["clusters"],
                f"{scores['macro_f1']:.3f}{shown_interval(interval['macro_f1'])}",
                *by_class.values(),
                scores["accuracy"],
                scores["ece"],
            )
        )
    return table(head, rows)


def calibration_table(evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how far probabilities can be trusted, for the evaluations that have slices."""
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


def controls_table(
    evaluations: Mapping[str, Mapping[str, Any]], controls: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return macro-F1 and F1 of ``denies`` of the model and of what it must beat, an evaluation a row."""
    names = list(next(iter(controls.values())))
    rows = [
        (name, *(_both(one["all"]) for one in (evaluations[name], *(found[n] for n in names))))
        for name, found in controls.items()
        if name in evaluations
    ]
    return table(("evaluation", "this model", *names), rows)


def curve_table(points: Sequence[Mapping[str, Any]], quantity: str) -> str:
    """Return the points of a learning curve."""
    rows = [(one[quantity], *_with_intervals(one)) for one in points]
    return table((f"training {quantity}", "macro-F1", "F1 denies"), rows)


def outlets_table(outlets: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the scores on outlets that were left out of the training beside those of seen ones."""
    rows = [
        (f"{outlet}, {part} pairs", *_with_intervals(scores))
        for outlet, parts in outlets.items()
        for part, scores in parts.items()
    ]
    return table(("outlet of the test pairs", "macro-F1", "F1 denies"), rows)


def context_table(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the scores of sentences that lean on another, alone and with that one in front."""
    ways = list(next(iter(sets.values()))["scores"])
    rows = [(name, one["n"], *(_both(one["scores"][way]) for way in ways)) for name, one in sets.items()]
    return table(("validation pairs of", "pairs", *ways), rows)


def emergent_table(emergent: Mapping[str, Any]) -> str:
    """Return the scores on Emergent beside the published ones."""
    rows = [
        (name, one["accuracy"], one["macro_f1"], one["denies_f1"])
        for name, one in (*emergent["published"].items(), ("`emergent.toml`", emergent["fine-tuned"]))
    ]
    return table(("model", "accuracy", "macro-F1", "F1 against"), rows)


def fnc_table(fnc: Mapping[str, Any]) -> str:
    """Return the scores in the Fake News Challenge beside the published ones."""
    ours = {**fnc, "disagree_f1": fnc["per_class"]["disagree"]}
    rows = [
        (name, one["fnc_score"], one["macro_f1"], one["disagree_f1"])
        for name, one in (*fnc["published"].items(), ("`make fnc1`", ours))
    ]
    return table(("system", "FNC score", "macro-F1", "F1 disagree"), rows)


def forgetting_table(scores: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return accuracy and macro-F1 before and after a fine-tuning on few pairs."""
    rows = [
        (name, model, one["accuracy"], *_with_intervals(one))
        for name, models in scores.items()
        for model, one in models.items()
    ]
    return table(("test pairs", "model", "accuracy", "macro-F1", "F1 denies"), rows)


def bigger_table(
    sets: Mapping[str, Mapping[str, Mapping[str, Any]]], evaluations: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return the scores of a bigger network beside those of the embedded checkpoint."""
    embedded = {name: scores for name, _, scores in _parts(evaluations)}
    rows = [
        (name, _both(embedded[name]), _both(scores)) for name, _, scores in _parts(sets) if name in embedded
    ]
    return table(("macro-F1 / F1 denies", "embedded", "bigger"), rows)


def slices_table(slices: Sequence[Mapping[str, Any]]) -> str:
    """Return the worst slices."""
    rows = [
        (
            f"{one['facet']}: {one['value']}",
            one["n"],
            one["clusters"],
            f"{one['macro_f1']:.3f}{shown_interval(one['interval'])}",
            "" if one["denies_f1"] is None else f"{one['denies_f1']:.3f}",
        )
        for one in [one for one in slices if one["facet"] != GROUP][:WORST]
    ]
    return table(("slice", "pairs", "events", "macro-F1", "F1 denies"), rows)


def capabilities_table(behaviour: Mapping[str, Any]) -> str:
    """Return how the model does on minimal sets."""
    rows = [
        (name.replace("_", " "), one["cases"], one["consistency"], one["pairs"], one["accuracy"])
        for name, one in behaviour["capabilities"].items()
    ]
    return table(("capability", "sets", "share with all pairs right", "pairs", "accuracy"), rows)


def noise_table(behaviour: Mapping[str, Any]) -> str:
    """Return what typography does to labels and probabilities."""
    rows = [(name, one["changed"], one["largest_shift"]) for name, one in behaviour["noise"].items()]
    return table(("change of typography", "share of labels changed", "largest shift of a probability"), rows)


def failures_table(mistakes: Sequence[Mapping[str, Any]]) -> str:
    """Return mistakes with their texts."""
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


def risks_table(thresholds: Mapping[str, float]) -> str:
    """Return the least confidence for every risk."""
    rows = [
        (f"{float(risk):.0%}", f"{threshold:.3f}" if threshold <= 1 else "none is enough")
        for risk, threshold in thresholds.items()
    ]
    return table(("wrong among those answered, at most", "least confidence"), rows)


def sources_table() -> str:
    """Return the public sources of training data."""
    return table(
        ("source", "origin", "licence"),
        [(name, source.origin, source.licence) for name, source in SOURCES.items()],
    )


def minutes_table(runs: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Return how long the recipes took, and where."""
    rows = []
    for name, run in runs:
        hardware = run["hardware"]
        where = f"{hardware['device']}, {hardware['threads']} threads, {hardware['precision']}"
        rows.append(
            (f"{name}.toml", run["data"]["train"]["examples"], run["steps"], where, str(run["minutes"]))
        )
    return table(("recipe", "pairs in an epoch", "steps", "measured on", "minutes"), rows)


def shown_interval(ends: Sequence[float]) -> str:
    """Return the ends of an interval in brackets, behind a blank."""
    return f" [{ends[0]:.2f}, {ends[1]:.2f}]"


def _both(scores: Mapping[str, Any]) -> str:
    return f"{scores['macro_f1']:.3f} / {scores['denies_f1']:.3f}"


def _with_intervals(scores: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{scores[key]:.3f}{shown_interval(scores['interval'][key])}" for key in ("macro_f1", "denies_f1")
    )
