"""Whether the sentence before helps the model, which was trained on single sentences, as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stance.corpus.examples import Example, parse_example
from stance.errors import InputError
from stance.evaluation.comparison import compare_predictions
from stance.evaluation.harness import evaluate_classifier
from stance.inference.classifier import StanceClassifier
from stance.publish import KREMLIN_CALL, NEWSROOM
from stance.results import write_result
from stance.schema import Predictor
from stance.studies.runs import selected_scores
from stance.tables import read_table


def context() -> None:
    """Score the embedded checkpoint with and without the sentence before, and write ``context.json``.

    On the validation splits, for the sentences whose predecessor the corpus names (column ``context``): in
    newsroom those that lean on it (form ``mid``), in kremlin_call all but the first of each article.
    """
    classifier = StanceClassifier.from_pretrained()
    corpora = {folder.name: folder / "validation.parquet" for folder in (NEWSROOM, KREMLIN_CALL)}
    results = {name: context_scores(classifier, *leaning(table)) for name, table in corpora.items()}
    write_result("context", {"sets": results})


def leaning(table: Path) -> tuple[list[Example], list[Example]]:
    """Return the pairs whose sentence has one before it, alone and with that one in front.

    Raises
    ------
    InputError
        If there are none.
    """
    alone, following = [], []
    for row in read_table(table):
        before = row.values.get("context")
        if not before:
            continue
        example = parse_example({**row.values, "voice": None}, f"{table}, row {row.number}", table.stem)
        alone.append(example)
        following.append(example._replace(sentence=f"{before} {example.sentence}"))
    if not alone:
        raise InputError(f"{str(table)!r} names no sentence before any other in a column 'context'")
    return alone, following


def context_scores(
    predictor: Predictor, alone: Sequence[Example], following: Sequence[Example]
) -> dict[str, Any]:
    """Return the scores of both, and their differences with intervals over groups."""
    reports = {
        "alone": evaluate_classifier(predictor, alone),
        "after the sentence before": evaluate_classifier(predictor, following),
    }
    first, second = ([row["label"] for row in report.predictions] for report in reports.values())
    differences = compare_predictions(
        [example.label.value for example in alone], first, second, [example.group for example in alone]
    )
    return {
        "n": len(alone),
        "scores": {name: selected_scores(report.metrics)["all"] for name, report in reports.items()},
        "differences": [one.to_dict() for one in differences],
    }
