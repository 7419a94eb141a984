"""Votes on disk, adjudications, and the folder that holds them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance.corpus.adjudication import Adjudication, load_adjudications
from stance.corpus.folder import Corpus, open_corpus
from stance.corpus.votes import Vote, annotator_file, load_votes, write_votes
from stance.errors import DataError, InputError
from stance.schema import LABELS, Label

from conftest import KREMLIN_CALL
from corpora import small_corpus, write_adjudications

LENGTHS = {
    f"E{event}/{claim}/{sentence}": 20 for event in (1, 2) for claim in (1, 2) for sentence in (1, 2, 3)
}

spans = st.tuples(st.integers(0, 18), st.integers(1, 20)).filter(lambda span: span[0] < span[1])
sides = st.builds(
    Vote,
    st.sampled_from(LABELS[:2]),
    st.one_of(st.none(), st.just(()), spans),
    st.booleans(),
    st.text(max_size=9),
)
neutral = st.builds(Vote, st.just(Label.NEUTRAL), st.none(), st.booleans())


@settings(max_examples=50)
@given(ballot=st.dictionaries(st.sampled_from(sorted(LENGTHS)), st.one_of(sides, neutral)))
def test_votes_come_back_as_they_were_written(
    ballot: dict[str, Vote], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    write_votes(folder, "anna", ballot, LENGTHS)
    assert load_votes(folder, LENGTHS) == ({"anna": ballot}, [])


def test_a_folder_without_votes_has_none(tmp_path: Path) -> None:
    assert load_votes(tmp_path, LENGTHS) == ({}, [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"claim": "E9/1", "labels": "SDN"}, "claim is 'E9/1'; expected the id of a claim of the corpus"),
        ({"claim": "E1/1", "labels": "SD"}, "labels is 'SD'; expected 3 letters"),
        ({"claim": "E1/1", "labels": "SDX"}, "labels is 'SDX'"),
        (
            {"claim": "E1/1", "labels": "SDN", "voices": {"1": [3, 90]}},
            r"voice is \[3, 90\]; expected \[start, end\]",
        ),
        ({"claim": "E1/1", "labels": "SDN", "voices": {"1": [3, 3]}}, r"within the 20 characters"),
        ({"claim": "E1/1", "labels": "SDN", "voices": {"1": [True, 3]}}, r"voice is \[True, 3\]"),
        (
            {"claim": "E1/1", "labels": "SDN", "voices": {"3": []}},
            "the label is neutral; nobody takes a side",
        ),
        ({"claim": "E1/1", "labels": "SDN", "voices": {"7": []}}, "'7' is no sentence with a vote"),
        ({"labels": "SDN"}, "claim is 'None'"),
        ({"claim": "E1/2", "labels": "SDN"}, "claim E1/2 stands in row 1 already; one row a claim"),
        (
            {"claim": "E1/1", "labels": "SD-", "voices": {"3": []}},
            "'3' is no sentence with a vote of this row",
        ),
        ({"claim": "E1/1", "labels": "SDN", "voices": ["1"]}, "voices is .*; expected an object"),
        ({"claim": "E1/1", "labels": "SDN", "related": 1}, "related is 1; expected a list"),
        ({"claim": "E1/1", "labels": "SDN", "related": "3"}, "related is '3'; expected a list"),
        ({"claim": "E1/1", "labels": "SDN", "notes": {"1": 5}}, "notes is .*; expected an object of texts"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_kept(
    tmp_path: Path, row: dict[str, object], message: str
) -> None:
    (tmp_path / "votes").mkdir()
    rows = [{"claim": "E1/2", "labels": "NN-"}, row, {"claim": "E2/1", "labels": "S--"}]
    lines = "\n".join(map(json.dumps, rows)) + '\n{"claim": \n'
    (tmp_path / "votes" / "anna.jsonl").write_text(lines)
    ballots, problems = load_votes(tmp_path, LENGTHS)
    assert list(ballots["anna"]) == ["E1/2/1", "E1/2/2", "E2/1/1"]
    assert ["row 2" in problems[0], "row 4" in problems[1], len(problems)] == [True, True, 2]
    assert re.search(message, problems[0])


@pytest.mark.parametrize("name", ["", "../x", "a b", ".hidden", "x/y", "decision", "to-label"])
def test_an_annotator_needs_a_name_that_can_be_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="expected a name of letters, digits"):
        annotator_file(tmp_path, name)


def test_a_file_that_cannot_be_an_annotator_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "votes").mkdir()
    (tmp_path / "votes" / "Anna Smith.jsonl").write_text("")
    assert "annotator 'Anna Smith': expected a name of letters" in load_votes(tmp_path, LENGTHS)[1][0]


def test_adjudications_come_back_as_they_were_written(tmp_path: Path) -> None:
    given_ = {"E1/1/1": Adjudication(Label.DENIES, "rule 4"), "E1/1/2": Adjudication(None, "open to both")}
    write_adjudications(tmp_path, given_)
    assert load_adjudications(tmp_path, LENGTHS) == (given_, [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"pair_id": "E9/1/1", "decision": "denies", "reason": "x"}, "pair_id is 'E9/1/1'; expected a pair"),
        ({"pair_id": "E1/1/1", "decision": "denies", "reason": "x"}, "that has no other row"),
        (
            {"pair_id": "E1/1/2", "decision": "maybe", "reason": "x"},
            "decision is 'maybe'; expected one of supports",
        ),
        ({"pair_id": "E1/1/2", "decision": "denies", "reason": " "}, "reason is ' '; expected a text"),
        ({"decision": "denies"}, "pair_id is None"),
        ({"pair_id": ["a"], "decision": "denies"}, "pair_id is ['a']"),
        ({"pair_id": "E1/1/2", "decision": ["denies"], "reason": "x"}, "decision is ['denies']"),
    ],
)
def test_an_adjudication_that_cannot_be_read_is_named(
    tmp_path: Path, row: dict[str, str], message: str
) -> None:
    first = {"pair_id": "E1/1/1", "decision": "dropped", "reason": "x"}
    (tmp_path / "adjudication.jsonl").write_text("\n".join(map(json.dumps, [first, row])) + "\n")
    found, problems = load_adjudications(tmp_path, LENGTHS)
    assert list(found) == ["E1/1/1"]
    assert len(problems) == 1
    assert message in problems[0]
    assert "row 2" in problems[0]


def test_a_folder_that_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no corpus folder; expected one with events\.jsonl"):
        open_corpus(tmp_path)


def test_events_need_no_articles(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds its own text; leave out --articles"):
        open_corpus(small_corpus(tmp_path), tmp_path)


def test_both_corpora_hold_the_votes_of_two_annotators(newsroom_corpus: Corpus) -> None:
    for corpus in (open_corpus(KREMLIN_CALL), newsroom_corpus):
        assert len(corpus.ballots) == 2
        pairs = {cell["pair_id"] for cell in corpus.cells}
        assert all(set(ballot) <= pairs for ballot in corpus.ballots.values())
