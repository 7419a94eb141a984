"""Out to annotation tools and back: nothing lost, nothing broken taken over."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from stance import usage
from stance.corpus.build import build_corpus
from stance.corpus.events import read_events
from stance.corpus.exchange import FORMATS, export_corpus, import_votes
from stance.corpus.exchange.tasks import span_of
from stance.corpus.folder import open_corpus
from stance.corpus.votes import Vote, write_votes
from stance.errors import InputError
from stance.schema import Label

from conftest import KREMLIN_CALL, NEWSROOM
from corpora import sentences, small_corpus

ENDINGS = {"label-studio": "tasks.json", "doccano": "folder", "argilla": "records.json", "csv": "votes.csv"}
VOICE = (20, 45)
"""Of the second sentence, before a character outside the basic plane."""

SIDES = {
    "E0/1/1": Vote(Label.SUPPORTS, ()),
    "E0/1/2": Vote(Label.DENIES, VOICE, note='a remark, with "quotes" and a comma'),
    "E0/1/3": Vote(Label.NEUTRAL, None, related=True),
    "E0/2/1": Vote(Label.DENIES),
}

every_form = pytest.mark.parametrize("form", FORMATS)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus with two annotators, the second of whom has not finished."""
    folder = small_corpus(tmp_path / "corpus")
    pairs = [cell["pair_id"] for cell in open_corpus(folder).cells]
    everything = {pair: Vote(Label.NEUTRAL) for pair in pairs} | SIDES
    write_votes(folder, "anna", everything, pairs)
    write_votes(folder, "ben@desk.example", {"E0/1/2": Vote(Label.NEUTRAL)}, pairs)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def emptied(folder: Path) -> Path:
    """Take every label, voice and vote out of a corpus."""
    shutil.rmtree(folder / "votes")
    rows = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        for claim in row["claims"]:
            claim["labels"] = "-" * len(claim["labels"])
            claim.pop("voices", None)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")
    return folder


def test_the_voice_of_the_tests_is_one() -> None:
    assert sentences(0)[1][slice(*VOICE)] == "harbour master Ilse Quade"


@every_form
def test_out_and_back_loses_nothing(form: str, corpus: Path, tmp_path: Path) -> None:
    before, records = content(corpus), read_events(corpus)
    assert export_corpus(corpus, tmp_path / ENDINGS[form], form) == 18
    done = import_votes(tmp_path / ENDINGS[form], emptied(corpus), form, take_decisions=True)
    assert done.problems == []
    assert done.votes == {"anna": 18, "ben@desk.example": 1, "decision": 18}
    assert {name: data for name, data in content(corpus).items() if name != "events.jsonl"} == {
        name: data for name, data in before.items() if name != "events.jsonl"
    }
    assert read_events(corpus) == records


