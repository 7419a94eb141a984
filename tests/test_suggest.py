"""Suggested claims: taken from the articles, contradicted ones first, no two alike, at a bounded cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance import suggest
from stance.check import compare_sources
from stance.copies import words_of
from stance.errors import InputError
from stance.schema import Article
from stance.segment import split_sentences
from stance.suggest import Suggested, can_stand_alone, suggest_claims

from strategies import news_texts

BRIDGE = "The Karst bridge was closed to lorries on Friday night."
NOT_BRIDGE = "Mayor Ilse Brand denied that the Karst bridge was closed to lorries."
BUDGET = "Parliament in Dolin passed the budget by 61 votes."
BUDGET_AGAIN = "By 61 votes the budget was passed in Dolin, said Reuters."
STADIUM = "The new Dolin stadium will hold 40,000 people in May."


class Reader:
    """Takes a side where five words are common, and denies if it says so; keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        self.asked += pairs
        sides = [
            2 if len({*words_of(claim)} & {*words_of(sentence)}) < 5 else int("denied" in sentence)
            for claim, sentence in pairs
        ]
        return np.eye(3, dtype=np.float32)[sides]


def article(name: str, *lines: str) -> Article:
    text = "\n".join(lines)
    return Article(text, article_id=name, sentences=tuple(split_sentences(text)))


STORIES = [
    article("a", BUDGET, BRIDGE, "He denied it again on Monday."),
    article("b", BUDGET_AGAIN, STADIUM),
    article("c", NOT_BRIDGE, "Nobody else said anything about that on Monday."),
]


def test_contradicted_statements_come_first_then_repeated_ones() -> None:
    found, pairs = suggest_claims(Reader(), STORIES, 5)
    assert [one.claim for one in found] == [BRIDGE, BUDGET]
    assert (found[0].article_id, found[0].supported_by, found[0].denied_by) == ("a", (), ("c",))
    assert (found[1].article_id, found[1].supported_by, found[1].denied_by) == ("a", ("b",), ())
    assert pairs > 0


def test_as_many_as_asked_for() -> None:
    assert [one.claim for one in suggest_claims(Reader(), STORIES, 1).suggestions] == [BRIDGE]
    with pytest.raises(InputError, match="0 claims are to be suggested; expected at least 1"):
        suggest_claims(Reader(), STORIES, 0)


def test_a_copy_is_no_second_voice_and_no_second_suggestion() -> None:
    copies = [article(name, BUDGET) for name in "abc"]
    assert suggest_claims(Reader(), copies, 5) == Suggested([], 0)


@settings(max_examples=40)
@given(st.lists(news_texts, max_size=5), st.integers(1, 4))
def test_every_suggestion_is_a_sentence_of_its_article_and_none_is_like_another(
    texts: list[str], count: int
) -> None:
    articles = {str(n): article(str(n), text, BRIDGE, BUDGET_AGAIN) for n, text in enumerate(texts)}
    articles["last"] = article("last", NOT_BRIDGE, BUDGET)
    found = suggest_claims(Reader(), list(articles.values()), count).suggestions
    assert len(found) <= count
    for one in found:
        assert one.claim in [sentence.text for sentence in articles[one.article_id].sentences]
        assert can_stand_alone(one.claim)
        assert one.article_id not in (*one.supported_by, *one.denied_by)
        assert one.supported_by or one.denied_by
    words = [frozenset(word for word in words_of(one.claim) if len(word) > 2) for one in found]
    for i, own in enumerate(words):
        assert all(len(own & other) < 0.5 * min(len(own), len(other)) for other in words[:i])


def test_the_cost_is_bounded_and_computed_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggest, "CANDIDATES", 7)
    monkeypatch.setattr(suggest, "NEIGHBOURS", 3)
    towns = ["Karst", "Dolin", "Olsha", "Wadi", "Tollan"]
    lines = [f"Trains from {one} to {other} stopped after noon." for one in towns for other in towns]
    many = [article(f"{n}", *(f"{line} It took {n} hours." for line in lines)) for n in range(40)]
    reader = Reader()
    found = suggest_claims(reader, many, 3)
    assert found.pairs == len(reader.asked) <= 7 * 3


@pytest.mark.parametrize(
    ("text", "able"),
    [
        (BRIDGE, True),
        ("It was closed to lorries on Friday night in Karst.", False),
        ("“The Karst bridge was closed to lorries,” he said.", False),
        ("Was the Karst bridge closed to lorries on Friday?", False),
        ("The bridge was closed to all lorries last night.", False),
        ("Karst bridge closed.", False),
        ("The Karst bridge was closed to lorries on Friday night;", False),
        ("The bridge is open,” was the reply of Ilse Brand to us.", False),
    ],
)
def test_a_claim_can_be_read_alone(text: str, able: bool) -> None:
    assert can_stand_alone(text) is able


def test_suggestions_are_flagged_in_the_result() -> None:
    found = tuple(suggest_claims(Reader(), STORIES, 1).suggestions)
    board = compare_sources(Reader(), [found[0].claim, "It rained."], STORIES)
    claims = replace(board, suggestions=found).to_dict()["claims"]
    assert claims[0]["suggestion"] == {"article_id": "a", "supported_by": [], "denied_by": ["c"]}
    assert claims[1]["suggestion"] is None
