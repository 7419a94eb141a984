"""Scores the embedded checkpoint and renders what is published of it. No number is typed.

``python -m stance.publish score``   writes ``training/results/*.json`` (``make evaluate``)
``python -m stance.publish render``  writes ``model_card.md`` and the marked parts of README and
                                     ``training/README.md`` from them (``make cards``)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stance.articles import article_files, read_article, read_claims
from stance.check import compare_sources
from stance.checkpoint import default_checkpoint
from stance.corpus.build import PAIR_COLUMNS, build_corpus, save_corpus
from stance.corpus.examples import Example, read_examples
from stance.errors import StanceError
from stance.evaluation.behaviour import CASES, behaviour_scores, read_cases
from stance.evaluation.harness import EvaluationReport, evaluate_classifier
from stance.evaluation.suites import evaluation_data
from stance.evaluation.verdicts import article_cells, verdicts_of_report
from stance.evaluation.voices import voice_scores
from stance.files import write_json, write_text
from stance.inference.classifier import StanceClassifier
from stance.output import say
from stance.pages import rendered_pages
from stance.results import RESULTS
from stance.schema import LABELS
from stance.verdicts import DECISIVE

KREMLIN_CALL, NEWSROOM = Path("data/kremlin_call"), Path("data/newsroom")
EXAMPLE_CLAIMS = KREMLIN_CALL / "example_claims.txt"
FLOORS = RESULTS / "floors.json"
FLOORED = ("newsroom test", "kremlin_call test, restated")
SLACK = 0.01
CURVES = ("risk_coverage", "reliability")
"""Long parts of the metrics, kept for the corpora of this project only."""


def score(articles: Path | None, suites: Path | None, quickstart: Path) -> None:
    """Evaluate the embedded checkpoint on the corpora's test splits and on public sets.

    Parameters
    ----------
    articles : Path, optional
        Folder of the verbatim articles; without it the verbatim edition is left out.
    suites : Path, optional
        Folder of public evaluation sets, one table each.
    quickstart : Path
        Folder of a finished main job, whose summary becomes part of the results.
    """
    checkpoint = default_checkpoint()
    classifier = StanceClassifier.from_pretrained()
    evaluations: dict[str, Any] = {}
    verdicts: dict[str, Any] = {}
    voices: dict[str, Any] = {}
    mistakes: list[dict[str, Any]] = []
    for name, examples in evaluation_sets(articles, suites):
        say(f"{name}: {len(examples):,} pairs")
        report = evaluate_classifier(classifier, examples, name, temperature=checkpoint.temperature)
        verdicts[name] = verdicts_of_report(report.predictions, examples)
        is_own = name.startswith((KREMLIN_CALL.name, NEWSROOM.name))
        evaluations[name] = report.to_dict() if is_own else _scores_only(report)
        told = voice_scores(classifier, examples) if is_own else None
        if told is not None:
            voices[name] = told
        if name.startswith(NEWSROOM.name):  # its texts are ours to show
            mistakes = _mistakes(report)
    size = sum(file.stat().st_size for file in checkpoint.path.iterdir())
    results = {
        "digest": checkpoint.digest,
        "megabytes": round(size / 1e6, 1),
        "temperature": checkpoint.temperature,
        "training": dict(checkpoint.provenance),
        "evaluations": evaluations,
        "voices": voices,
        "mistakes": mistakes,
        "behaviour": behaviour_scores(classifier, read_cases(CASES)),
    }
    write_json(RESULTS / "embedded.json", results)
    scored = {name: scores for name, scores in verdicts.items() if scores}
    write_json(RESULTS / "verdicts.json", {"digest": checkpoint.digest, "sets": scored})
    write_json(FLOORS, raised(json.loads(FLOORS.read_text("utf-8")) if FLOORS.is_file() else {}, evaluations))
    write_json(RESULTS / "example.json", _example_board(classifier))
    summary = quickstart / "summary.json"
    if summary.is_file():
        write_json(RESULTS / "quickstart.json", json.loads(summary.read_text(encoding="utf-8")))


def raised(
    floors: Mapping[str, Mapping[str, Any]], evaluations: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the scores below which the embedded checkpoint must not fall, raised by new results.

    A floor is what was reached less ``SLACK``. It never falls while its data stay the same; other data,
    told by their digest, begin anew.

    Parameters
    ----------
    floors : mapping
        By evaluation ``data_sha256``, ``macro_f1`` and ``denies_f1``.
    evaluations : mapping
        By name, as :meth:`EvaluationReport.to_dict` gives them.
    """
    new = {}
    for name in FLOORED:
        reached = evaluations[name]
        sha256 = reached["about"]["data_sha256"]
        old = floors.get(name, {})
        known = old if old.get("data_sha256") == sha256 else {}
        scores = {
            score: max(known.get(score, 0.0), round(reached["all"][score] - SLACK, 3))
            for score in ("macro_f1", "denies_f1")
        }
        new[name] = {"data_sha256": sha256, **scores}
    return new


