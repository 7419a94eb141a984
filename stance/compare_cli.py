"""What ``stance compare`` reads and where it writes; bad articles and claims are named and passed over."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from stance.articles import article_files, is_own_page, read_article, read_claims
from stance.errors import InputError, MissingExtraError
from stance.output import say
from stance.parts import Parts
from stance.schema import Article

if TYPE_CHECKING:
    from stance.inference.classifier import StanceClassifier
    from stance.verdicts import Suggestion


OUTPUT_ENDINGS = {"html": (".html", ".htm"), "csv": (".csv",), "markdown": (".md", ".markdown")}
"""By option, how a file may end that is written: never like a text file, which articles and claims are."""


class Readable(NamedTuple):
    """What could be read, and how much could not."""

    articles: list[Article]
    failed: int


def check_outputs(options: argparse.Namespace, articles: Iterable[Path], claims: Path | None = None) -> None:
    """Refuse outputs that would replace an input or one another, before any work is done.

    A page that this package made may lie among the articles: it is not read, so it may be replaced.

    Raises
    ------
    InputError
        If an output is an article, the claims file, a folder, another output or ends in an unknown way.
    """
    outputs = {name: path for name in OUTPUT_ENDINGS if (path := getattr(options, name, None))}
    for name, path in outputs.items():
        if path.is_dir():
            raise InputError(f"cannot write {str(path)!r}: it is a folder; give a file name")
        if path.suffix.lower() not in OUTPUT_ENDINGS[name]:
            expected = " or ".join(OUTPUT_ENDINGS[name])
            raise InputError(f"--{name} is {str(path)!r}; expected a file name that ends in {expected}")
    if len({path.resolve() for path in outputs.values()}) < len(outputs):
        shown = ", ".join(f"--{name} {str(path)!r}" for name, path in outputs.items())
        raise InputError(f"{shown}: two of these are one file; give each a file of its own")
    there = [path for path in outputs.values() if path.exists()]  # what is not there is no input
    if not there:
        return
    _refuse_inputs(there, [file for file in article_files(articles) if not is_own_page(file)], "an article")
    if claims is not None and claims.exists():
        _refuse_inputs(there, [claims], "the claims file")


def _refuse_inputs(outputs: Iterable[Path], inputs: Sequence[Path], what: str) -> None:
    for path in outputs:
        if any(path.samefile(file) for file in inputs):
            raise InputError(f"{str(path)!r} is {what} of this very command; give another file to write to")


def readable_articles(paths: Iterable[Path], claims: Path | None = None) -> Readable:
    """Read the articles among the paths; say which cannot be used, and go on.

    The file of the claims may lie among them: it is no article, though it says all that is claimed. So may
    pages that this package made: a board says what others said, and would be one source more.

    Raises
    ------
    InputError
        If there is none, or none can be used.
    """
    files = [file for file in article_files(paths) if not _is_no_source(file, claims)]
    if not files:
        raise InputError(
            "there is no article beside the claims file and pages made by stance; name article files or "
            "folders of them"
        )
    articles: list[Article] = []
    origin: dict[str, Path] = {}
    for file in files:
        try:
            article = read_article(file)
            first = origin.setdefault(article.article_id, file)
            if first is not file:
                raise InputError(
                    f"article {str(file)!r} has the id {article.article_id!r} of {str(first)!r}; "
                    "rename it, or give it another article_id"
                )
            articles.append(article)
        except (InputError, MissingExtraError) as error:
            say(f"skipped: {error}")
    if not articles:
        raise InputError(f"none of the {len(files)} articles could be read")
    return Readable(articles, len(files) - len(articles))


def _is_no_source(file: Path, claims: Path | None) -> bool:
    if claims is not None and file.samefile(claims):
        reason = "it is the claims file"
    elif is_own_page(file):
        reason = "it is a page made by stance, not an article"
    else:
        return False
    say(f"skipped: {str(file)!r}: {reason}")
    return True


def usable_claims(path: Path, classifier: StanceClassifier) -> tuple[list[str], int]:
    """Read the claims of a file; say which the model cannot take and how many are repeated, and go on.

    Raises
    ------
    InputError
        If none can be used.
    """
    claims, usable = read_claims(path), []
    first = dict(zip(reversed(claims), range(len(claims), 0, -1), strict=True))  # where each stands first
    if len(first) < len(claims):  # a second row of the board would say the same
        repeated = f"{len(claims) - len(first)} of {len(claims)} claims in {str(path)!r}"
        say(f"{repeated} stand there already; each counts once")
    for number, claim in sorted((number, claim) for claim, number in first.items()):
        problem = classifier.pair_problem(claim, "A sentence.")
        if problem:
            say(f"skipped: claim {number} of {str(path)!r}: {problem}")
        else:
            usable.append(claim)
    if not usable:
        raise InputError(f"none of the {len(first)} claims in {str(path)!r} can be used")
    return usable, len(first) - len(usable)


def suggested_claims(
    classifier: StanceClassifier, articles: Sequence[Article], count: int | None
) -> tuple[Suggestion, ...]:
    """Choose claims from the articles; none where none are asked for.

    Raises
    ------
    InputError
        If claims are asked for and there are none.
    """
    if count is None:
        return ()
    from stance.suggest import suggest_claims

    found, pairs = suggest_claims(classifier, articles, count)
    if not found:
        raise InputError(
            f"no sentence of the {len(articles)} articles is supported or denied in another of them, so that "
            "there is no claim to suggest; give your own with --claims"
        )
    say(f"{len(found)} claims suggested from the articles, after {pairs:,} pairs")
    return tuple(found)


def parts_of(options: argparse.Namespace) -> Parts:
    """Return where partial results go: beside the claims or else the articles, unless told otherwise."""
    beside = Path(os.path.abspath(options.claims or options.articles[0]))
    folder = options.parts or beside.parent / f"{beside.name or 'articles'}.parts"
    return Parts(folder, resume=options.resume)
