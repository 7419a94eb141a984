"""Tables for people, on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from stance.check import ArticleCheck, SentenceStance, SourceComparison, Verdict
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
    deciding = [one for one in result.sentences if one.side is not None]
    is_explained = any(one.words is not None for one in deciding)
    more = ("without a word",) if is_explained else ()
    table = Table("label", "probability", "sentence", *more, box=None, pad_edge=False)
    for one in deciding:
        style = STYLES[Verdict(one.label.value)]
        changes = "\n".join(f"{printable(word.text)} {word.change:+.2f}" for word in one.words or ())
        table.add_row(
            f"[{style}]{one.label}[/]",
            f"{one.probabilities[one.label]:.2f}",
            _with_marks(one),
            *([Text(changes)] if is_explained else []),
        )
    show(
        f"[bold]{_text(result.article.name)}[/]: [{STYLES[verdict]}]{verdict}[/]  "
        f"({result.count(Label.SUPPORTS)} sentences support, {result.count(Label.DENIES)} deny, of "
        f"{len(result.sentences)})"
    )
    if table.row_count:
        show(table)
    if result.cut_sentences:
        show(f"sentences too long for the model, whose ends were not read: {result.cut_sentences}")


def _with_marks(one: SentenceStance) -> Text:
    """Return the sentence with the words marked that matter most."""
    text, done = Text(), one.sentence.start
    for word in sorted(one.words or (), key=lambda word: word.start):
        text.append(printable(one.sentence.text[done - one.sentence.start : word.start - one.sentence.start]))
        text.append(printable(word.text), "bold underline")
        done = word.end
    text.append(printable(one.sentence.text[done - one.sentence.start :]))
    return text.append(" (end not read)", "italic") if one.truncated else text


def show_comparison(result: SourceComparison) -> None:
    """Print the board of claims by articles, split claims first."""
    table = Table("claim", "standing")
    for name in result.names:
        table.add_column(_text(name), min_width=len(Verdict.SUPPORTS.value), overflow="fold")
    for row in result.ranked():
        cells = [f"[{STYLES[check.verdict]}]{check.verdict}[/]" for check in result.checks[row]]
        table.add_row(_text(result.claims[row]), result.standing(row), *cells)
    show(table)
    cut = sum(any(check.cut_sentences for check in column) for column in zip(*result.checks, strict=True))
    if cut:
        show(f"articles with a sentence too long for the model, whose end was not read: {cut}")


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


class _Console(Console):
    """A console that leaves it to the command line to say what a reader who goes away means."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def show(what: Any, narrowest: int = NARROWEST) -> None:
    """Print a table or a line on stdout; a text is text, whatever it looks like."""
    console = _Console(emoji=False, highlight=False)
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
        f"{metrics['ece']:.3f}" if "ece" in metrics else "–",  # nothing was answered
    )


def _confusion_table(metrics: Any) -> Table:
    table = Table("truth / predicted", title="confusion", title_justify="left")
    for label in LABELS:
        table.add_column(label.value, justify="right")
    for label, counts in zip(LABELS, metrics["confusion"], strict=True):
        table.add_row(label.value, *(f"{count:,}" for count in counts))
    return table
