"""What ``stance corpus validate`` finds, and the other verbs of ``stance corpus``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from stance.cli import main
from stance.corpus.adjudication import Adjudication
from stance.corpus.folder import open_corpus
from stance.corpus.publish import publish
from stance.corpus.validate import corpus_problems
from stance.corpus.votes import Vote, write_votes
from stance.schema import Label

from conftest import KREMLIN_CALL
from corpora import event, sentences, small_corpus, write_adjudications, write_events


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A published corpus with two annotators who differ on one pair, which was adjudicated."""
    folder = small_corpus(tmp_path / "corpus")
    pairs = [cell["pair_id"] for cell in open_corpus(folder).cells]
    votes = {cell["pair_id"]: Vote(Label(cell["label"])) for cell in open_corpus(folder).cells}
    write_votes(folder, "anna", votes | {"E0/1/1": Vote(Label.NEUTRAL)}, pairs)
    write_votes(folder, "ben", votes | {"E0/1/1": Vote(Label.SUPPORTS, (0, 7))}, pairs)
    write_adjudications(folder, {"E0/1/1": Adjudication(Label.SUPPORTS, "it says so")})
    publish(folder)
    return folder


def test_a_sound_corpus_has_no_problem(corpus: Path) -> None:
    assert corpus_problems(corpus) == []


def test_a_difference_without_a_decision_is_a_problem(corpus: Path) -> None:
    (corpus / "adjudication.jsonl").unlink()
    assert corpus_problems(corpus) == [
        "pair E0/1/1: anna says neutral, ben says supports; decide, and add a row to adjudication.jsonl"
    ]


def test_a_decision_that_was_not_followed_is_a_problem(corpus: Path) -> None:
    write_adjudications(corpus, {"E0/1/1": Adjudication(Label.DENIES, "no")})
    assert corpus_problems(corpus) == [
        "pair E0/1/1: adjudicated as denies, but the corpus has supports; make them agree"
    ]
    write_adjudications(corpus, {"E0/1/1": Adjudication(None, "open")})
    assert "adjudicated as dropped, but the corpus has supports" in corpus_problems(corpus)[0]


@pytest.mark.parametrize("name", ["claim", "sentence"])
def test_a_text_in_two_splits_is_a_problem(corpus: Path, name: str) -> None:
    other = event(3, "test")
    if name == "claim":
        other["claims"][0]["claim"] = event(0, "train")["claims"][0]["claim"].upper()
    else:
        other["sentences"][0]["text"] = event(0, "train")["sentences"][0]["text"].replace("ice", "ICE")
    write_events(corpus, event(0, "train"), event(1, "validation"), event(2, "test"), other)
    publish(corpus)
    problems = [problem for problem in corpus_problems(corpus) if "stands in train and in test" in problem]
    assert len(problems) == 1
    assert problems[0].startswith(f"{name} ")


def test_a_label_that_no_annotator_gave_is_a_problem(corpus: Path) -> None:
    pairs = [cell["pair_id"] for cell in open_corpus(corpus).cells]
    for name in ("anna", "ben"):
        write_votes(corpus, name, {"E0/1/2": Vote(Label.NEUTRAL)}, pairs)
    (corpus / "adjudication.jsonl").unlink()
    (problem,) = corpus_problems(corpus)
    assert "pair E0/1/2: all annotators say neutral, but the corpus has denies" in problem


def test_a_damaged_split_leaves_the_other_problems(corpus: Path) -> None:
    (corpus / "adjudication.jsonl").unlink()
    (corpus / "test.parquet").write_bytes(b"PAR1 nothing")
    problems = corpus_problems(corpus)
    assert len([problem for problem in problems if "cannot be read as Parquet" in problem]) == 1
    assert len([problem for problem in problems if "decide" in problem]) == 1


def test_an_unpublished_corpus_is_sound(tmp_path: Path) -> None:
    assert corpus_problems(small_corpus(tmp_path)) == []


