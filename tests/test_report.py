"""The report page and the terminal tables: complete, and everything escaped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stance.check import check_article, compare_sources
from stance.console import show_check, show_comparison, show_evaluations
from stance.corpus.examples import Example
from stance.errors import InputError
from stance.evaluation.harness import EvaluationReport, evaluate_classifier
from stance.report import errors_section, link_section, metrics_section, write_report
from stance.schema import Article, Label, Sentence
from stance.testing import KeywordClassifier

from boards import cut
from pages import Page

NASTY = "<script>alert('met')</script> & \"quotes\" $title ${body} </td></details> <img src=x onerror='x'>"
CLASSIFIER = KeywordClassifier({"met": Label.SUPPORTS, "denied": Label.DENIES})


def page_of(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def evaluation() -> EvaluationReport:
    examples = [
        Example(NASTY, "They met." + NASTY, Label.DENIES, related=True),
        Example("claim 2", "He denied it.", Label.DENIES),
        Example("claim 3", "It rained.", Label.NEUTRAL, related=False),
    ]
    return evaluate_classifier(CLASSIFIER, examples, "a [bold]set[/]")


def test_everything_in_the_page_is_escaped(tmp_path: Path) -> None:
    report = evaluation()
    sections = [
        link_section(NASTY, NASTY),
        metrics_section(NASTY, report.metrics["all"]),
        errors_section(report.predictions),
    ]
    write_report(tmp_path / "a.html", NASTY, sections)
    page = page_of(tmp_path / "a.html")
    assert page.open == []
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert not [name for _, given in page.elements for name in given if name.startswith("on")]
    assert page.text.count(NASTY) >= 6  # title twice, link, heading, mistake twice: all still readable


def test_the_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    sections = [link_section("board.html", NASTY), errors_section(evaluation().predictions)]
    write_report(tmp_path / "a.html", "t", sections)
    raw = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert not re.search(r"<(?:link|script|iframe|img)|@import|url\(|src=[\"']?http", raw)


def test_the_metrics_table_shows_the_numbers_it_is_given() -> None:
    text = Page(metrics_section("scores", evaluation().metrics["all"])).text
    metrics = evaluation().metrics["all"]
    assert f"macro-F1 {metrics['macro_f1']:.3f}" in text
    assert f"accuracy {metrics['accuracy']:.3f}" in text
    assert "3 pairs" in text


def test_mistakes_are_listed_by_confidence_and_counted() -> None:
    rows = [
        {"claim": f"claim {n}", "sentence": "s", "reference": "denies", "label": label, label: p}
        for n, (label, p) in enumerate([("neutral", 0.6), ("denies", 0.99), ("supports", 0.9)])
    ]
    text = Page(errors_section(rows)).text
    assert "(2 in all)" in text
    assert "claim 1" not in text
    assert text.index("claim 2") < text.index("claim 0")
    assert "claim 0" not in Page(errors_section(rows, limit=1)).text


def test_a_page_that_cannot_be_built_leaves_the_old_one(tmp_path: Path) -> None:
    place = tmp_path / "board.html"
    place.write_text("old")
    with pytest.raises(TypeError):
        write_report(place, "t", [None])  # type: ignore[list-item]
    assert place.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["board.html"]


def test_a_folder_for_the_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is a folder; give a file name"):
        write_report(tmp_path, "t", [])


@pytest.mark.parametrize(
    "nasty", ["[bold]x[/bold]", "[/]", "[link=http://x]y", "a[b]\\", "[red", "$x {y} %s"]
)
def test_the_terminal_shows_texts_as_they_are(nasty: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"They met {nasty}"
    source = Article(text, outlet=nasty, sentences=(Sentence(text, 0, len(text)),))
    show_check(check_article(CLASSIFIER, "c", source))
    show_comparison(compare_sources(CLASSIFIER, [f"c {nasty}"], [source]))
    shown = capsys.readouterr().out
    assert shown.count(nasty) == 4  # outlet and sentence of the check, outlet and claim of the board


def test_the_terminal_turns_no_text_into_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    show_check(check_article(CLASSIFIER, "c", Article("They met :warning: there.", outlet="x:smile:")))
    shown = capsys.readouterr().out
    assert ":warning:" in shown
    assert "x:smile:" in shown


def test_the_check_on_the_terminal_counts_and_lists_deciding_sentences(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_check(check_article(CLASSIFIER, "c", Article("They met. He denied it. It rained.", outlet="G")))
    shown = capsys.readouterr().out
    assert "G: disputed  (1 sentences support, 1 deny, of 3)" in shown
    assert "He denied it." in shown
    assert "It rained." not in shown


def test_the_terminal_says_which_sentences_were_not_read_to_their_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    board = cut()
    show_check(board.checks[0][0])
    show_check(board.checks[0][2])
    shown = capsys.readouterr().out
    assert "It is shut. (end not read)" in shown
    assert shown.count("sentences too long for the model, whose ends were not read: 1") == 1
    show_comparison(board)
    assert "whose end was not read: 2" in capsys.readouterr().out


@pytest.mark.parametrize("width", [100, pytest.param(80)])
def test_evaluations_on_the_terminal_are_not_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    report = evaluation()
    show_evaluations([EvaluationReport("kremlin_call", report.metrics, report.predictions)])
    shown = capsys.readouterr().out
    for expected in ("kremlin_call", "related", "macro-F1", "accuracy", "ECE", "truth / predicted"):
        assert expected in shown
    assert "…" not in shown


def test_the_board_of_five_articles_is_readable_on_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outlets = ("The Jerusalem Post", "Gazette", "Courier", "Evening Standard", "Kyiv Independent")
    sources = [Article("They met. He denied it.", outlet=outlet) for outlet in outlets]
    show_comparison(compare_sources(CLASSIFIER, ["The two leaders spoke by telephone."], sources))
    shown = capsys.readouterr().out
    assert shown.count("disputed") == 5
    assert "split" in shown
    assert "…" not in shown
