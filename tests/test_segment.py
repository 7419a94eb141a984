from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stance import segment, split_sentences
from stance.corpus.records import read_standoff
from stance.corpus.standoff import find_texts
from stance.errors import InputError
from stance.segment import fewest_sentences

from conftest import KREMLIN_CALL
from strategies import texts

KINDS = {
    *("content", "headline", "caption"),
    *("credit", "advertisement", "newsletter", "correction", "related", "metadata"),
}
LINE_ENDS = "\n\r\u2028\u2029"


def split(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


def kinds(text: str) -> list[str]:
    return [sentence.kind for sentence in split_sentences(text)]


@settings(max_examples=200)
@given(texts)
@example("")
@example("\u200b")
@example("A.\u200b B.\u200b")
@example("“No…” Then he left.\r\n\r\n(photo credit: X)\u2028Related\u2029They met.")
@example("a\x0bb. C\x0cD. E\x85F. G\x1cH.")
@example("lone surrogate \ud800. He left.")
@example("\0. \0")
def test_law_1_offsets_are_exact_ordered_and_cover_the_text(text: str) -> None:
    sentences = split_sentences(text)
    end, between = 0, ""
    for sentence in sentences:
        assert text[sentence.start : sentence.end] == sentence.text
        assert end <= sentence.start < sentence.end
        between += text[end : sentence.start]
        end = sentence.end
    assert not (between + text[end:]).strip(), "a visible character is in no sentence"


@settings(max_examples=100)
@given(texts)
def test_sentences_are_trimmed_stay_on_their_line_and_have_a_known_kind(text: str) -> None:
    for sentence in split_sentences(text):
        assert sentence.text == sentence.text.strip()
        assert not set(sentence.text) & set(LINE_ENDS)
        assert sentence.kind in KINDS


@settings(max_examples=60)
@given(texts, texts)
def test_where_one_line_is_cut_depends_on_no_other_line(first: str, second: str) -> None:
    together = [(s.start, s.end) for s in split_sentences(f"{first}\n{second}")]
    shift = len(first) + 1
    apart = [(s.start, s.end) for s in split_sentences(first)]
    apart += [(s.start + shift, s.end + shift) for s in split_sentences(second)]
    assert together == apart


TRICKY = [
    ["He lives in the U.S. and works in Paris."],
    ["She moved back to the U.S.", "He stayed in London."],
    ["The U.S. President arrived on Monday."],
    ["Mr. Smith met Dr. Jones and Mrs. Brown."],
    ["Lt. Gen. Mark Hertling spoke.", "Sen. Bob Casey did not."],
    ["The budget rose to 3.5 million euros.", "It was $2.1bn before."],
    ["The talks begin on Jan. 5 in Geneva."],
    ["The vote is on Jan. 5.", "Results follow on Feb. 7."],
    ["I was thinking ... maybe not."],
    ["He paused...", "Then he left the room."],
    ["“We will not go.", "We never wanted to,” the minister said.", "Nobody answered."],
    ["“Nothing will change…”", "Officials declined to comment."],
    ["“Is this peace?” she asked.", "“It is not!” he replied."],
    ["You did what?!", "Nobody told me."],
    ["The deal was signed.", "(The terms were not published.)", "Markets rose."],
    ["He resigned (he said so on Friday. Twice) after the vote."],
    ["The meeting starts at 9 a.m. on Tuesday."],
    ["They met at 9 a.m.", "The talks lasted until noon."],
    ["J. K. Rowling and George H. W. Bush attended."],
    ["See https://www.example.com/a.b?c=d. for details."],
    ["Visit www.kyivpost.com.", "It has more."],
    ["The prime minister left No. 10 at noon."],
    ["It was Russia vs. Ukraine again.", "Ukraine won."],
    ["He was born in St. Petersburg.", "She was not."],
    ["The war — Europe's worst since 1945 — goes on.", "It will not end soon."],
    ["‘We are ready.’", "That was all Peskov said."],
    ["Trump said: “I won.”", "Harris conceded."],
    ["The firm, Acme Inc., sued.", "Acme Inc. Chairman Bob Lee was absent."],
    ["“Stop!” cried the guard.", "He ran."],
    ["date 2024-11-11", "The Kremlin denied it."],
    ["The two shake hands.", "via Associated Press"],
    ["The two shake hands.", "(photo credit: REUTERS)"],
    ["They met until 5 p.m.", "Nobody left early."],
]


@pytest.mark.parametrize("sentences", TRICKY, ids=lambda sentences: " ".join(sentences)[:40])
def test_news_text_is_cut_where_a_reader_would_cut_it(sentences: list[str]) -> None:
    assert split(" ".join(sentences)) == sentences


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\u2028", "\u2029"])
def test_a_line_break_always_ends_a_sentence(end: str) -> None:
    assert split(f"- Ukraine keeps its army{end}- NATO waits for Mr.{end}Nobody") == [
        "- Ukraine keeps its army",
        "- NATO waits for Mr.",
        "Nobody",
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t", "\u00a0\u3000\u2028"])
def test_a_text_without_visible_characters_has_no_sentence(text: str) -> None:
    assert split_sentences(text) == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("(photo credit: NEWS AGENCY/STAFF PHOTOGRAPHER)", "credit"),
        ("Photo: Reuters", "credit"),
        ("via Associated Press", "credit"),
        ("Jane Doe and John Roe contributed to this report.", "credit"),
        ("Advertisement", "advertisement"),
        ("SPONSORED CONTENT", "advertisement"),
        ("Subscribe to our newsletter", "newsletter"),
        ("Sign up for The Morning, five stories a day.", "newsletter"),
        ("To request a correction or clarification, write to the editors", "correction"),
        ("Correction: an earlier version named another city.", "correction"),
        ("Other Topics of Interest", "related"),
        ("Read more: Kremlin denies call", "related"),
        ("LAST UPDATED: NOVEMBER 11, 2024 14:20", "metadata"),
        ("Published on Nov. 11, 2024", "metadata"),
        ("date 2024-11-11", "metadata"),
        ("Kremlin denies call", "headline"),
        ("The Kremlin denied that the two leaders had spoken by phone.", "content"),
        ("He advertised the advertisement.", "content"),
        ("The photo was taken in Helsinki, the credit: unknown.", "content"),
        ("They published the date.", "content"),
        (
            "The minister said that the ministry had corrected the record about the call on Monday, and that",
            "content",
        ),
    ],
)
def test_boilerplate_is_flagged_and_the_story_is_not(line: str, kind: str) -> None:
    assert kinds(line) == [kind]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Sign up rates for the army rose on Monday, the minister said.", "content"),
        ("Follow us or leave, the general told his officers.", "content"),
        ("Published reports say", "headline"),
        ("Updated guidance", "headline"),
        ("Via phone", "headline"),
    ],
)
def test_a_sentence_of_the_story_that_begins_like_boilerplate_is_kept(line: str, kind: str) -> None:
    assert kinds(line) == [kind]


