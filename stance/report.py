"""Sections of a self-contained HTML page about an evaluation. Everything escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from stance.files import write_text
from stance.schema import LABELS


def write_report(path: str | Path, title: str, sections: Sequence[str]) -> None:
    """Write a page made of sections, atomically."""
    template = Template((Path(__file__).parent / "templates" / "report.html").read_text("utf-8"))
    page = template.substitute(title=escape(title), body="\n".join(sections))
    write_text(path, page)


def link_section(address: str, text: str) -> str:
    """Return a link to a page beside the report."""
    return f"<section><p><a href='{escape(address)}'>{escape(text)}</a></p></section>"


def text_section(title: str, text: str) -> str:
    """Return a paragraph under a title."""
    return f"<section><h2>{escape(title)}</h2><p>{escape(text)}</p></section>"


def metrics_section(title: str, metrics: Mapping[str, Any]) -> str:
    """Return a table of scores and the confusion matrix of one evaluation."""
    names = [label.value for label in LABELS]
    rows = "".join(
        f"<tr><th scope='row'>{name}</th>"
        + "".join(f"<td>{metrics['per_class'][name][key]:.3f}</td>" for key in ("precision", "recall", "f1"))
        + f"<td>{metrics['per_class'][name]['support']:,}</td></tr>"
        for name in names
    )
    confusion = "".join(
        f"<tr><th scope='row'>{name}</th>" + "".join(f"<td>{count:,}</td>" for count in counts) + "</tr>"
        for name, counts in zip(names, metrics["confusion"], strict=True)
    )
    error = f"{metrics['ece']:.3f}" if "ece" in metrics else "–"  # nothing was answered
    return (
        f"<section><h2>{escape(title)}</h2><p><b>macro-F1 {_with_interval(metrics, 'macro_f1')}</b>, "
        f"denies-F1 {_with_interval(metrics, 'denies_f1')}, accuracy {metrics['accuracy']:.3f}, calibration "
        f"error {error} on {metrics['n']:,} pairs in {metrics['interval']['clusters']:,} groups"
        "</p><div class='pair'>"
        "<table><caption>By class</caption><thead><tr><th></th><th>precision</th><th>recall</th><th>F1</th>"
        f"<th>pairs</th></tr></thead><tbody>{rows}</tbody></table>"
        "<table><caption>Confusion (rows: truth)</caption><thead><tr><th></th>"
        + "".join(f"<th>{name}</th>" for name in names)
        + f"</tr></thead><tbody>{confusion}</tbody></table></div></section>"
    )


def controls_section(controls: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the scores of predictors that see too little."""
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{_with_interval(one, 'macro_f1')}</td>"
        f"<td>{_with_interval(one, 'denies_f1')}</td></tr>"
        for name, one in controls.items()
    )
    return (
        "<section><h2>Controls</h2><p>Predictors that see too little to judge.</p><table><thead><tr><th></th>"
        f"<th>macro-F1</th><th>denies-F1</th></tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _with_interval(scores: Mapping[str, Any], name: str) -> str:
    low, high = scores["interval"][name]
    return f"{scores[name]:.3f} [{low:.2f}, {high:.2f}]"


def errors_section(predictions: Sequence[Mapping[str, Any]], limit: int = 12) -> str:
    """Return the most confident mistakes, with their text; predictions that failed come first."""
    wrong = [row for row in predictions if row["label"] != row["reference"]]
    wrong.sort(key=lambda row: -row.get(row["label"], 2.0))
    items = "".join(
        f"<li><p class='claim'>{escape(row['claim'])}</p><p>{escape(row['sentence'])}</p>"
        f"<p class='small'>labelled <b>{row['reference']}</b>, {_given(row)}</p></li>"
        for row in wrong[:limit]
    )
    return f"<section><h2>Most confident mistakes ({len(wrong):,} in all)</h2><ol>{items}</ol></section>"


def _given(row: Mapping[str, Any]) -> str:
    label = row["label"]
    return f"predicted <b>{label}</b> with {row[label]:.0%}" if label in row else "the prediction failed"


def picture_section(title: str, pictures: Sequence[tuple[str, str]]) -> str:
    """Return pictures side by side; each is a description and a data URL."""
    items = "".join(f"<img src='{source}' alt='{escape(name)}'>" for name, source in pictures)
    return f"<section><h2>{escape(title)}</h2><div class='pictures'>{items}</div></section>"
