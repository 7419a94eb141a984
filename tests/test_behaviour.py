"""Minimal sets and noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from stance.corpus.examples import SPLITS
from stance.corpus.mixture import normalised
from stance.errors import InputError
from stance.evaluation.behaviour import CASES, NOISE, CaseRow, behaviour_scores, read_cases
from stance.schema import LABELS, Label
from stance.tables import write_table
from stance.testing import KeywordClassifier

from conftest import KREMLIN_CALL, NEWSROOM, ROOT, examples_of
from strategies import news_lines

ROWS = [
    CaseRow("a", "negation", "They met.", "They met.", Label.SUPPORTS),
    CaseRow("a", "negation", "They met.", "He denied it.", Label.DENIES),
    CaseRow("b", "number", "They met.", "They met.", Label.SUPPORTS),
    CaseRow("b", "number", "They met.", "They met.", Label.NEUTRAL),
]
CLASSIFIER = KeywordClassifier({"met": Label.SUPPORTS, "denied": Label.DENIES})


def test_a_set_counts_only_where_all_of_it_is_right() -> None:
    scores = behaviour_scores(CLASSIFIER, ROWS)
    assert scores["capabilities"] == {
        "negation": {"pairs": 2, "accuracy": 1, "cases": 1, "consistency": 1},
        "number": {"pairs": 2, "accuracy": 0.5, "cases": 1, "consistency": 0},
        "all": {"pairs": 4, "accuracy": 0.75, "cases": 2, "consistency": 0.5},
    }
    assert [(one["case"], one["label"], one["predicted"]) for one in scores["failures"]] == [
        ("b", "neutral", "supports")
    ]
    assert set(scores["noise"]) == set(NOISE)


class Counting:
    """Labels by the number of characters, so that noise shows."""

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        return np.eye(3, dtype=np.float32)[[len(sentence) % 3 for _, sentence in pairs]]


def test_what_noise_changes_is_counted() -> None:
    noise = behaviour_scores(Counting(), ROWS)["noise"]
    assert noise["space at the end"] == {"changed": 1, "largest_shift": 1}
    assert noise["composed letters (NFC)"] == {"changed": 0, "largest_shift": 0}


@settings(max_examples=100)
@given(news_lines, st.sampled_from(sorted(NOISE)))
def test_noise_leaves_the_words_alone(text: str, name: str) -> None:
    assert normalised(NOISE[name](text)) == normalised(text)


def test_curly_marks_open_and_close() -> None:
    assert NOISE["curly quotation marks"]("\"It's ('so')\"") == "“It’s (‘so’)”"


def test_the_sets_of_the_project_are_sound() -> None:
    rows = read_cases(ROOT / CASES)
    assert len({(row.claim, row.sentence) for row in rows}) == len(rows)
    for case in {row.case for row in rows}:
        of_case = [row for row in rows if row.case == case]
        assert len({row.label for row in of_case}) > 1, case
        assert len({row.capability for row in of_case}) == 1, case
    counts = [sum(row.label is label for row in rows) for label in LABELS]
    assert max(counts) < 1.25 * min(counts)


def test_no_set_was_trained_on() -> None:
    sentences = {normalised(row.sentence) for row in read_cases(ROOT / CASES)}
    for folder in (KREMLIN_CALL, NEWSROOM):
        for split in SPLITS:
            trained_on = {example.sentence for example in examples_of(folder, split)}
            assert sentences.isdisjoint(map(normalised, trained_on))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"label": "maybe"}, "row 2: label is 'maybe'; expected one of supports"),
        ({"sentence": " "}, "row 2: sentence is ' '; expected a text"),
        ({"case": "alone"}, "the set 'a' has one pair; expected sets of at least two"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, change: dict[str, str], problem: str) -> None:
    rows = [{**row._asdict(), "label": row.label.value} for row in ROWS[:2]]
    file = tmp_path / "cases.jsonl"
    write_table(file, [rows[0], {**rows[1], **change}], CaseRow._fields)
    with pytest.raises(InputError, match=problem):
        read_cases(file)
