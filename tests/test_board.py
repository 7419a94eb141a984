"""The board: the page without a browser, CSV and Markdown. What needs one is in test_board_browser.py."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stance.board import board_page, json_for_script, write_board
from stance.board_data import board_data, voice_start
from stance.board_tables import COLUMNS, board_markdown, write_board_csv, write_board_markdown
from stance.check import SourceComparison, Verdict
from stance.errors import InputError
from stance.schema import Article, Label
from stance.tables import read_table

from boards import (
    CLOSED,
    HOSTILE,
    RAIN,
    RESIGNED,
    SCHOOL,
    comparison,
    crowd,
    cut,
    hostile,
    said,
    village,
    wire,
)
from pages import Page


def page_of(board: SourceComparison) -> Page:
    page = Page(board_page(board))
    assert page.open == []
    return page


def data_in(page: Page) -> Any:
    return json.loads(page.texts["script"][0])


# The page


def test_the_page_is_a_table_of_claims_by_articles_with_split_claims_first() -> None:
    page = page_of(village())
    claims = [text for text in page.texts["a"] if text in (CLOSED, RESIGNED, SCHOOL, RAIN)]
    assert claims == [RESIGNED, CLOSED, SCHOOL, RAIN]
    assert page.texts["th"][:5] == ["Claim", "Standing", "Gazette", "Courier", "Herald"]
    assert page.texts["h1"] == ["Who says what"]
    assert "4 claims in 3 articles: 1 split, 1 agreed, 1 lone, 1 silent." in page.texts["header"][0]


def test_a_cell_says_its_verdict_by_shape_by_colour_and_by_word() -> None:
    page = page_of(village())
    kinds = [attributes.get("class", "") for tag, attributes in page.elements if tag == "a"]
    cells = dict(zip(page.all("a", "href"), zip(page.texts["a"], kinds, strict=True), strict=True))
    assert cells["#c1a0"] == ("▲supports", "cell supports")
    assert cells["#c1a1"] == ("▼denies", "cell denies")
    assert cells["#c1a2"] == ("◆disputed", "cell disputed")
    assert cells["#c3a0"] == ("–neutral", "cell neutral")
    assert "Herald: 1 support, 1 deny" in page.all("a", "title")


def test_the_standing_says_how_many_articles_take_which_side() -> None:
    standings = dict(zip((RESIGNED, CLOSED, SCHOOL, RAIN), page_of(village()).texts["small"], strict=True))
    assert {claim: seen.split() for claim, seen in standings.items()} == {
        RESIGNED: ["▲", "1", "▼", "1", "◆", "1"],
        CLOSED: ["▲", "2"],
        SCHOOL: ["▲", "1"],
        RAIN: [],
    }


def test_every_link_of_the_table_has_data_to_show() -> None:
    page = page_of(village())
    data = data_in(page)
    hrefs = page.all("a", "href")
    assert len(set(hrefs)) == len(hrefs) == 4 + 4 * 3
    for href in hrefs:
        claim, column = re.fullmatch(r"#c(\d+)(?:a(\d+))?", href).groups()  # type: ignore[union-attr]
        assert data["claims"][int(claim)]["cells"][int(column or 0)]


def test_the_data_are_the_sentences_that_decide_supporting_ones_first_the_clearest_first() -> None:
    data = board_data(village())
    assert [one["claim"] for one in data["claims"]] == [CLOSED, RESIGNED, SCHOOL, RAIN]
    assert [one["standing"] for one in data["claims"]] == ["agreed", "split", "lone", "silent"]
    gazette, _, herald = data["articles"]
    cell = data["claims"][0]["cells"][0]
    shown = [(gazette["sentences"][one["sentence"]], one["probabilities"][0]) for one in cell["evidence"]]
    assert shown == [("The bridge is shut.", 0.97), ("It stays so, police said.", 0.7)]
    disputed = data["claims"][1]["cells"][2]
    assert disputed["verdict"] == "disputed"
    assert [one["label"] for one in disputed["evidence"]] == ["supports", "denies"]
    assert herald["count"] == 5
    assert data["claims"][3]["cells"] == [{"verdict": "neutral", "evidence": []}] * 3


def test_a_sentence_is_kept_once_however_many_claims_it_decides() -> None:
    sentence = said("All of it is untrue.", Label.DENIES)
    board = comparison([Article("…", "1")], {claim: [[sentence]] for claim in ("one", "two", "three")})
    assert board_data(board)["articles"][0]["sentences"] == ["All of it is untrue."]


def test_the_place_of_a_voice_is_counted_as_javascript_counts() -> None:
    told, itself = (board_data(village())["claims"][row]["cells"][0]["evidence"][0] for row in (1, 0))
    assert told["voice"] == "the clerk Ann Lee"
    assert told["at"] == len("He left office 🙂, ") + 1  # an emoji is two
    assert (itself["voice"], itself["at"]) == ("", -1)


@pytest.mark.parametrize(
    ("text", "voice", "place"),
    [
        ("He said that he would.", "he", 13),  # as a word, not inside one
        ("Others denied it.", "the", 1),  # inside one if there is no other place
        ("“Never,” said (the) U.N. envoy.", "U.N. envoy", 20),
        ("It rained.", "the mayor", -1),
        ("It rained.", "", -1),
        ("It rained.", None, -1),
    ],
)
def test_a_voice_is_found_as_whole_words_where_it_can_be(text: str, voice: str | None, place: int) -> None:
    assert voice_start(said(text, Label.SUPPORTS, voice=voice)) == place


def test_wire_copy_names_the_other_articles_and_counts_once() -> None:
    ferry, cargo = board_data(wire())["claims"]
    assert ferry["origins"] == [1, 1]
    assert [[one.get("copies") for one in cell["evidence"]] for cell in ferry["cells"]] == [
        [[1]],
        [[0]],
        [None],
    ]
    assert cargo["origins"] == [1, 0]
    assert "copies" not in cargo["cells"][0]["evidence"][0]


def test_the_data_say_of_how_many_sentences_the_end_was_not_read() -> None:
    decides, quiet, whole = board_data(cut())["claims"][0]["cells"]
    assert (decides["cut"], decides["evidence"][0]["cut"]) == (1, True)
    assert quiet == {"verdict": "neutral", "evidence": [], "cut": 2}
    assert "cut" not in whole


def test_a_suggested_claim_says_so_and_where_it_is_from() -> None:
    assert [one["suggested"] for one in board_data(wire())["claims"]] == [None, "Courier"]
    rows = [text for text in page_of(wire()).texts["th"] if text.startswith(("The ferry", "Its cargo"))]
    assert rows == ["The ferry sank.", "Its cargo was lost.suggested"]


def test_words_that_matter_have_their_place_as_javascript_counts() -> None:
    told = board_data(wire())["claims"][0]["cells"][2]["evidence"][0]
    assert told["words"] == [(3, 9, -0.456)]  # the emoji before it is two


def test_articles_of_one_name_are_told_apart() -> None:
    articles = [Article("…", "a1", "Gazette"), Article("…", "", "Gazette"), Article("…", "x")]
    assert comparison(articles, {}).names == ["Gazette (a1)", "Gazette (2)", "x"]


def test_only_addresses_of_the_web_become_links() -> None:
    urls = ["https://x.example/a?b=1&c=(2)", "javascript:alert(1)", " https://x.example", "//x.example", None]
    urls += ["data:text/html,x", "https://x.example/\njavascript:alert(1)", 'https://x.example/"onclick="x']
    board = comparison(
        [Article("…", str(n), url=url) for n, url in enumerate(urls)], {"c": [[said("s")] for _ in urls]}
    )
    assert [one["url"] for one in board_data(board)["articles"]] == [urls[0]] + [None] * 7


def test_nothing_of_a_hostile_article_becomes_an_element_an_attribute_or_a_script() -> None:
    page, tame = page_of(hostile()), page_of(comparison_like(hostile()))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in tame.elements]
    assert [sorted(one) for _, one in page.elements] == [sorted(one) for _, one in tame.elements]
    assert page.texts["script"][1:] == tame.texts["script"][1:]
    assert data_in(page)["claims"][0]["claim"] == HOSTILE
    assert HOSTILE in page.texts["a"]


def comparison_like(board: SourceComparison) -> SourceComparison:
    """Return a board of the same shape with harmless texts."""
    articles = [Article("…", str(n), f"outlet {n}") for n, _ in enumerate(board.articles)]
    rows = {
        f"claim {row}": [
            [said("x", one.label, one.probabilities[one.label]) for one in check.sentences]
            for check in checks
        ]
        for row, checks in enumerate(board.checks)
    }
    return comparison(articles, rows)


@given(st.text())
def test_data_cannot_leave_their_script_element_and_come_back_unchanged(text: str) -> None:
    inside = json_for_script({"text": text})
    assert not set(inside) & set("<>&\u2028\u2029")
    assert json.loads(inside) == {"text": text}


def test_the_page_asks_for_nothing_from_elsewhere_and_its_policy_forbids_it() -> None:
    raw = board_page(comparison_like(village()))
    assert not re.search(r"https?://|@import|url\(|\bsrc=", raw)
    policy = next(a["content"] for _, a in Page(raw).elements if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_styles_of_the_board_use_no_inline_style_which_the_policy_forbids() -> None:
    assert not [one for _, one in page_of(village()).elements if "style" in one]


def test_a_board_of_5000_cells_is_light() -> None:
    raw = board_page(crowd(100, 50))
    assert len(raw) < 3_000_000
    assert raw.count("<td>") == 5000
    assert raw.count("<li>") == len(Verdict)  # of the legend: evidence is laid out when it is asked for


@pytest.mark.parametrize(("articles", "width"), [(7, "broad"), (8, "narrow")])
def test_many_articles_make_the_columns_narrow(articles: int, width: str) -> None:
    assert page_of(crowd(1, articles)).all("table", "class") == [width]


def test_one_claim_in_one_article_is_called_so() -> None:
    board = comparison([Article("…", "1")], {"c": [[said("It rained.")]]})
    assert page_of(board).texts["title"] == ["Who says what: 1 claim in 1 article"]


def test_a_board_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    place = tmp_path / "board.html"
    write_board(place, village())
    assert place.read_text(encoding="utf-8") == board_page(village())
    with pytest.raises(InputError, match="it is a folder; give a file name"):
        write_board(tmp_path, village())
    assert [file.name for file in tmp_path.iterdir()] == ["board.html"]


# CSV


def test_the_csv_has_a_row_for_every_claim_and_article(tmp_path: Path) -> None:
    write_board_csv(tmp_path / "board.csv", village())
    with (tmp_path / "board.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    assert tuple(rows[0]) == COLUMNS
    assert rows[0] == {
        "claim": CLOSED, "standing": "agreed", "article": "Gazette", "verdict": "supports", "supports": "2",
        "denies": "0", "cut_sentences": "0", "sentence": "The bridge is shut.", "voice": "Gazette",
        "also_in": "",
    }  # fmt: skip
    assert (rows[5]["verdict"], rows[5]["sentence"], rows[5]["voice"]) == (
        "disputed", "He stays, wrote Bo.", "Bo",
    )  # fmt: skip
    assert (rows[1]["voice"], rows[2]["sentence"]) == ("", "")
    write_board_csv(tmp_path / "wire.csv", wire())
    with (tmp_path / "wire.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["also_in"] for row in csv.DictReader(stream)] == ["Courier", "Gazette", "", "", "", ""]
    write_board_csv(tmp_path / "cut.csv", cut())
    with (tmp_path / "cut.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["cut_sentences"] for row in csv.DictReader(stream)] == ["1", "2", "0"]


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+A1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=HYPERLINK("http://x","y")'],
)
def test_no_text_of_a_csv_is_a_formula(tmp_path: Path, formula: str) -> None:
    board = comparison(
        [Article("…", "1", formula)], {formula: [[said(formula, Label.SUPPORTS, voice=formula)]]}
    )
    write_board_csv(tmp_path / "board.csv", board)
    [row] = read_table(tmp_path / "board.csv", COLUMNS)
    names = ("claim", "article", "sentence", "voice")
    assert {row.values[name] for name in names} == {formula}  # read without the apostrophe
    with (tmp_path / "board.csv").open(encoding="utf-8", newline="") as stream:
        [cells] = csv.DictReader(stream)
    assert {cells[name] for name in names} == {f"'{formula}"}
    assert row.values["supports"] == "1"


def test_other_texts_of_a_csv_stay_as_they_are(tmp_path: Path) -> None:
    texts = ["a = b", "“Quoted”, twice", 'a "b", c', "1 + 1", "–5 degrees", "two\nlines", HOSTILE]
    board = comparison([Article("…", "1")], {text: [[said(text, Label.DENIES)]] for text in texts})
    write_board_csv(tmp_path / "board.csv", board)
    assert [row.values["sentence"] for row in read_table(tmp_path / "board.csv", COLUMNS)] == texts


# Markdown


def test_the_markdown_is_the_table_with_split_claims_first(tmp_path: Path) -> None:
    write_board_markdown(tmp_path / "board.md", village())
    lines = (tmp_path / "board.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "| claim | standing | Gazette | Courier | Herald |"
    assert lines[2] == f"| {RESIGNED} | split | supports | denies | disputed |"
    assert len(lines) == 2 + 4


def test_nothing_in_the_markdown_is_markdown_or_html() -> None:
    nasty = "a|b <img src=x> [x](javascript:1) `c` *d* _e_ ~~f~~ \\g &lt;\nh"
    lines = board_markdown(comparison([Article("…", nasty)], {nasty: [[said("s")]]})).splitlines()
    assert len(lines) == 3
    shown = r"a&#124;b &lt;img src=x&gt; \[x\](javascript:1) \`c\` \*d\* \_e\_ \~\~f\~\~ \\g &amp;lt; h"
    assert lines[0] == f"| claim | standing | {shown} |"
    assert lines[2] == f"| {shown} | silent | neutral |"
