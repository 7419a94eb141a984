"""The command line: one short function a verb, imports inside the verb.

Data go to stdout, progress and messages to stderr. Exit code 0: done, 1: failed, 2: wrong usage,
130: interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stance.batch_cli import classify_files
from stance.errors import StanceError
from stance.evaluate_cli import evaluate
from stance.opening import from_clone, open_classifier
from stance.output import is_main_process, print_json, say
from stance.printable import printable
from stance.serve_cli import serve
from stance.usage import CORPUS, build_parser

if TYPE_CHECKING:
    from stance.check import SourceComparison
    from stance.schema import Prediction

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it: 128 and the number of the signal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    verbs = (classify, check, compare, build, train, export, evaluate, serve)
    options = build_parser({verb.__name__: verb for verb in verbs}).parse_args(arguments)
    options.usage(options)
    if hasattr(sys.stdout, "reconfigure"):  # what is printed is UTF-8, wherever it goes
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        code = int(options.run(options))
        if sys.stdout is not None:  # None: it was closed before we began, as by `>&-`
            sys.stdout.flush()
        return code
    except StanceError as error:
        return _fail(str(error))
    except KeyboardInterrupt as interrupt:  # a verb may have added what to do about it
        return _fail("; ".join(["interrupted", *map(str, interrupt.args)]), INTERRUPTED)
    except BrokenPipeError:
        # the reader of our output went away, as `| head` does: no failure of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(f"{error.filename or 'the system'}: {error.strerror or error}")


def classify(options: argparse.Namespace) -> int:
    """Classify one pair or a file of pairs."""
    if not options.pairs:
        prediction = open_classifier(options).classify(options.claim, options.sentence)
        if options.json:
            print_json(prediction.to_dict())
        else:
            print(_in_one_line(prediction))
        return 0
    counts = classify_files(options)
    if options.json:
        print_json({**counts, "out": options.out})
    else:
        say(f"{counts['rows']:,} rows to {options.out}, {counts['errors']:,} of them with an error")
    return 0


def _in_one_line(prediction: Prediction) -> str:
    parts = [str(prediction.label), *(f"{label} {p:.3f}" for label, p in prediction.probabilities.items())]
    if prediction.voice is not None:
        parts.append(f"voice: {printable(prediction.voice) or 'the outlet itself'}")
    if prediction.truncated:
        parts.append("(end of the sentence not read)")
    return "  ".join(parts)


def check(options: argparse.Namespace) -> int:
    """Hold a claim against an article."""
    from stance.articles import read_article
    from stance.check import check_article
    from stance.compare_cli import check_outputs
    from stance.console import show_check

    check_outputs(options, [options.article])
    classifier = open_classifier(options)
    result = check_article(classifier, options.claim, read_article(options.article))
    if options.explain:
        from stance.explain import explained

        result = explained(classifier, result)
    if options.html:
        from stance.board import write_board
        from stance.check import SourceComparison

        write_board(options.html, SourceComparison((result.claim,), (result.article,), ((result,),)))
        say(f"wrote {options.html}")
    if options.json:
        print_json(result.to_dict())
    else:
        show_check(result)
    return 0


def compare(options: argparse.Namespace) -> int:
    """Hold claims against several articles."""
    from stance.check import compare_sources
    from stance.compare_cli import check_outputs, parts_of, readable_articles, suggested_claims, usable_claims
    from stance.console import show_comparison

    check_outputs(options, options.articles, options.claims)
    classifier, parts = open_classifier(options), parts_of(options)
    claims, unusable = usable_claims(options.claims, classifier) if options.claims else ([], 0)
    articles, failed = readable_articles(options.articles, options.claims)
    suggestions = suggested_claims(classifier, articles, options.suggest_claims)
    claims += [one.claim for one in suggestions]
    result = compare_sources(classifier, claims, articles, parts=parts, progress=True)
    result = replace(result, suggestions=suggestions)
    _write_board(options, result)
    try:
        if options.json:
            print_json(result.to_dict())
        else:
            show_comparison(result)
    except BrokenPipeError:  # the reader has seen enough
        parts.discard()
        raise
    parts.discard()
    if failed:
        say(f"{failed} of {failed + len(articles)} articles could not be read")
    if unusable:
        say(f"{unusable} of {unusable + len(claims)} claims could not be used")
    return 1 if failed or unusable else 0


def _write_board(options: argparse.Namespace, result: SourceComparison) -> None:
    from stance.board import write_board
    from stance.board_tables import write_board_csv, write_board_markdown

    for path, write in (
        (options.html, write_board),
        (options.csv, write_board_csv),
        (options.markdown, write_board_markdown),
    ):
        if path:
            write(path, result)
            say(f"wrote {path}")


def build(options: argparse.Namespace) -> int:
    """Build a corpus from its annotations."""
    from stance.corpus.build import PAIR_COLUMNS, build_corpus, save_corpus, statistics

    corpus = options.corpus or from_clone(CORPUS, "--corpus FOLDER")
    rows = build_corpus(corpus, options.articles)
    edition = "restated" if options.articles is None else "verbatim"
    name = edition
    if options.leave_out:
        from stance.corpus.folds import leave_out

        rows, name = leave_out(rows, options.leave_out), f"{edition}-without-{options.leave_out}"
    out = options.out or Path("runs/corpus") / name
    save_corpus(rows, PAIR_COLUMNS, out)
    counts = statistics(rows)
    if options.json:
        print_json({"edition": edition, "out": str(out), "splits": counts})
    else:
        for split, values in counts.items():
            labels = ", ".join(f"{n:,} {label}" for label, n in values["labels"].items())
            print(f"{split:10}  {values['pairs']:6,} pairs  {values['claims']:3} claims  {labels}")
        say(f"{edition} edition written to {out}; open it with datasets.load_from_disk({str(out)!r})")
    return 0


def train(options: argparse.Namespace) -> int:
    """Train a checkpoint from a recipe."""
    from stance.train.libraries import prepare_libraries
    from stance.train.recipe import load_config

    config = load_config(options.recipe, options.set)
    prepare_libraries()
    from stance.train.trainer import train as run_training

    out = options.out or Path("runs") / Path(options.recipe).stem
    checkpoint = run_training(config, out, resume=options.resume)
    if not is_main_process():
        return 0
    scores = checkpoint.provenance["validation"]
    if options.json:
        print_json({"checkpoint": str(checkpoint.path), "validation": scores})
    else:
        say(f"checkpoint in {checkpoint.path}; macro-F1 on validation {scores['macro_f1']:.3f}")
        say(f"next: stance evaluate --model {checkpoint.path} --data YOUR_TEST_FILE")
    return 0


def export(options: argparse.Namespace) -> int:
    """Turn a transformers folder into a checkpoint."""
    from stance.train.libraries import prepare_libraries

    prepare_libraries()
    from stance.train.export import export_checkpoint

    checkpoint = export_checkpoint(options.model_folder, options.out)
    say(f"checkpoint in {checkpoint.path} (digest {checkpoint.digest[:12]})")
    if options.json:
        print_json({"checkpoint": str(checkpoint.path), "digest": checkpoint.digest})
    return 0


def _fail(message: str, code: int = 1) -> int:
    say(f"stance: {message}")
    return code
