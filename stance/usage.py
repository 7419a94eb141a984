"""What the command line accepts: verbs, their options and an example of each."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from stance import __version__
from stance.corpus.examples import SPLITS
from stance.corpus_cli import VERBS
from stance.errors import InputError
from stance.option_types import positive, worker_counts
from stance.service.limits import Limits

CORPUS = "data/kremlin_call"
"""Where a clone of the project keeps the corpus of the five articles."""

FORMATS = ("label-studio", "doccano", "argilla", "csv")
"""As in :mod:`stance.corpus.exchange`, which is not loaded before it is needed."""

SUITES = (
    "public: every table in the folder --data, or without one the public test sets on the hub; behaviour: "
    "minimal sets of pairs and noise in the text"
)

LIMITS = {
    "body_bytes": "most bytes in the body of a request",
    "pairs": "most pairs in a request; of a comparison: claims times sentences",
    "characters": "most characters in one text",
    "requests": "most requests at a time",
    "waiting_pairs": "most pairs accepted and not answered yet, of all requests",
    "batch_tokens": "tokens computed together",
}

Verb = Callable[[argparse.Namespace], int]


def build_parser(runs: Mapping[str, Verb]) -> argparse.ArgumentParser:
    """Return the parser; ``runs`` gives the function of every verb by its name."""
    parser = argparse.ArgumentParser(
        prog="stance",
        description="Which sources support a claim, which deny it, and in which sentence.",
        epilog="stance VERB --help shows the options of a verb, with an example.",
    )
    parser.add_argument("--version", action="version", version=f"stance {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    _add_inference_verbs(verbs, runs)
    _add_serve_verb(verbs, runs)
    _add_training_verbs(verbs, runs)
    _add_corpus_verbs(verbs)
    return parser


def _add_inference_verbs(verbs: Any, runs: Mapping[str, Verb]) -> None:
    verb = _add_verb(
        verbs, runs["classify"], "stance classify --claim 'It rained.' --sentence 'It rained all night.'"
    )
    verb.add_argument(
        "pairs",
        nargs="*",
        help="tables with claim, sentence (.csv, .jsonl, .parquet); folders, patterns, URLs",
    )
    verb.add_argument("--out", help="where to write the labelled rows (.parquet, .jsonl or .csv)")
    verb.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    verb.add_argument("--shards", action="store_true", help="leave a folder of shards instead of one file")
    verb.add_argument("--rows-per-shard", type=positive, metavar="N", help="rows of a shard (default 8192)")
    verb.add_argument("--engine", choices=["local", "ray"], default="local", help="ray: on a cluster")
    verb.add_argument("--workers", type=worker_counts, metavar="N|MIN:MAX", help="of ray (default 1 to all)")
    verb.add_argument("--claim", help="one claim")
    verb.add_argument("--sentence", help="one sentence to hold against it")
    verb.set_defaults(usage=lambda options, verb=verb: _check_classify_usage(verb, options))
    _add_model(verb)

    verb = _add_verb(
        verbs, runs["check"], "stance check --claim 'The two leaders spoke by phone.' article.txt"
    )
    verb.add_argument(
        "article",
        type=Path,
        help="one article: .txt; .json with text and, if known, outlet, title, published, url; .html",
    )
    verb.add_argument("--claim", required=True, help="the claim to hold against it")
    verb.add_argument("--explain", action="store_true", help="mark the words that matter most for the labels")
    verb.add_argument("--html", type=Path, help="write the sentences that decide as one self-contained page")
    _add_model(verb)

    verb = _add_verb(verbs, runs["compare"], "stance compare --claims claims.txt articles/ --html board.html")
    verb.add_argument("articles", nargs="+", type=Path, help="article files, or folders of them")
    claims = verb.add_mutually_exclusive_group(required=True)
    claims.add_argument("--claims", type=Path, help="a text file with one claim a line")
    claims.add_argument(
        "--suggest-claims", type=positive, metavar="N", help="take at most N claims from the articles"
    )
    verb.add_argument("--html", type=Path, help="write the board as one self-contained page")
    verb.add_argument("--csv", type=Path, help="write a row for every claim and article")
    verb.add_argument("--markdown", type=Path, help="write the board as a Markdown table")
    verb.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    verb.add_argument(
        "--parts",
        type=Path,
        help="folder for partial results (default NAME.parts beside the claims, or else the first article)",
    )
    _add_model(verb)


def _add_serve_verb(verbs: Any, runs: Mapping[str, Verb]) -> None:
    verb = _add_verb(verbs, runs["serve"], "stance serve --port 8000")
    verb.add_argument(
        "--host",
        default="127.0.0.1",
        help="address (default: this machine only); where STANCE_API_KEY is set, clients must show it",
    )
    verb.add_argument("--port", type=int, default=8000, help="port (default 8000; 0: any that is free)")
    for one in fields(Limits):
        name, about = one.name.replace("_", "-"), f"{LIMITS[one.name]} (default %(default)s)"
        verb.add_argument(f"--{name}", type=int, default=one.default, metavar="N", help=about)
    _add_model(verb)
    verb.set_defaults(usage=lambda options, verb=verb: _check_serve_usage(verb, options))


def _add_training_verbs(verbs: Any, runs: Mapping[str, Verb]) -> None:
    verb = _add_verb(verbs, runs["build"], "stance build --articles articles/ --out runs/verbatim")
    verb.add_argument("--corpus", type=Path, help=f"corpus folder (default {CORPUS})")
    verb.add_argument(
        "--articles", type=Path, help="folder of the article texts: builds the verbatim edition"
    )
    verb.add_argument(
        "--leave-out",
        metavar="ARTICLE",
        help="test on the sentences of this outlet only, train on the others'",
    )
    verb.add_argument("--out", type=Path, help="folder to write (default runs/corpus/EDITION)")

    verb = _add_verb(
        verbs, runs["train"], "stance train training/quickstart.toml --set epochs=2 --out runs/mine"
    )
    verb.add_argument("recipe", type=Path, help="a TOML recipe")
    verb.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change one value of it"
    )
    verb.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    verb.add_argument("--out", type=Path, help="folder of the checkpoint (default runs/RECIPE)")

    verb = _add_verb(verbs, runs["export"], "stance export my-transformers-model --out checkpoint")
    verb.add_argument("model_folder", type=Path, help="a transformers model with our three labels")
    verb.add_argument("--out", required=True, type=Path, help="folder of the checkpoint")

    verb = _add_verb(verbs, runs["evaluate"], "stance evaluate --data my_pairs.csv --out runs/evaluation")
    verb.add_argument(
        "--data",
        type=Path,
        nargs="+",
        help=f"labelled pairs: files, corpora, folders of tables (default {CORPUS})",
    )
    verb.add_argument("--split", default="test", help="which split, where there are several (default test)")
    verb.add_argument("--suite", choices=["public", "behaviour"], help=SUITES)
    verb.add_argument("--out", type=Path, help="folder for report, pictures and every prediction")
    verb.add_argument(
        "--no-controls", dest="controls", action="store_false", help="score no predictors that see too little"
    )
    verb.add_argument(
        "--predictions",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="score the predictions.parquet of earlier runs; of several also mean and deviation",
    )
    verb.add_argument("--against", type=Path, help="another run's predictions.parquet to compare them with")
    verb.set_defaults(usage=lambda options, verb=verb: _check_evaluate_usage(verb, options))
    _add_model(verb)


def _add_corpus_verbs(verbs: Any) -> None:
    about = "Count, compare, check, label and publish a corpus."
    corpus = verbs.add_parser("corpus", help=about.rstrip("."), description=about)
    inner = corpus.add_subparsers(title="verbs", metavar="VERB", required=True)

    verb = _add_verb(inner, VERBS["stats"], "stance corpus stats data/newsroom")
    verb.add_argument("folder", type=Path, help="a corpus folder")

    verb = _add_verb(inner, VERBS["agreement"], "stance corpus agreement data/newsroom --differences")
    verb.add_argument("folder", type=Path, help="a corpus folder with votes/ANNOTATOR.jsonl")
    verb.add_argument("--differences", action="store_true", help="list the pairs that annotators differ on")
    _add_articles(verb)

    for name in ("validate", "publish"):
        verb = _add_verb(inner, VERBS[name], f"stance corpus {name} data/newsroom data/kremlin_call")
        verb.add_argument("folders", type=Path, nargs="+", help="corpus folders")
        if name == "validate":
            _add_articles(verb)

    verb = _add_verb(
        inner,
        VERBS["export"],
        "stance corpus export my_events --format label-studio --out tasks.json --blind",
    )
    verb.add_argument("folder", type=Path, help="a corpus folder")
    verb.add_argument("--out", required=True, type=Path, help="file to write; for doccano a folder")
    verb.add_argument("--split", nargs="+", default=[], choices=SPLITS, help="only these splits")
    verb.add_argument("--blind", action="store_true", help="leave out every vote and decision")
    _add_format(verb)
    _add_articles(verb)

    verb = _add_verb(
        inner, VERBS["import"], "stance corpus import project.json my_events --format label-studio", "import"
    )
    verb.add_argument("source", type=Path, help="what the tool exported")
    verb.add_argument("folder", type=Path, help="the corpus folder that the pairs come from")
    verb.add_argument("--decisions", action="store_true", help="take over decisions of the corpus too")
    _add_format(verb)
    _add_articles(verb)

    verb = _add_verb(inner, VERBS["settle"], "stance corpus settle my_events")
    verb.add_argument("folder", type=Path, help="a corpus folder of events")
    verb.add_argument("--votes", type=int, default=2, help="how many votes have to agree (default 2)")


def _add_format(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--format", required=True, choices=FORMATS, help="which tool")


def _add_articles(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--articles", type=Path, help="folder of the article texts, for a corpus without them")


def _add_verb(verbs: Any, run: Any, example: str, name: str = "") -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(
        name or run.__name__,
        help=run.__doc__.rstrip("."),
        description=run.__doc__,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("--json", action="store_true", help="print the result as JSON")
    verb.set_defaults(run=run, usage=lambda options: None)
    return verb


def _add_model(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--model", help="checkpoint folder, hub id or ID@REVISION (default: the embedded one)")
    devices = ["auto", "cpu", "cuda"]
    verb.add_argument("--device", default="auto", choices=devices, help="where to compute (default: auto)")
    verb.add_argument("--threads", type=positive, metavar="N", help="CPU threads (default: one a core)")
    verb.add_argument("--verbose", action="store_true", help="say which model and runtime are used")


def _check_serve_usage(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if not 0 <= options.port < 2**16:
        parser.error(f"--port is {options.port}; expected 0 to 65535")
    try:
        options.limits = Limits(**{one.name: getattr(options, one.name) for one in fields(Limits)})
    except InputError as error:
        parser.error(str(error))


def _check_evaluate_usage(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.against and not options.predictions:
        parser.error(
            "--against compares two runs: name the predictions.parquet of the first with --predictions"
        )
    if options.against and len(options.predictions) > 1:
        parser.error("--against compares two runs: give --predictions one file")
    if options.predictions and (options.model or options.data or options.suite):
        parser.error("--predictions holds labels and probabilities: it needs no --model, --data or --suite")


def _check_classify_usage(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    one_pair = options.claim is not None and options.sentence is not None
    if not options.pairs and not one_pair:
        parser.error("give a file of pairs, or both --claim and --sentence")
    if options.pairs and (options.claim or options.sentence):
        parser.error("give either a file of pairs or --claim and --sentence, not both")
    for_files = ("out", "resume", "shards", "rows_per_shard", "workers")
    given = [f"--{name.replace('_', '-')}" for name in for_files if getattr(options, name)]
    if not options.pairs and (given or options.engine != "local"):
        what = " and ".join(given) or "--engine"
        parser.error(f"{what} {'are' if given[1:] else 'is'} for a file of pairs")
    if options.workers and options.engine != "ray":
        parser.error("--workers goes with --engine ray")
    if options.threads is not None and options.engine == "ray":
        parser.error("--threads goes with --engine local: a worker of --engine ray takes one core")
    if options.pairs and options.out is None:
        parser.error("a file of pairs needs --out: where shall the labelled rows go?")
