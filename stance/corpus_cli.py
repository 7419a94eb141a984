"""The verbs of ``stance corpus``: one short function each, imports inside."""

from __future__ import annotations

import argparse
from typing import Any

from stance.errors import StanceError
from stance.output import print_json, say


def stats(options: argparse.Namespace) -> int:
    """Count pairs, labels, kinds of sentences and claims."""
    from stance.corpus.folder import open_corpus
    from stance.corpus.summary import counts_table, domains_table, labels_by

    corpus = open_corpus(options.folder)
    tables = {"splits": counts_table(corpus), "claims": labels_by(corpus, "claim_kind", "claim")}
    if not corpus.is_standoff:
        tables["domains"] = domains_table(corpus)
        tables["sentences"] = labels_by(corpus, "forms", "sentence")
        tables["pairs"] = labels_by(corpus, "tag", "pair")
    _show(tables, options.json)
    return _report(corpus.problems)


def agreement(options: argparse.Namespace) -> int:
    """Compare annotators: kappa, alpha, voices, and what they differ on."""
    from stance.corpus.folder import open_corpus
    from stance.corpus.summary import agreement_table, differences_table, voices_table

    corpus = open_corpus(options.folder, options.articles)
    tables = {"labels": agreement_table(corpus), "voices": voices_table(corpus)}
    if options.differences:
        tables["differences"] = differences_table(corpus)
    if len(corpus.ballots) < 2:
        say(f"{options.folder} has the votes of {len(corpus.ballots)} annotators; two are needed to compare")
    _show(tables, options.json)
    return _report(corpus.problems)


def validate(options: argparse.Namespace) -> int:
    """Check everything in corpus folders; exit code 1 if something is wrong."""
    from stance.corpus.validate import corpus_problems

    found = {}
    for folder in options.folders:
        try:
            found[str(folder)] = corpus_problems(folder, options.articles)
        except StanceError as error:  # one folder that is no corpus leaves the others their result
            found[str(folder)] = [str(error)]
    if options.json:
        print_json(found)
    for folder, problems in found.items():
        say(f"{folder}: {f'{len(problems):,} problems' if problems else 'everything holds together'}")
    return _report([problem for problems in found.values() for problem in problems])


def publish(options: argparse.Namespace) -> int:
    """Write the splits and the card of corpus folders from their tables."""
    from stance.corpus.publish import publish

    written = {str(folder): publish(folder) for folder in options.folders}
    if options.json:
        print_json(written)
    else:
        for folder, one in written.items():
            say(f"{folder}: wrote {', '.join(one.files)}")
            say(f"{folder}: {', '.join(f'{count:,} {split}' for split, count in one.pairs.items())} pairs")
    for folder, one in written.items():
        if not any(one.pairs.values()):
            say(
                f"{folder}: warning: the tables are empty, for none of the {one.open_pairs:,} open pairs is "
                f"decided; annotate them and run stance corpus settle {folder}, then publish again"
            )
    return 0


def export(options: argparse.Namespace) -> int:
    """Write pairs and votes for an annotation tool."""
    from stance.corpus.exchange import export_corpus

    count = export_corpus(
        options.folder,
        options.out,
        options.format,
        splits=options.split,
        blind=options.blind,
        articles=options.articles,
    )
    if options.json:
        print_json({"pairs": count, "out": str(options.out)})
    else:
        say(f"{count:,} pairs to {options.out}")
    return 0


def import_(options: argparse.Namespace) -> int:
    """Take over the votes that an annotation tool gives back."""
    from stance.corpus.exchange import import_votes

    done = import_votes(
        options.source,
        options.folder,
        options.format,
        articles=options.articles,
        take_decisions=options.decisions,
    )
    if options.json:
        print_json(done._asdict())
    else:
        for name, count in done.votes.items():
            say(f"{count:,} votes of {name}")
    if not done.votes:
        say(f"{options.source} holds no vote that the corpus does not have")
    return _report(done.problems) or int(not done.votes)


def settle(options: argparse.Namespace) -> int:
    """Write into a corpus of events what its annotators agree on and what was adjudicated."""
    from stance.corpus.decisions import settle

    done = settle(options.folder, options.votes)
    if options.json:
        print_json(done._asdict())
    else:
        say(f"{done.decided:,} pairs decided, {done.dropped:,} dropped, {len(done.open_pairs):,} open")
    return 0


VERBS = {
    "stats": stats,
    "agreement": agreement,
    "validate": validate,
    "publish": publish,
    "export": export,
    "import": import_,
    "settle": settle,
}


def _show(tables: dict[str, Any], as_json: bool) -> None:
    """Print tables to read, or as lists of objects."""
    if as_json:
        print_json(
            {
                name: [dict(zip(head, row, strict=True)) for row in rows]
                for name, (head, rows) in tables.items()
            }
        )
        return
    from stance.console import show_table

    for head, rows in tables.values():
        if rows:
            show_table(head, rows)


def _report(problems: list[str]) -> int:
    """Print problems and return the exit code."""
    for problem in problems:
        say(problem)
    return int(bool(problems))