def test_boilerplate_is_flagged_never_dropped() -> None:
    assert split("They met.\nAdvertisement\nHe denied it.") == ["They met.", "Advertisement", "He denied it."]


def test_a_photo_credit_makes_a_caption_of_the_line_before_and_of_its_repetition() -> None:
    text = "The two shake hands.\nThe two shake hands. (photo credit: REUTERS)\nThey met on Monday."
    assert kinds(text) == ["caption", "caption", "credit", "content"]


def test_thanks_to_contributors_make_no_caption() -> None:
    assert kinds("They met on Monday.\nJane Doe contributed to this report.") == ["content", "credit"]


def test_a_bare_related_line_takes_its_link_its_teaser_and_the_repeated_link_along() -> None:
    text = (
        "Kremlin denies telephone call\n"
        "They met on Monday.\n"
        "Other Topics of Interest\n"
        "Kremlin denies telephone call\n"
        "The Kremlin denies a telephone call took place.\n"
        "The envoy left on Tuesday."
    )
    assert kinds(text) == ["related", "content", "related", "related", "related", "content"]


def test_a_related_line_at_the_very_end_is_no_problem() -> None:
    assert kinds("They met on Monday.\nRelated") == ["content", "related"]


def marked_one_by_one(lines: list[list[str]], kinds: list[list[str]]) -> list[list[str]]:
    """Return what a related line takes along, by the plain definition: a look at all rows for every link."""
    texts = [" ".join(line) for line in lines]
    found = [list(own) for own in kinds]
    for row, own in enumerate(kinds):
        if own != ["related"] or ":" in texts[row] or row + 1 >= len(lines):
            continue
        link = texts[row + 1]
        taken = [row + 1] + [other for other in range(row) if texts[other] == link]
        if row + 2 < len(lines):
            words = [set(re.findall(r"\w{5,}", text.lower())) for text in (link, texts[row + 2])]
            taken += [row + 2] * (len(words[0] & words[1]) >= 3)
        for other in taken:
            found[other] = ["related"] * len(found[other])
    return found