def test_one_folder_that_is_no_corpus_leaves_the_others_their_result(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("validate", tmp_path / "none", corpus) == 1
    assert "everything holds together" in capsys.readouterr().err


def test_an_undefined_kappa_is_null_in_json(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [cell["pair_id"] for cell in open_corpus(corpus).cells]
    for name in ("anna", "ben"):
        write_votes(corpus, name, dict.fromkeys(pairs, Vote(Label.NEUTRAL)), pairs)
    assert run("agreement", corpus, "--json") == 0
    labels = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["labels"]
    assert labels[0]["Cohen's kappa"] == {"value": None, "low": None, "high": None}


def test_an_event_that_repeats_another_is_a_problem(corpus: Path) -> None:
    texts, again = (
        [{"text": f"{text} The rest of that long day was very quiet at sea."} for text in sentences(number)]
        for number in (0, 3)
    )
    write_events(
        corpus,
        event(0, "train", sentences=texts, claims=[{"claim": "It was closed.", "labels": "SDN"}]),
        event(1, "validation"),
        event(3, "train", sentences=again),
    )
    assert [problem for problem in corpus_problems(corpus) if "events E0 and E3 share" in problem]


def test_splits_that_are_not_those_of_the_tables_are_a_problem(corpus: Path) -> None:
    changed = event(2, "test")
    changed["claims"][0]["labels"] = "SDD"
    shutil.rmtree(corpus / "votes")
    (corpus / "adjudication.jsonl").unlink()
    write_events(corpus, event(0, "train"), event(1, "validation"), changed)
    (problem,) = corpus_problems(corpus)
    assert problem.startswith(
        f"{corpus / 'test.parquet'} is missing or not what the tables give; run: stance corpus"
    )
    (corpus / "train.parquet").unlink()
    assert len(corpus_problems(corpus)) == 2
    publish(corpus)
    assert corpus_problems(corpus) == []


def run(*arguments: object) -> int:
    return main(["corpus", *map(str, arguments)])


def test_validate_lists_every_problem_and_fails(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", corpus) == 0
    assert "everything holds together" in capsys.readouterr().err
    with (corpus / "events.jsonl").open("a") as file:
        file.write('{"event_id": 3}\n{broken\n')
    assert run("validate", corpus, "--json") == 1
    out, err = capsys.readouterr()
    (problems,) = json.loads(out).values()
    assert "row 4: lacks domain" in problems[0]
    assert "row 5: broken JSON" in problems[1]
    assert f"{corpus}: 2 problems" in err


def test_stats_count_labels_by_split(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", corpus, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["splits"][0] == {
        "split": "train", "pairs": 6, "claims": 2, "groups": 1, "supports": 2, "denies": 2, "neutral": 2,
        "with a voice": 1,
    }  # fmt: skip
    assert found["domains"] == [{"domain": "ports", "train": 1, "validation": 1, "test": 1}]
    assert run("stats", KREMLIN_CALL) == 0
    assert "near_miss" in capsys.readouterr().out


def test_agreement_shows_kappa_and_differences(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("agreement", corpus, "--differences") == 0
    shown = capsys.readouterr().out
    assert "anna / ben" in shown
    assert "anna: neutral" in shown
    assert "ben: supports" in shown
    assert run("agreement", corpus, "--json") == 0
    labels = json.loads(capsys.readouterr().out)["labels"]
    assert labels[0]["pairs"] == 18
    assert labels[0]["differing"] == 1
    assert set(labels[0]["Cohen's kappa"]) == {"value", "low", "high"}


def test_agreement_of_one_annotator_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("agreement", small_corpus(tmp_path)) == 0
    assert "has the votes of 0 annotators; two are needed" in capsys.readouterr().err


def test_export_and_import_from_the_command_line(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tasks.json"
    form = ("--format", "label-studio")
    assert run("export", corpus, *form, "--out", out, "--split", "test", "validation", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"pairs": 12, "out": str(out)}
    assert out.with_suffix(".xml").read_text().startswith("<View>")
    assert run("import", out, corpus, *form) == 1
    assert "holds no vote that the corpus does not have" in capsys.readouterr().err
    shutil.rmtree(corpus / "votes")
    assert run("import", out, corpus, *form) == 0
    assert "12 votes of anna" in capsys.readouterr().err
    tasks: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    tasks[0]["data"]["sentence"] = "changed"
    shutil.rmtree(corpus / "votes")
    out.write_text(json.dumps(tasks))
    assert run("import", out, corpus, *form) == 1
    assert "leave texts alone" in capsys.readouterr().err


def test_an_import_without_a_vote_fails(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "votes.csv"
    assert run("export", corpus, "--format", "csv", "--out", out, "--blind") == 0
    assert run("import", out, corpus, "--format", "csv") == 1
    assert "holds no vote that" in capsys.readouterr().err


def test_publish_names_what_it_wrote(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("publish", corpus) == 0
    assert "wrote train.parquet, validation.parquet, test.parquet" in capsys.readouterr().err


def test_a_folder_that_is_no_corpus_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stats", tmp_path) == 1
    assert "is no corpus folder" in capsys.readouterr().err


def test_verbs_need_their_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("export", "x", "--format", "xml", "--out", "y")
    assert "invalid choice: 'xml'" in capsys.readouterr().err


def test_one_outlet_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        "--corpus",
        str(KREMLIN_CALL),
        "--leave-out",
        "outlet-a",
        "--out",
        str(tmp_path / "fold"),
        "--json",
    ]
    assert main(["build", *options]) == 0
    splits = json.loads(capsys.readouterr().out)["splits"]
    assert 0 < splits["test"]["pairs"] < 1000 < splits["train"]["pairs"]


def test_publish_counts_the_pairs_and_warns_where_none_is_decided(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", corpus) == 0
    told = capsys.readouterr().err
    counts = publish(corpus).pairs
    assert f"{corpus}: {', '.join(f'{n} {split}' for split, n in counts.items())} pairs\n" in told
    assert min(counts.values()) > 0
    assert "warning" not in told
    events = [event(0, "train"), event(1, "validation"), event(2, "test")]
    for one in events:
        for claim in one["claims"]:
            claim.update(labels="---", voices={})
    write_events(corpus, *events)
    assert run("publish", corpus) == 0
    told = capsys.readouterr().err
    assert f"{corpus}: 0 train, 0 validation, 0 test pairs\n" in told
    assert f"warning: the tables are empty, for none of the {sum(counts.values())} open pairs is" in told
