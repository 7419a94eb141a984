"""From votes to decisions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from stance.cli import main
from stance.corpus.adjudication import Adjudication
from stance.corpus.decisions import settle
from stance.corpus.folder import open_corpus
from stance.corpus.validate import corpus_problems
from stance.corpus.votes import Vote, write_votes
from stance.errors import InputError
from stance.schema import Label

from conftest import KREMLIN_CALL, NEWSROOM
from corpora import event, write_adjudications, write_events

SUPPORTS, DENIES, NEUTRAL = Label.SUPPORTS, Label.DENIES, Label.NEUTRAL


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """An event without labels, on which two annotators voted."""
    blank = event(0, "train")
    blank["claims"] = [{"claim": claim["claim"], "labels": "---"} for claim in blank["claims"]]
    folder = write_events(tmp_path / "corpus", blank)
    pairs = [cell["pair_id"] for cell in open_corpus(folder).cells]
    anna = {
        "E0/1/1": Vote(SUPPORTS),
        "E0/1/2": Vote(DENIES, (8, 20)),
        "E0/1/3": Vote(NEUTRAL),
        "E0/2/1": Vote(SUPPORTS, ()),
        "E0/2/2": Vote(SUPPORTS, ()),
    }
    ben = {**anna, "E0/1/1": Vote(SUPPORTS, ()), "E0/1/3": Vote(DENIES), "E0/2/1": Vote(DENIES, (0, 7))}
    del ben["E0/2/2"]
    write_votes(folder, "anna", anna, pairs)
    write_votes(folder, "ben", ben, pairs)
    return folder


def labels(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    return {cell["pair_id"]: (cell["label"], cell["voice"]) for cell in open_corpus(folder).cells}


def test_what_all_agree_on_is_decided_and_the_rest_stays_open(corpus: Path) -> None:
    assert settle(corpus) == (2, 0, ["E0/1/3", "E0/2/1", "E0/2/2", "E0/2/3"])
    text = open_corpus(corpus).cells[1]["sentence"]
    assert labels(corpus) == {
        "E0/1/1": ("supports", ""),
        "E0/1/2": ("denies", text[8:20]),
        "E0/1/3": (None, None),
        "E0/2/1": (None, None),
        "E0/2/2": (None, None),
        "E0/2/3": (None, None),
    }


def test_adjudications_decide_and_drop(corpus: Path) -> None:
    write_adjudications(
        corpus, {"E0/1/3": Adjudication(DENIES, "rule 4"), "E0/2/1": Adjudication(None, "open to both")}
    )
    assert settle(corpus, least=1) == (4, 1, ["E0/2/3"])
    assert labels(corpus)["E0/1/3"] == ("denies", None)
    assert labels(corpus)["E0/2/1"] == (None, None)
    assert labels(corpus)["E0/2/2"] == ("supports", "")
    assert not [problem for problem in corpus_problems(corpus) if "pair " in problem]


def test_settling_twice_changes_nothing(corpus: Path) -> None:
    settle(corpus)
    once = (corpus / "events.jsonl").read_bytes()
    settle(corpus)
    assert (corpus / "events.jsonl").read_bytes() == once


def test_a_drop_takes_label_and_voice_away(corpus: Path) -> None:
    settle(corpus)
    write_adjudications(corpus, {"E0/1/2": Adjudication(None, "on second thoughts")})
    settle(corpus)
    assert labels(corpus)["E0/1/2"] == (None, None)


def test_a_stand_off_corpus_is_not_settled() -> None:
    with pytest.raises(InputError, match=r"changed in annotations\.jsonl"):
        settle(KREMLIN_CALL)


def test_a_voice_stays_where_the_votes_note_none(corpus: Path) -> None:
    sound = event(0, "train")
    write_events(corpus, sound)
    pairs = [cell["pair_id"] for cell in open_corpus(corpus).cells]
    for name in ("anna", "ben"):
        write_votes(corpus, name, {"E0/1/2": Vote(DENIES), "E0/2/1": Vote(SUPPORTS)}, pairs)
    settle(corpus)
    assert labels(corpus)["E0/1/2"] == ("denies", "harbour master Ilse Quade")
    assert labels(corpus)["E0/2/1"] == ("supports", None)


@pytest.mark.slow
def test_settling_the_newsroom_changes_no_label(tmp_path: Path) -> None:
    folder = tmp_path / "newsroom"
    shutil.copytree(NEWSROOM, folder)
    before = labels(folder)
    assert settle(folder).open_pairs == []
    after = labels(folder)
    assert {pair: label for pair, (label, _) in after.items()} == {
        p: label for p, (label, _) in before.items()
    }


def test_settle_from_the_command_line(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "settle", str(corpus), "--votes", "2"]) == 0
    assert "2 pairs decided, 0 dropped, 4 open" in capsys.readouterr().err