lines_around_related = st.lists(
    st.sampled_from(
        [
            (["Related"], ["related"]),
            (["Read more: Kremlin denies"], ["related"]),
            (["Kremlin denies telephone call"], ["headline"]),
            (["The Kremlin denies that a telephone call took place."], ["content"]),
            (["They met.", "He left."], ["content", "content"]),
            (["Related", "They met."], ["related", "content"]),
            (["They met. He left."], ["content"]),
        ]
    ),
    max_size=12,
)


@given(lines_around_related)
def test_a_related_line_takes_along_what_the_plain_definition_says(
    rows: list[tuple[list[str], list[str]]],
) -> None:
    lines, kinds = [line for line, _ in rows], [list(own) for _, own in rows]
    expected = marked_one_by_one(lines, kinds)
    segment._mark_related(lines, kinds)
    assert kinds == expected


def steps(function: Any, *arguments: Any) -> int:
    """Return how many steps the interpreter takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("rows", [["Related"], ["Related", "They met"], ["Related", "x y", "They met"]])
def test_twice_as_many_related_lines_take_twice_the_work(rows: list[str]) -> None:
    def work(times: int) -> int:
        lines = [[row] for row in rows * times]
        return steps(
            segment._mark_related, lines, [["related" if row == "Related" else "content"] for [row] in lines]
        )

    assert work(400) < 2.2 * work(200)


def test_a_line_of_ranks_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = 0

    class Pattern:
        def search(self, text: str) -> Any:
            nonlocal looked_at
            looked_at += len(text)
            return pattern.search(text)

    pattern = segment._NEVER_LAST
    monkeypatch.setattr(segment, "_NEVER_LAST", Pattern())
    line = "Gen. A " * 300
    assert split(line) == [line.strip()]
    assert 0 < looked_at < 2 * len(line)


@given(texts)
def test_a_text_has_at_least_as_many_sentences_as_lines(text: str) -> None:
    assert fewest_sentences(text) <= len(split_sentences(text))
    assert fewest_sentences("They met\n \n\r\nNo\u2028Yes") == 3


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "a. " * 10_000, "“" * 10_000, "." * 20_000, "(a. B " * 3_000, "x\n" * 10_000],
    ids=lambda text: text[:5],
)
def test_a_huge_text_is_split_in_seconds(text: str) -> None:
    begin = time.perf_counter()
    assert split_sentences(text)
    assert time.perf_counter() - begin < 5


def test_a_date_line_padded_with_blanks_does_not_hang() -> None:
    begin = time.perf_counter()
    split_sentences("date" + " " * 400 + "!")
    assert time.perf_counter() - begin < 0.2


@pytest.mark.parametrize("text", [None, b"They met.", 5, ["They met."]])
def test_what_is_no_text_is_refused(text: object) -> None:
    with pytest.raises(InputError, match="expected a text"):
        split_sentences(text)  # type: ignore[arg-type]


def test_the_five_articles_are_cut_and_sorted_as_people_did(article_texts: Path) -> None:
    corpus = read_standoff(KREMLIN_CALL)
    found = find_texts(corpus, article_texts)
    assert len(found) == 5
    for article_id, text in found.items():
        gold = [(s.start, s.end, s.kind) for s in corpus.sentences if s.article_id == article_id]
        assert [(s.start, s.end, s.kind) for s in split_sentences(text)] == gold, article_id


def test_the_gold_offsets_hold_every_visible_character(article_texts: Path) -> None:
    corpus = read_standoff(KREMLIN_CALL)
    for article_id, text in find_texts(corpus, article_texts).items():
        rest = list(text)
        for sentence in corpus.sentences:
            if sentence.article_id == article_id:
                rest[sentence.start : sentence.end] = " " * (sentence.end - sentence.start)
        assert not "".join(rest).strip(), json.dumps("".join(rest).strip())
