"""The main job: corpus, fine-tuning, evaluation, comparison, report, in one go (``make run``)."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from stance.articles import article_files, read_article
from stance.board import write_board
from stance.check import SourceComparison, compare_sources
from stance.checkpoint import Checkpoint, default_checkpoint
from stance.console import add_scores, scores_table, show, show_comparison
from stance.corpus.build import PAIR_COLUMNS, build_corpus, save_corpus
from stance.corpus.examples import read_examples
from stance.corpus.records import read_standoff
from stance.errors import InputError, StanceError
from stance.evaluation.harness import EvaluationReport, evaluate_classifier
from stance.evaluation.writing import write_evaluation
from stance.files import write_json
from stance.inference.classifier import StanceClassifier
from stance.report import errors_section, link_section, metrics_section, write_report
from stance.train.config import DataPart, TrainConfig
from stance.train.libraries import prepare_libraries
from stance.train.recipe import load_config

ERR = Console(stderr=True)

MADE = ("corpus", "model", "evaluation", "comparison.json", "board.html", "report.html", "summary.json")
"""What a run leaves in its folder."""


def run(corpus: Path, recipe: Path, out: Path, articles: Path | None = None) -> float:
    """Do the main job and return how many minutes it took.

    Parameters
    ----------
    corpus : Path
        Corpus folder with stand-off tables.
    recipe : Path
        Its parts that name the corpus folder are pointed to the edition built here.
    out : Path
        Folder for everything that is made; an earlier run in it is replaced.
    articles : Path, optional
        Folder of the verbatim articles; without it the restated edition is used.

    Raises
    ------
    InputError
        If ``out`` holds anything else.
    """
    started = time.time()
    prepare_libraries()
    edition = "restated" if articles is None else "verbatim"
    config = load_config(recipe)
    _clear(out)

    ERR.rule(f"1/5  building the {edition} corpus")
    save_corpus(build_corpus(corpus, articles), PAIR_COLUMNS, out / "corpus")

    ERR.rule("2/5  fine-tuning the embedded checkpoint")
    checkpoint = _fine_tune(_pointed(config, corpus, out / "corpus"), out / "model")

    ERR.rule("3/5  evaluating on claims that no training saw")
    examples = read_examples(out / "corpus", "test")
    reports = []
    for name, one in (("embedded", default_checkpoint()), ("fine-tuned", checkpoint)):
        classifier = StanceClassifier.from_pretrained(one.path)
        reports.append(evaluate_classifier(classifier, examples, f"{name}, {edition}"))
    write_evaluation(reports[-1], out / "evaluation")

    ERR.rule("4/5  comparing the five articles")
    claims = [claim.claim for claim in read_standoff(corpus).claims if claim.split == "test"]
    files = article_files([articles or corpus / "retold"])
    comparison = compare_sources(classifier, claims, [read_article(file) for file in files])

    ERR.rule("5/5  writing the report")
    _write(out, reports, comparison)
    minutes = (time.time() - started) / 60
    summary = {
        "edition": edition,
        "minutes": round(minutes, 1),
        "training": dict(checkpoint.provenance),
        "evaluations": {report.name: report.to_dict() for report in reports},
    }
    write_json(out / "summary.json", summary)
    _show(reports, comparison)
    return minutes


def _clear(out: Path) -> None:
    """Remove what an earlier run has left."""
    if not out.exists():
        return
    foreign = [out] if not out.is_dir() else [file for file in out.iterdir() if file.name not in MADE]
    if foreign:
        raise InputError(
            f"{str(out)!r} is to be replaced, but {str(foreign[0])!r} is none of what this makes; give "
            "another --out"
        )
    shutil.rmtree(out)


def _pointed(config: TrainConfig, corpus: Path, built: Path) -> TrainConfig:
    """Let the parts of a recipe that name the corpus folder read the edition built for this run."""

    def point(parts: tuple[DataPart, ...]) -> tuple[DataPart, ...]:
        return tuple(
            replace(part, data=str(built)) if Path(part.data).resolve() == corpus.resolve() else part
            for part in parts
        )

    return replace(config, train=point(config.train), validation=point(config.validation))


def _fine_tune(config: TrainConfig, out: Path) -> Checkpoint:
    from stance.train.trainer import train  # here: it loads torch

    return train(config, out)


def _write(out: Path, reports: Sequence[EvaluationReport], comparison: SourceComparison) -> None:
    write_json(out / "comparison.json", comparison.to_dict())
    final = reports[-1]
    write_board(out / "board.html", comparison)
    sections = [link_section("board.html", "The board: who says what, and in which sentence")]
    for part, title in (("related", "Held-out claims, related pairs"), ("all", "Held-out claims, all pairs")):
        sections.append(metrics_section(title, final.metrics[part]))
    sections.append(errors_section(final.predictions))
    write_report(out / "report.html", "The main job: how well held-out claims are judged", sections)


def _show(reports: Sequence[EvaluationReport], comparison: SourceComparison) -> None:
    show_comparison(comparison)
    table = scores_table("held-out claims")
    for report in reports:
        for part, metrics in report.metrics.items():
            add_scores(table, f"{report.name}, {part} pairs", metrics)
    show(table)


def main() -> int:
    """Run the main job from the root of a clone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/kremlin_call"))
    parser.add_argument("--recipe", type=Path, default=Path("training/quickstart.toml"))
    parser.add_argument("--out", type=Path, default=Path("runs/quickstart"))
    parser.add_argument("--articles", type=Path, help="folder of the verbatim articles")
    options = parser.parse_args()
    try:
        minutes = run(options.corpus, options.recipe, options.out, options.articles)
    except StanceError as error:
        ERR.print(f"quickstart: {error}", markup=False)
        return 1
    ERR.print(
        f"done in {minutes:.1f} minutes. Look at {options.out}/report.html and board.html; beside them are "
        "evaluation/ (scores, every prediction), comparison.json (the board) and model/ (the checkpoint).",
        markup=False,
        highlight=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
