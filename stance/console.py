"""Tables for people, on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stance.check import ArticleCheck, SourceComparison, Verdict
from stance.printable import printable
from stance.schema import LABELS, Label

if TYPE_CHECKING:
    from stance.evaluation.harness import EvaluationReport

STYLES = {
    Verdict.SUPPORTS: "blue",
    Verdict.DENIES: "dark_orange",
    Verdict.DISPUTED: "magenta",
    Verdict.NEUTRAL: "dim",
}


NARROWEST, WIDE = 100, 170
"""Columns below which tables are not squeezed: longer lines wrap or scroll, but nothing is cut."""


def show_check(result: ArticleCheck) -> None:
    """Print the verdict of an article and the sentences that decide it."""
    verdict = result.verdict
    table = Table("label", "probability", "sentence", box=None, pad_edge=False)
    for one in result.sentences:
        if one.side is not None:
            style = STYLES[Verdict(one.label.value)]
            table.add_row(
                f"[{style}]{one.label}[/]", f"{one.probabilities[one.label]:.2f}", _text(one.sentence.text)
            )
    show(
        f"[bold]{_text(result.article.name)}[/]: [{STYLES[verdict]}]{verdict}[/]  "
        f"({result.count(Label.SUPPORTS)} sentences support, {result.count(Label.DENIES)} deny, of "
        f"{len(result.sentences)})"
    )
    if table.row_count:
        show(table)


def show_comparison(result: SourceComparison) -> None:
    """Print the board of claims by articles, split claims first."""
    table = Table("claim", "standing")
    for article in result.articles:
        table.add_column(_text(article.name), min_width=len(Verdict.SUPPORTS.value), overflow="fold")
    for row in result.ranked():
        cells = [f"[{STYLES[check.verdict]}]{check.verdict}[/]" for check in result.checks[row]]
        table.add_row(_text(result.claims[row]), result.standing(row), *cells)
    show(table)


def show_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table of plain values, numbers to the right."""
    rows = [list(row) for row in rows]
    table = Table(box=None, pad_edge=False)
    for i, name in enumerate(head):
        is_number = all(isinstance(row[i], int | float) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_text(_shown(value)) for value in row))
    show(table, WIDE)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _text(text: str) -> str:
    return escape(printable(text))


def show(what: Any, narrowest: int = NARROWEST) -> None:
    """Print a table or a line on stdout; a text is text, whatever it looks like."""
    console = Console(emoji=False, highlight=False)
    console.width = max(console.width, narrowest)
    console.print(what)


def show_evaluations(reports: Sequence[EvaluationReport]) -> None:
    """Print the scores of one or more evaluations, one line each part."""
    table = scores_table("set")
    for report in reports:
        for part, metrics in report.metrics.items():
            add_scores(table, report.name if part == "all" else f"{report.name}, {part} pairs", metrics)
    show(table, WIDE)
    if len(reports) == 1:
        show(_confusion_table(reports[0].metrics["all"]))


def scores_table(first_column: str) -> Table:
    """Return an empty table of scores."""
    table = Table()
    table.add_column(first_column, overflow="fold", min_width=24)
    for name in (
        "pairs",
        "macro-F1",
        "95 % interval",
        *(f"F1 {label}" for label in LABELS),
        "accuracy",
        "ECE",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def add_scores(table: Table, name: str, metrics: Any) -> None:
    """Add one line of scores to a table."""
    table.add_row(
        _text(name),
        f"{metrics['n']:,}",
        f"{metrics['macro_f1']:.3f}",
        "{:.3f} to {:.3f}".format(*metrics["interval"]["macro_f1"]),
        *(f"{metrics['per_class'][label.value]['f1']:.3f}" for label in LABELS),
        f"{metrics['accuracy']:.3f}",
        f"{metrics['ece']:.3f}",
    )


def _confusion_table(metrics: Any) -> Table:
    table = Table("truth / predicted", title="confusion", title_justify="left")
    for label in LABELS:
        table.add_column(label.value, justify="right")
    for label, counts in zip(LABELS, metrics["confusion"], strict=True):
        table.add_row(label.value, *(f"{count:,}" for count in counts))
    return table
