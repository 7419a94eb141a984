"""The board as files for other programs: a CSV with a row a cell, and the table in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stance.board_data import deciding
from stance.cards import table
from stance.check import ArticleCheck, SentenceStance, SourceComparison
from stance.files import atomic_path, write_text
from stance.schema import Label
from stance.tables import csv_rows

COLUMNS = (
    *("claim", "standing", "article", "verdict", "supports", "denies", "cut_sentences"),
    *("sentence", "voice", "also_in"),
)

_MARKDOWN = re.compile(r"[\\`*_\[\]~]")


def write_board_csv(path: str | Path, comparison: SourceComparison) -> None:
    """Write a row for every claim and article, in their order, atomically.

    ``supports`` and ``denies`` count sentences, ``cut_sentences`` those too long for the model to read
    their ends, ``sentence`` is the one that decides most clearly,
    ``voice`` who speaks in it (the article's name where it is the outlet itself, empty where it is not
    told) and ``also_in`` the other articles that have it, word for word or nearly so. A text that a
    spreadsheet would compute gets an apostrophe in front.
    """
    with atomic_path(path) as part:
        csv_rows.write(part, _rows(comparison), COLUMNS)


def write_board_markdown(path: str | Path, comparison: SourceComparison) -> None:
    """Write the board as a Markdown table, split claims first, atomically."""
    write_text(path, board_markdown(comparison) + "\n")


def board_markdown(comparison: SourceComparison) -> str:
    """Return the board as a Markdown table, split claims first."""
    names = comparison.names
    rows = (
        (
            _markdown(comparison.claims[row]),
            comparison.standing(row),
            *(check.verdict.value for check in comparison.checks[row]),
        )
        for row in comparison.ranked()
    )
    return table(("claim", "standing", *map(_markdown, names)), rows)


def _rows(comparison: SourceComparison) -> Iterator[dict[str, Any]]:
    names = comparison.names
    for row, checks in enumerate(comparison.checks):
        standing = comparison.standing(row)
        copies = comparison.wire_copy(row)
        for column, (name, check) in enumerate(zip(names, checks, strict=True)):
            values = {"claim": check.claim, "standing": standing, "article": name, **_verdict(check, name)}
            strongest = _strongest(check)
            others = next((others for one, others in copies.get(column, ()) if one is strongest), [])
            values["also_in"] = "; ".join(names[other] for other in others)
            yield values


def _strongest(check: ArticleCheck) -> SentenceStance | None:
    return max(deciding(check), key=lambda one: one.probabilities[one.label], default=None)


def _verdict(check: ArticleCheck, name: str) -> dict[str, Any]:
    strongest = _strongest(check)
    voice = strongest.voice if strongest else None
    return {
        "verdict": check.verdict.value,
        "supports": check.count(Label.SUPPORTS),
        "denies": check.count(Label.DENIES),
        "cut_sentences": check.cut_sentences,
        "sentence": strongest.sentence.text if strongest else "",
        "voice": name if voice == "" else voice,
    }


def _markdown(text: str) -> str:
    """Return a text in one line in which nothing is Markdown or HTML."""
    line = _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        line = line.replace(sign, entity)
    return line
