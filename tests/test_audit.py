"""What a corpus gives away, and texts that repeat each other."""

from __future__ import annotations

import random

import pytest
from stance.corpus.audit import cue_scores, near_duplicates, overlaps, tendencies
from stance.corpus.build import build_corpus
from stance.corpus.examples import SPLITS
from stance.corpus.folds import leave_out, outlets
from stance.errors import DataError, InputError
from stance.schema import LABELS, Label

from conftest import KREMLIN_CALL


def rows(count: int, cue: str) -> list[dict[str, str]]:
    """Pairs whose label can be told from a word of the claim, of the sentence, of neither, or of both."""
    rng = random.Random(count)
    made = []
    for _ in range(count):
        label, other = rng.choice(LABELS), rng.choice(LABELS)
        claim = f"The harbour was {label if cue == 'claim' else other} closed"
        sentence = f"The master spoke {label if cue == 'sentence' else rng.choice(LABELS)} again"
        made.append({"claim": claim, "sentence": sentence, "label": label.value})
    return made


@pytest.mark.parametrize("cue", ["claim", "sentence", "none"])
def test_a_cue_is_found_where_it_is(cue: str) -> None:
    scores = cue_scores(rows(240, cue), rows(120, cue))
    assert list(scores) == ["claim only", "sentence only", "bag of words"]
    for name, score in scores.items():
        if name == f"{cue} only" or (name == "bag of words" and cue != "none"):
            assert score == 1.0, name
        else:
            assert score < 0.5, name


def test_tendencies_are_means_by_label() -> None:
    found = tendencies(
        [
            {
                "claim": "The port was closed.",
                "sentence": "The port wasn’t closed, he said.",
                "label": "denies",
            },
            {"claim": "The port was closed.", "sentence": "Rain.", "label": "denies"},
            {"claim": "The port was closed.", "sentence": "The port was closed.", "label": "supports"},
        ]
    )
    assert found[Label.SUPPORTS] == (1, 1.0, 4.0, 0.0)
    pairs, overlap, length, denial_words = found[Label.DENIES]
    assert (pairs, overlap, length, denial_words) == (2, 0.5, (7 + 1) / 2, 0.5)
    assert found[Label.NEUTRAL] == (0, 0.0, 0.0, 0.0)


def test_the_overlaps_is_found() -> None:
    shared = "ministers met in the old harbour hall"
    texts = {
        "a": [f"On Monday {shared}.", "Something else was said there by them."],
        "b": [f"{shared.title()}!"],
        "c": ["Nothing of the kind is known to us here."],
    }
    assert overlaps(texts) == [(1.0, "a", "b")]
    assert overlaps({"a": texts["a"], "c": texts["c"]}) == []
    assert overlaps({}) == []
    texts["d"] = [*texts["a"], *texts["c"]]
    found = overlaps(texts)
    assert {frozenset(pair) for _, *pair in found} == {frozenset(p) for p in ("ab", "ad", "bd", "cd")}
    assert [share for share, *_ in found] == sorted((share for share, *_ in found), reverse=True)


def test_cues_need_something_to_learn_from() -> None:
    one_label = [row for row in rows(20, "none") if row["label"] == "denies"]
    with pytest.raises(DataError, match=f"two labels at least to learn from; {len(one_label)} given"):
        cue_scores(one_label, rows(9, "none"))
    with pytest.raises(DataError, match="needs test pairs; the corpus has none"):
        cue_scores(rows(9, "none"), [])


def test_near_duplicates_are_wire_copy_and_short_copies() -> None:
    texts = {
        "a": "The two leaders spoke by telephone on Sunday evening, officials said.",
        "b": "The two leaders spoke by telephone on Sunday morning, officials said.",
        "c": "No comment.",
        "d": "no comment",
        "e": "Officials said on Sunday evening that the two leaders had spoken.",
        "f": "",
    }
    assert list(near_duplicates(texts)) == [("a", "b"), ("c", "d")]


def test_leaving_an_outlet_out_tests_on_it_alone() -> None:
    built = build_corpus(KREMLIN_CALL)
    names = outlets(built)
    assert len(names) == 5
    tested = []
    for name in names:
        fold = leave_out(built, name)
        assert {row["article_id"] for row in fold["test"]} == {name}
        held_out = {row["sentence"] for row in fold["test"]}
        for split in SPLITS[:2]:
            assert name not in {row["article_id"] for row in fold[split]}
            assert not held_out & {row["sentence"] for row in fold[split]}
            families = {row["group"] for row in fold[split]}
            assert families == {row["group"] for row in built[split]}
        tested += [row["pair_id"] for row in fold["test"]]
    assert sorted(tested) == sorted(row["pair_id"] for row in built["test"])


def test_wire_copy_of_the_outlet_is_not_trained_on() -> None:
    wire = "The two leaders spoke by telephone on Sunday, officials said."
    rows = [
        {"sentence_id": "a1", "article_id": "a", "sentence": wire, "group": "g", "pair_id": "1"},
        {"sentence_id": "b1", "article_id": "b", "sentence": wire.upper(), "group": "g", "pair_id": "2"},
        {
            "sentence_id": "b2",
            "article_id": "b",
            "sentence": "Another sentence.",
            "group": "g",
            "pair_id": "3",
        },
    ]
    fold = leave_out(dict.fromkeys(SPLITS, rows), "a")
    assert [row["sentence_id"] for row in fold["train"]] == ["b2"]
    assert [row["sentence_id"] for row in fold["test"]] == ["a1"]


def test_an_unknown_outlet_is_refused() -> None:
    with pytest.raises(InputError, match="no article 'outlet-z' in the corpus; expected one of outlet-a, "):
        leave_out(build_corpus(KREMLIN_CALL), "outlet-z")
