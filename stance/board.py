"""The board as a page of its own: claims by articles, and the sentences behind every cell.

The table is plain HTML. The evidence (:mod:`stance.board_data`) stands beside it as JSON and is laid out by
``templates/board.js`` when somebody asks for it, so that a board of thousands of cells stays light.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from stance.board_data import MARKS, board_data
from stance.cards import render
from stance.check import DECISIVE, STANDINGS, ArticleCheck, SourceComparison, Verdict
from stance.files import write_text
from stance.schema import Label

WIDEST = 7
"""With more articles than this the columns are narrow: a shape a cell, heads on end."""

_TEMPLATES = Path(__file__).parent / "templates"
_FORBIDDEN_IN_SCRIPTS = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def write_board(path: str | Path, comparison: SourceComparison) -> None:
    """Write the page, atomically."""
    write_text(path, board_page(comparison))


def board_page(comparison: SourceComparison) -> str:
    """Return the page: one file that loads nothing from elsewhere, with every text escaped."""
    style, script = ((_TEMPLATES / f"board.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    names = comparison.names
    values = {
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "title": _title(comparison),
        "summary": _summary(comparison),
        "width": "narrow" if len(names) > WIDEST else "broad",
        "legend": "".join(f"<li>{_chip(verdict)}</li>" for verdict in Verdict),
        "standings": _standing_options(comparison),
        "verdicts": "".join(f"<option>{verdict.value}</option>" for verdict in Verdict),
        "heads": "".join(
            f'<th scope="col" title="{escape(name)}"><span dir="auto">{escape(name)}</span></th>'
            for name in names
        ),
        "orders": "".join(
            f'<option value="{column}" dir="auto">{escape(name)}</option>'
            for column, name in enumerate(names)
        ),
        "rows": "\n".join(_row(comparison, row, names) for row in comparison.ranked()),
        "bar": f"{DECISIVE:.0%}".replace("%", " %"),
        "data": json_for_script(board_data(comparison)),
    }
    return render("board.html", values)


def json_for_script(value: Any) -> str:
    """Return a value as JSON that no ``<script>`` element can be left with."""
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return compact.translate(_FORBIDDEN_IN_SCRIPTS)


def _policy(style: str, script: str) -> str:
    """Allow this style and this script, by their digests, and nothing else from anywhere."""
    style_digest, script_digest = (
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (style, script)
    )
    return (
        f"default-src 'none'; style-src {style_digest}; script-src {script_digest}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _title(comparison: SourceComparison) -> str:
    claims, articles = len(comparison.claims), len(comparison.articles)
    return (
        f"{claims:,} {'claim' if claims == 1 else 'claims'} in "
        f"{articles:,} {'article' if articles == 1 else 'articles'}"
    )


def _counted_standings(comparison: SourceComparison) -> list[tuple[str, int]]:
    counts = Counter(comparison.standing(row) for row in range(len(comparison.claims)))
    return [(standing, counts[standing]) for standing in STANDINGS]


def _summary(comparison: SourceComparison) -> str:
    parts = [f"{count:,} {standing}" for standing, count in _counted_standings(comparison) if count]
    return f"{_title(comparison)}: {', '.join(parts)}."


def _standing_options(comparison: SourceComparison) -> str:
    return "".join(
        f'<option value="{standing}">{standing} ({count:,})</option>'
        for standing, count in _counted_standings(comparison)
    )


def _chip(verdict: Verdict) -> str:
    name = verdict.value
    return f'<span class="chip {name}"><i aria-hidden="true">{MARKS[verdict]}</i> {name}</span>'


def _row(comparison: SourceComparison, row: int, names: Sequence[str]) -> str:
    checks, standing = comparison.checks[row], comparison.standing(row)
    tally = Counter(check.verdict for check in checks)
    taken = [verdict for verdict in MARKS if tally[verdict] and verdict is not Verdict.NEUTRAL]
    seen = " ".join(f"{MARKS[verdict]}\u00a0{tally[verdict]}" for verdict in taken)
    spoken = ", ".join(f"{verdict.value} {tally[verdict]}" for verdict in taken)
    below = f"{standing} {seen}".strip()  # on phones, where the column of standings has no room
    suggested = "<small>suggested</small>" if comparison.suggestion(row) else ""
    cells = "".join(
        _cell(check, name, f"c{row}a{column}")
        for column, (check, name) in enumerate(zip(checks, names, strict=True))
    )
    return (
        f'<tr data-claim="{row}"><th scope="row" data-standing="{below}">'
        f'<a href="#c{row}" dir="auto">{escape(comparison.claims[row])}</a>{suggested}</th>'
        f'<td class="standing {standing}" title="{spoken}">{standing} '
        f'<small aria-hidden="true">{seen}</small><span class="unseen">{spoken}</span></td>{cells}</tr>'
    )


def _cell(check: ArticleCheck, name: str, target: str) -> str:
    verdict = check.verdict
    counts = f"{check.count(Label.SUPPORTS)} support, {check.count(Label.DENIES)} deny"
    return (
        f'<td><a class="cell {verdict.value}" href="#{target}" title="{escape(name)}: {counts}">'
        f'<i aria-hidden="true">{MARKS[verdict]}</i><span>{verdict.value}</span></a></td>'
    )
