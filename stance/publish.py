"""Scores the embedded checkpoint and renders what is published of it. No number is typed.

``python -m stance.publish score``   writes ``training/results/*.json`` (``make evaluate``)
``python -m stance.publish render``  writes ``model_card.md`` and the marked parts of README and
                                     ``training/README.md`` from them (``make cards``)
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.articles import article_files, read_article, read_claims
from stance.cards import render, table
from stance.check import compare_sources
from stance.checkpoint import FILES, MANIFEST, default_checkpoint
from stance.corpus.build import PAIR_COLUMNS, build_corpus, save_corpus
from stance.corpus.examples import Example, read_examples
from stance.corpus.sources import SOURCES
from stance.errors import DataError, StanceError
from stance.evaluation.harness import evaluate_classifier
from stance.evaluation.suites import suite_data
from stance.files import write_json, write_text
from stance.inference.classifier import StanceClassifier
from stance.schema import LABELS, Label

RESULTS = Path("training/results")
KREMLIN_CALL, NEWSROOM = Path("data/kremlin_call"), Path("data/newsroom")
README_SETS = ("kremlin_call", "newsroom", "mnli")
"""Beginnings of the names of the evaluations that the README shows; the model card shows all."""
EXAMPLE_CLAIMS = KREMLIN_CALL / "example_claims.txt"


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
    evaluations = {
        name: evaluate_classifier(classifier, examples, name).to_dict()
        for name, examples in evaluation_sets(articles, suites)
    }
    size = sum((checkpoint.path / name).stat().st_size for name in (*FILES, MANIFEST))
    results = {
        "digest": checkpoint.digest,
        "megabytes": round(size / 1e6, 1),
        "temperature": checkpoint.temperature,
        "training": dict(checkpoint.provenance),
        "evaluations": evaluations,
    }
    write_json(RESULTS / "embedded.json", results)
    write_json(RESULTS / "example.json", _example_board(classifier))
    summary = quickstart / "summary.json"
    if summary.is_file():
        write_json(RESULTS / "quickstart.json", json.loads(summary.read_text(encoding="utf-8")))


def render_cards() -> None:
    """Write the model card and the marked parts of the READMEs from the results.

    Raises
    ------
    DataError
        If a result or a mark is missing, or the results belong to another checkpoint.
    """
    for path, text in rendered_cards().items():
        write_text(path, text)


def rendered_cards() -> dict[Path, str]:
    """Return what each published file should hold, by path."""
    embedded, quickstart, example = (_result(name) for name in ("embedded", "quickstart", "example"))
    if embedded["digest"] != default_checkpoint().digest:
        raise DataError(f"{RESULTS}/embedded.json is of another checkpoint; run: make evaluate")
    training = embedded["training"]
    if "started_from" not in training:
        raise DataError(
            f"{RESULTS}/embedded.json knows no first stage; train with training/inference.toml first"
        )
    first = training["started_from"]["provenance"]
    own = {name: one for name, one in embedded["evaluations"].items() if name.startswith(README_SETS)}
    values = {
        **embedded,
        "megabytes": str(embedded["megabytes"]),
        "training": {**training, "minutes": str(training["minutes"]), "remark": _remark(training)},
        "first": {**first, "minutes": str(first["minutes"])},
        "scores": _scores_table(own),
        "all_scores": _scores_table(embedded["evaluations"]),
        "sources": _sources_table(),
        "example": _example_table(example),
        "minutes": _minutes(training, quickstart),
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


def evaluation_sets(articles: Path | None, suites: Path | None) -> Iterator[tuple[str, list[Example]]]:
    """Yield name and examples of everything that the embedded checkpoint is scored on."""
    yield "kremlin_call test, restated", read_examples(KREMLIN_CALL, "test")
    if articles is not None:
        built = Path("runs/corpus/verbatim")
        save_corpus(build_corpus(KREMLIN_CALL, articles), PAIR_COLUMNS, built)
        yield "kremlin_call test, verbatim", read_examples(built, "test")
    yield "newsroom test", read_examples(NEWSROOM, "test")
    if suites is not None:
        yield from suite_data("public", suites, "test")


def _example_board(classifier: StanceClassifier) -> dict[str, Any]:
    claims = read_claims(EXAMPLE_CLAIMS)
    articles = [read_article(file) for file in article_files([KREMLIN_CALL / "retold"])]
    board = compare_sources(classifier, claims, articles)
    return {
        "articles": [article.name for article in articles],
        "claims": [
            {
                "claim": claims[row],
                "standing": board.standing(row),
                "verdicts": [check.verdict.value for check in board.checks[row]],
            }
            for row in board.ranked()
        ],
    }


def _example_table(example: Mapping[str, Any]) -> str:
    head = ("claim", "standing", *example["articles"])
    return table(head, [(row["claim"], row["standing"], *row["verdicts"]) for row in example["claims"]])


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
    for name, parts in evaluations.items():
        for part in ("related", "all"):
            if part not in parts:
                continue
            scores = parts[part]
            interval = scores["interval"]
            by_class = {label: f"{scores['per_class'][label.value]['f1']:.3f}" for label in LABELS}
            by_class[Label.DENIES] += _interval(interval["denies_f1"])
            rows.append(
                (
                    f"{name}, related pairs" if part == "related" else name,
                    scores["n"],
                    interval["clusters"],
                    f"{scores['macro_f1']:.3f}{_interval(interval['macro_f1'])}",
                    *by_class.values(),
                    scores["accuracy"],
                    scores["ece"],
                )
            )
    return table(head, rows)


def _interval(ends: Sequence[float]) -> str:
    return f" [{ends[0]:.2f}, {ends[1]:.2f}]"


def _sources_table() -> str:
    return table(
        ("source", "origin", "licence"),
        [(name, source.origin, source.licence) for name, source in SOURCES.items()],
    )


def _minutes(training: Mapping[str, Any], quickstart: Mapping[str, Any]) -> str:
    rows = []
    for recipe, run in (
        ("inference.toml", training["started_from"]["provenance"]),
        ("news.toml", training),
        ("quickstart.toml", quickstart["training"]),
    ):
        hardware = run["hardware"]
        where = f"{hardware['device']}, {hardware['threads']} threads, {hardware['precision']}"
        rows.append((recipe, run["data"]["train"]["examples"], run["steps"], where, str(run["minutes"])))
    return table(("recipe", "pairs in an epoch", "steps", "measured on", "minutes"), rows)


def _remark(training: Mapping[str, Any]) -> str:
    return f" ({training['remark']})" if training.get("remark") else ""


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


def main() -> int:
    """Run one of the two commands from the root of a clone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("command", choices=["score", "render"])
    parser.add_argument("--articles", type=Path, help="folder of the verbatim articles")
    parser.add_argument("--suites", type=Path, help="folder of public evaluation sets")
    parser.add_argument(
        "--quickstart", type=Path, default=Path("runs/quickstart"), help="a finished main job"
    )
    options = parser.parse_args()
    try:
        if options.command == "score":
            score(options.articles, options.suites, options.quickstart)
        else:
            render_cards()
    except StanceError as error:
        print(f"publish: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