def evaluation_sets(articles: Path | None, suites: Path | None) -> Iterator[tuple[str, list[Example]]]:
    """Yield name and examples of everything that the embedded checkpoint is scored on."""
    yield "kremlin_call test, restated", read_examples(KREMLIN_CALL, "test")
    if articles is not None:
        built = Path("runs/corpus/verbatim")
        save_corpus(build_corpus(KREMLIN_CALL, articles), PAIR_COLUMNS, built)
        yield "kremlin_call test, verbatim", read_examples(built, "test")
    yield "newsroom test", read_examples(NEWSROOM, "test")
    if suites is not None:
        for one in evaluation_data([suites], suite="public"):
            yield one.name, one.read()


def _scores_only(report: EvaluationReport) -> dict[str, Any]:
    metrics = {
        part: {name: value for name, value in values.items() if name not in CURVES}
        for part, values in report.metrics.items()
    }
    return {"name": report.name, **metrics, "about": dict(report.about)}


def _mistakes(report: EvaluationReport) -> list[dict[str, Any]]:
    """Return the most confident mistake of every kind: right label, label given."""
    worst: dict[tuple[str, str], dict[str, Any]] = {}
    for row in report.predictions:
        right, given = row["reference"], row["label"]
        if right == given or row.get(given) is None:
            continue
        kept = worst.setdefault((right, given), dict(row))
        if row[given] > kept[given]:
            worst[right, given] = dict(row)
    order = [label.value for label in LABELS]
    return [
        {name: row[name] for name in ("claim", "sentence", "reference", "label", *order)}
        for _, row in sorted(worst.items(), key=lambda item: [order.index(label) for label in item[0]])
    ]


def _example_board(classifier: StanceClassifier) -> dict[str, Any]:
    claims = read_claims(EXAMPLE_CLAIMS)
    articles = [read_article(file) for file in article_files([KREMLIN_CALL / "retold"])]
    board = compare_sources(classifier, claims, articles)
    labelled = read_examples(KREMLIN_CALL, "test")
    unanswered = np.full((len(labelled), len(LABELS)), np.nan)
    truth = {(one.claim, one.article): one.truth.value for one in article_cells(labelled, unanswered)}
    return {
        "decisive": DECISIVE,
        "articles": [article.name for article in articles],
        "claims": [
            {
                "claim": claims[row],
                "standing": board.standing(row),
                "verdicts": [check.verdict.value for check in board.checks[row]],
                "truth": [truth[claims[row], article.name] for article in articles],
            }
            for row in board.ranked()
        ],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the two commands from the root of a clone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("command", choices=["score", "render"])
    parser.add_argument("--articles", type=Path, help="folder of the verbatim articles")
    parser.add_argument("--suites", type=Path, help="folder of public evaluation sets")
    parser.add_argument(
        "--quickstart", type=Path, default=Path("runs/quickstart"), help="a finished main job"
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "score":
            score(options.articles, options.suites, options.quickstart)
        else:
            for path, text in rendered_pages().items():
                write_text(path, text)
    except StanceError as error:
        say(f"publish: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