@every_form
def test_the_verbatim_edition_comes_back_with_both_votes(
    form: str, article_texts: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(KREMLIN_CALL, folder)
    out = tmp_path / ENDINGS[form]
    export_corpus(folder, out, form, splits=["validation"], articles=article_texts)
    before = content(folder)
    done = import_votes(out, folder, form, articles=article_texts, take_decisions=True)
    assert done.problems == []
    expected = {"claim_by_claim", "sentence_by_sentence", "decision"}
    assert set(done.votes) == (expected if form != "label-studio" else {"decision"})  # its votes are echoes
    assert content(folder) == before


def test_the_restated_edition_leaves_with_its_decisions_only(tmp_path: Path) -> None:
    out = tmp_path / "pairs.csv"
    count = export_corpus(KREMLIN_CALL, out, "csv", splits=["test"])
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    built = build_corpus(KREMLIN_CALL)["test"]
    assert {row["annotator"] for row in rows} == {"decision"}
    assert [(row["pair_id"], row["label"]) for row in rows] == [
        (row["pair_id"], row["label"]) for row in built
    ]
    assert count == len(rows)


def test_decisions_of_a_stand_off_corpus_are_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(KREMLIN_CALL, folder)
    out = tmp_path / "pairs.csv"
    export_corpus(folder, out, "csv", splits=["test"])
    text = out.read_text(encoding="utf-8").replace("decision,supports", "decision,neutral", 1)
    out.write_text(text.replace("decision,supports", "decision,denies", 1), encoding="utf-8")
    before = content(folder)
    done = import_votes(out, folder, "csv", take_decisions=True)
    assert content(folder) == before
    assert len(done.problems) == 2
    assert "differs from annotations.jsonl" in done.problems[1]


@every_form
def test_a_blind_export_shows_no_vote_and_no_decision(form: str, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / ENDINGS[form]
    assert export_corpus(corpus, out, form, blind=True) == 18
    files = [out] if out.is_file() else sorted(out.iterdir())
    written = "".join(file.read_text(encoding="utf-8") for file in files)
    assert "anna" not in written
    assert "a remark" not in written
    if form == "csv":
        assert all(row["label"] == "" for row in csv.DictReader(written.splitlines()))
    else:
        assert not any(f'"{label}"' in written for label in ("supports", "denies", "neutral"))
    assert import_votes(out, corpus, form) == ({}, [])


def test_votes_of_one_import_leave_the_others_alone(corpus: Path, tmp_path: Path) -> None:
    """A second annotator labels two pairs, one of them anew."""
    before = open_corpus(corpus)
    rows = [
        {
            "pair_id": cell["pair_id"],
            "sentence": cell["sentence"],
            "annotator": "ben@desk.example",
            "label": "denies",
        }
        for cell in before.cells[:2]
    ]
    (tmp_path / "votes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert import_votes(tmp_path / "votes.jsonl", corpus, "csv") == ({"ben@desk.example": 2}, [])
    after = open_corpus(corpus)
    assert after.ballots["anna"] == before.ballots["anna"]
    assert after.ballots["ben@desk.example"] == dict.fromkeys(["E0/1/1", "E0/1/2"], Vote(Label.DENIES))
    assert after.cells == before.cells


CELL = {"pair_id": "E0/1/2", "sentence": sentences(0)[1], "annotator": "eva", "label": "denies"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "agree"}, r"row 1: label is 'agree'; expected one of supports, denies, neutral"),
        ({"pair_id": "X9/1/1"}, "pair 'X9/1/1', eva: no such pair in the corpus"),
        ({"sentence": "Another one."}, "the sentence is 'Another one.', not that of the corpus"),
        ({"sentence": ""}, "row 1: sentence is None; expected a text"),
        ({"annotator": ""}, "row 1: annotator is None; expected a text"),
        ({"annotator": "../eva"}, "expected a name of letters"),
        ({"voice": "the mayor"}, "the voice 'the mayor' at None-None is not in the sentence; mark it again"),
        ({"voice_start": 3, "voice_end": 900}, "the voice None at 3-900 is not in the sentence"),
        ({"voice_start": 3}, "the voice None at 3-None is not in the sentence"),
        ({"related": "perhaps"}, "related is 'perhaps'; expected true or false"),
        ({"label": "", "note": "unsure"}, "label is None; expected one of"),
        ({"voice_start": "x"}, "voice_start is 'x'; expected a whole number"),
        ({"label": "neutral", "voice_start": -1}, "the label is neutral; nobody takes a side"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_others_are_taken(
    corpus: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    good = {**CELL, "voice": "harbour master Ilse Quade"}
    source = tmp_path / "votes.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ({**CELL, **change}, good)) + "{broken\n")
    done = import_votes(source, corpus, "csv")
    assert done.votes == {"eva": 1}
    assert len(done.problems) == 2
    assert [problem for problem in done.problems if "row 3: broken JSON" in problem]
    assert re.search(message, " ".join(done.problems))
    assert open_corpus(corpus).ballots["eva"] == {"E0/1/2": Vote(Label.DENIES, VOICE)}


def test_label_studio_annotations_come_back_under_the_name_of_their_user(
    corpus: Path, tmp_path: Path
) -> None:
    """As Label Studio exports what people did there."""
    out = tmp_path / "tasks.json"
    export_corpus(corpus, out, "label-studio", blind=True)
    tasks = json.loads(out.read_text(encoding="utf-8"))
    text = tasks[1]["data"]["sentence"]
    marked = {
        "start": 21,
        "end": 46,
        "text": "harbour master Ilse Quade",
        "labels": ["voice"],
    }  # counted otherwise
    tasks[1]["annotations"] = [
        {
            "completed_by": {"id": 7, "email": "eva@desk.example"},
            "result": [
                {
                    "from_name": "stance",
                    "to_name": "sentence",
                    "type": "choices",
                    "value": {"choices": ["denies"]},
                },
                {"from_name": "voice", "to_name": "sentence", "type": "labels", "value": marked},
            ],
        },
        {"completed_by": 3, "was_cancelled": True, "result": []},
        {"completed_by": 3, "result": []},
    ]
    tasks[1]["predictions"] = [286]  # an export from its pages holds their numbers only
    tasks[2] = {"id": 5, "data": "x"}
    out.write_text(json.dumps(tasks), encoding="utf-8")
    done = import_votes(out, corpus, "label-studio")
    assert done.votes == {"eva@desk.example": 1}
    start = text.index("harbour")
    assert open_corpus(corpus).ballots["eva@desk.example"]["E0/1/2"].voice == (start, start + 25)
    assert "task 2, user-3: label is None" in done.problems[0]
    assert "task 3: data is 'x'; expected an object" in done.problems[1]


def test_doccano_exports_are_read_in_both_of_its_notations(corpus: Path, tmp_path: Path) -> None:
    export_corpus(corpus, tmp_path / "out", "doccano", blind=True)
    rows = [json.loads(line) for line in (tmp_path / "out" / "to-label.jsonl").read_text().splitlines()]
    shift = len(rows[1]["claim"]) + 2
    start, end = VOICE[0] + shift, VOICE[1] + shift
    rows[0] |= {"cats": ["supports", "outlet itself"], "entities": []}
    rows[1] |= {
        "cats": ["denies"],
        "entities": [{"start_offset": start, "end_offset": end, "label": "voice"}],
    }
    rows[2] |= {"cats": ["supports", "denies"]}
    rows[3] |= {"cats": ["denies"], "entities": [[start, "x", "voice"]]}
    rows[4] |= {"cats": ["denies"], "text": "something else"}
    source = tmp_path / "eva.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows[:5]), encoding="utf-8")
    done = import_votes(source, corpus, "doccano")
    assert done.votes == {"eva": 2}
    assert open_corpus(corpus).ballots["eva"] == {
        "E0/1/1": Vote(Label.SUPPORTS, ()),
        "E0/1/2": Vote(Label.DENIES, VOICE),
    }
    for problem, part in zip(done.problems, ("exactly one of", "entity is", "text is"), strict=True):
        assert part in problem


def test_argilla_users_without_a_name_keep_their_number(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "records.json"
    export_corpus(corpus, out, "argilla", blind=True)
    records = json.loads(out.read_text(encoding="utf-8"))
    user = "00000000-0000-0000-0000-000000000007"
    records[0]["responses"] = {"stance": [{"value": "supports", "user_id": user}]}
    records[1]["responses"] = {
        "voice": [{"value": [{"start": 0, "end": 2, "label": "voice"}], "user_id": user}]
    }
    records[2] = []
    out.write_text(json.dumps(records), encoding="utf-8")
    done = import_votes(out, corpus, "argilla")
    assert done.votes == {user: 1}
    assert "record 2, " in done.problems[0]
    assert "label is None" in done.problems[0]
    assert "record 3: record is []; expected an object" in done.problems[1]


@pytest.mark.parametrize("form", ["label-studio", "doccano"])
def test_what_a_tool_carried_along_never_takes_the_place_of_a_newer_vote(
    form: str, corpus: Path, tmp_path: Path
) -> None:
    """Decisions always; votes where the tool says which ones are only carried along."""
    out = tmp_path / ENDINGS[form]
    export_corpus(corpus, out, form)
    pairs = [cell["pair_id"] for cell in open_corpus(corpus).cells]
    newer = {pair: Vote(Label.DENIES) for pair in pairs}
    write_votes(corpus, "anna", newer, pairs)
    emptied_events = read_events(corpus)
    import_votes(out, corpus, form)
    assert read_events(corpus) == emptied_events
    if form == "label-studio":
        assert open_corpus(corpus).ballots["anna"] == newer


def test_two_different_votes_of_one_annotator_on_one_pair_are_a_problem(corpus: Path, tmp_path: Path) -> None:
    source = tmp_path / "votes.jsonl"
    rows = [CELL, {**CELL, "label": "supports"}, CELL]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = import_votes(source, corpus, "csv")
    assert done.votes == {"eva": 1}
    (problem,) = done.problems
    assert "denies here and supports there, or another voice; keep one vote" in problem


def test_votes_on_the_restated_edition_are_not_taken_for_votes_on_the_articles(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(KREMLIN_CALL, folder)
    before = content(folder)
    row = next(iter(build_corpus(folder)["test"]))
    vote = {"pair_id": row["pair_id"], "sentence": row["sentence"], "annotator": "eva", "label": "denies"}
    (tmp_path / "votes.jsonl").write_text(json.dumps(vote) + "\n")
    done = import_votes(tmp_path / "votes.jsonl", folder, "csv")
    assert "export and import with --articles" in done.problems[0]
    assert content(folder) == before


def test_a_wrong_name_is_reported_once(corpus: Path, tmp_path: Path) -> None:
    cells = open_corpus(corpus).cells
    rows = [
        {"pair_id": c["pair_id"], "sentence": c["sentence"], "annotator": "Eva K", "label": "denies"}
        for c in cells
    ]
    (tmp_path / "votes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    votes, problems = import_votes(tmp_path / "votes.jsonl", corpus, "csv")
    assert votes == {}
    assert len(problems) == 1
    assert "annotator 'Eva K': expected a name of letters" in problems[0]


def broken(form: str, content: Any, where: str, value: object) -> Any:
    """Put a value of a wrong type somewhere into the first record of an export."""
    record = content[0]
    *path, last = where.split("/")
    for key in path:
        record = record[int(key) if key.isdecimal() else key]
    record[last] = value
    return content


BROKEN: dict[str, list[tuple[str, object]]] = {
    "label-studio": [
        ("predictions", 5),
        ("annotations", "x"),
        ("annotations", [3]),
        ("predictions/0/result", [3]),
        ("predictions/0/result/0/value", "denies"),
        ("predictions/0/result/0/value/choices", 5),
        ("data/sentence", 7),
        ("data/pair_id", None),
    ],
    "argilla": [
        ("metadata", 5),
        ("metadata/annotators", "x"),
        ("responses", []),
        ("responses/stance", 5),
        ("responses/stance", [5]),
        ("fields", "x"),
        ("fields/sentence", None),
        ("id", 4),
    ],
    "doccano": [
        ("cats", 5),
        ("entities", 5),
        ("entities", [[1, 2]]),
        ("text", 5),
        ("claim", None),
        ("pair_id", 3),
    ],
}


@pytest.mark.parametrize(
    ("form", "where", "value"),
    [(form, where, value) for form, cases in BROKEN.items() for where, value in cases],
)
def test_a_value_of_a_wrong_type_costs_its_own_record_only(
    form: str, where: str, value: object, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / ENDINGS[form]
    shutil.rmtree(corpus / "votes")
    export_corpus(corpus, out, form)
    file = out / "decision.jsonl" if form == "doccano" else out
    text = file.read_text(encoding="utf-8")
    if form == "doccano":
        rows = broken(form, [json.loads(line) for line in text.splitlines()], where, value)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        file.write_text(json.dumps(broken(form, json.loads(text), where, value)), encoding="utf-8")
    done = import_votes(out, corpus, form, take_decisions=True)
    assert done.votes == {"decision": 17}
    assert len(done.problems) == 1


def test_two_marked_voices_are_a_problem(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "doc"
    export_corpus(corpus, out, "doccano", blind=True)
    row = json.loads((out / "to-label.jsonl").read_text(encoding="utf-8").splitlines()[1])
    shift = len(row["claim"]) + 2
    row |= {"cats": ["denies"], "entities": [[shift, shift + 3, "voice"], [shift + 5, shift + 9, "voice"]]}
    (tmp_path / "eva.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert "2 voices are marked" in import_votes(tmp_path / "eva.jsonl", corpus, "doccano").problems[0]


def test_nothing_is_written_over_what_another_export_left(corpus: Path, tmp_path: Path) -> None:
    export_corpus(corpus, tmp_path / "doc", "doccano")
    with pytest.raises(InputError, match="choose a new folder"):
        export_corpus(corpus, tmp_path / "doc", "doccano", blind=True)
    with pytest.raises(InputError, match=r"does not end in \.json"):
        export_corpus(corpus, tmp_path / "tasks.xml", "label-studio")


def test_the_command_line_knows_the_formats() -> None:
    assert tuple(FORMATS) == usage.FORMATS


@pytest.mark.parametrize("form", ["label-studio", "argilla"])
@pytest.mark.parametrize("text", ["{}", "[", "\ufffe"])
def test_a_file_of_another_kind_is_refused(form: str, text: str, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"is no list of|cannot be read as JSON"):
        import_votes(tmp_path / "x.json", corpus, form)


def test_an_empty_doccano_folder_is_refused(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no \.jsonl file"):
        import_votes(tmp_path / "empty", corpus, "doccano")


def test_a_corpus_that_does_not_hold_together_is_neither_exported_nor_changed(
    corpus: Path, tmp_path: Path
) -> None:
    with (corpus / "events.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(InputError, match=r"cannot be exported: .*row 4: lacks"):
        export_corpus(corpus, tmp_path / "x.csv", "csv")
    with pytest.raises(InputError, match="cannot be imported"):
        import_votes(tmp_path / "x.csv", corpus, "csv")


def test_a_split_without_pairs_is_refused(tmp_path: Path) -> None:
    folder = small_corpus(tmp_path)
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "events.jsonl").write_text(lines[0] + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no pair in test"):
        export_corpus(folder, tmp_path / "x.csv", "csv", splits=["test"])


def test_a_span_is_found_by_its_words_or_refused() -> None:
    assert span_of("b c", 2, 5, "a b c d") == [2, 5]
    assert span_of("b c", 3, 6, "a b c d") == [2, 5]
    assert span_of("b", 5, 6, "🙂 b b") == [4, 5]  # counted in UTF-16, as a browser does
    assert span_of(None, 2, 5, "a b c d") == [2, 5]
    with pytest.raises(InputError, match="mark it again"):
        span_of("b", 3, 4, "b b")


@pytest.mark.slow
def test_the_newsroom_corpus_itself_goes_out_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    shutil.copytree(NEWSROOM, folder)
    before = content(folder)
    export_corpus(folder, tmp_path / "x.csv", "csv", splits=["validation"])
    assert import_votes(tmp_path / "x.csv", folder, "csv").problems == []
    assert content(folder) == before
