"""Scores by slice."""

from __future__ import annotations

import pytest
from stance.corpus.examples import Example, parse_example
from stance.evaluation.slices import SMALLEST, slice_scores
from stance.schema import Label


def examples_of(facet: str, label: Label, count: int, sentence: str = "They met.") -> list[Example]:
    return [
        Example(f"claim {i}", sentence, label, f"{facet} {i // 8}", facets=(("outlet", facet),))
        for i in range(count)
    ]


def test_the_worst_slice_comes_first() -> None:
    good, bad = examples_of("good", Label.SUPPORTS, 60), examples_of("bad", Label.DENIES, 80)
    predicted = ["supports"] * 60 + ["denies"] * 20 + ["neutral"] * 60
    scores = slice_scores([*good, *bad], predicted)
    assert [(one["facet"], one["value"], one["n"], one["clusters"]) for one in scores] == [
        ("outlet", "bad", 80, 10),
        ("outlet", "good", 60, 8),
    ]
    assert scores[0]["accuracy"] == 0.25
    assert scores[0]["macro_f1"] == scores[0]["denies_f1"] == pytest.approx(0.4)  # P 1, R 1/4
    assert scores[0]["interval"][0] < 0.4 < scores[0]["interval"][1]
    assert (scores[1]["macro_f1"], scores[1]["denies_f1"]) == (1, None)


def test_slices_are_made_of_what_the_texts_look_like() -> None:
    short = examples_of("x", Label.SUPPORTS, SMALLEST, "They met.")
    long = examples_of("x", Label.SUPPORTS, SMALLEST, "“No,” he said, " + "and on he went " * 12)
    scores = slice_scores([*short, *long], ["supports"] * 2 * SMALLEST)
    assert {(one["facet"], one["value"]) for one in scores} == {
        ("sentence length", "up to 12 words"),
        ("sentence length", "over 40 words"),
        ("denial words", "in neither"),
        ("denial words", "in the sentence"),
        ("quotation marks", "yes"),
        ("quotation marks", "no"),
    }


def test_a_slice_that_is_too_small_or_everything_is_left_out() -> None:
    assert slice_scores(examples_of("x", Label.SUPPORTS, SMALLEST), ["supports"] * SMALLEST) == []
    assert slice_scores(examples_of("x", Label.SUPPORTS, 3), ["supports"] * 3) == []


def test_facets_come_from_the_table() -> None:
    values = {
        "claim": "c", "sentence": "s", "label": "denies", "outlet": "a", "forms": "quote denial", "tag": None,
        "domain": "war, security",
    }  # fmt: skip
    assert parse_example(values, "here", "set").facets == (
        ("outlet", "a"),
        ("domain", "war, security"),
        ("form of sentence", "quote"),
        ("form of sentence", "denial"),
    )
