"""Events on disk: what is sound is read, what is not is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stance.corpus.events import load_events, read_events
from stance.corpus.events import write_events as write_records
from stance.errors import DataError

from conftest import NEWSROOM
from corpora import event, small_corpus, write_events


@pytest.mark.slow
def test_reading_and_writing_is_the_identity(tmp_path: Path) -> None:
    for source in (small_corpus(tmp_path / "small"), NEWSROOM):
        copy = tmp_path / "copy"
        copy.mkdir(exist_ok=True)
        write_records(copy, read_events(source))
        assert read_events(copy) == read_events(source)
    assert (copy / "events.jsonl").read_bytes() == (NEWSROOM / "events.jsonl").read_bytes()


CLAIM: dict[str, Any] = {"claim": "The harbour was closed.", "labels": "SDN"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "split": ({"split": "dev"}, "split is 'dev'; expected one of train, validation, test"),
    "id": ({"event_id": ""}, "event_id is ''; expected a text"),
    "no sentences": ({"sentences": []}, r"sentences is \[\]; expected a list of objects, at least one"),
    "text": ({"sentences": [{"text": None}] * 3}, "sentence 1: text is None; expected a text"),
    "field": ({"sentences": [{"txt": "x"}] * 3}, "sentence 1: unknown field 'txt'; expected after, forms"),
    "after itself": (
        {"sentences": [{"text": "a", "after": 1}] * 3},
        "sentence 1: after is 1; expected the number",
    ),
    "forms": (
        {"sentences": [{"text": "a", "forms": "lead"}] * 3},
        "forms is 'lead'; expected a list of single words",
    ),
    "outlet": (
        {"sentences": [{"text": "a", "outlet": 2}] * 3},
        "outlet is 2; expected a text, or leave it out",
    ),
    "letter": ({"claims": [{**CLAIM, "labels": "SXN"}]}, "claim 1: labels is 'SXN'; expected 3 letters"),
    "too few": (
        {"claims": [{**CLAIM, "labels": "SD"}]},
        "labels is 'SD'; expected 3 letters, one a sentence",
    ),
    "twice": ({"claims": [CLAIM, CLAIM]}, "claim 2: 'The harbour was closed.' stands twice"),
    "kind": ({"claims": [{**CLAIM, "kind": 3}]}, "kind is 3; expected a text"),
    "voices": ({"claims": [{**CLAIM, "voices": ["x"]}]}, "voices is .*; expected an object with sentence"),
    "voice of nobody": (
        {"claims": [{**CLAIM, "voices": {"3": ""}}]},
        "voice '' at sentence 3: the label there is N, nobody",
    ),
    "voice elsewhere": (
        {"claims": [{**CLAIM, "voices": {"2": "Bob"}}]},
        "voice 'Bob' at sentence 2: stands 0 times in the sentence",
    ),
    "voice inside a word": (
        {"claims": [{**CLAIM, "voices": {"2": "arbour"}}]},
        "voice 'arbour' at sentence 2: stands 0 times in the sentence as whole words",
    ),
    "voice twice": (
        {"claims": [{**CLAIM, "voices": {"2": "coral"}}]},
        r"stands 2 times .*; give exact words, or \[start, end\]",
    ),
    "voice out of the sentence": (
        {"claims": [{**CLAIM, "voices": {"2": [3, 900]}}]},
        "expected words of the sentence, .* within its",
    ),
    "voice of another kind": (
        {"claims": [{**CLAIM, "voices": {"2": 7}}]},
        "voice 7 at sentence 2: expected words",
    ),
    "tag": ({"claims": [{**CLAIM, "tags": {"1": 5}}]}, "tag 5 at sentence 1; expected a text"),
    "number twice": ({"claims": [{**CLAIM, "tags": {"01": "x"}}]}, "tags names sentence '01'"),
    "claim": ({"claims": [{**CLAIM, "claim": ["x"]}]}, "claim is .*; expected a text"),
    "another field": ({"source": "desk"}, "unknown field 'source'; expected claims, domain"),
    "number": (
        {"claims": [{**CLAIM, "tags": {"4": "x"}}]},
        "tags names sentence '4'; expected a number from 1 to 3",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_named_and_the_other_events_are_kept(tmp_path: Path, name: str) -> None:
    changes, message = REFUSED[name]
    broken = {**event(1, "train"), **changes}
    folder = write_events(tmp_path, event(0, "train"), broken, event(2, "test"))
    events, problems = load_events(folder)
    assert [one.event_id for one in events] == ["E0", "E2"]
    assert all("events.jsonl, row 2: " in problem for problem in problems)
    with pytest.raises(DataError, match=message):
        read_events(folder)


def test_a_broken_line_an_empty_object_and_a_second_id_are_problems(tmp_path: Path) -> None:
    folder = write_events(tmp_path, event(0, "train"), {}, event(0, "test"))
    with (folder / "events.jsonl").open("a") as file:
        file.write('{"event_id": "E9", "spl\n')
    events, problems = load_events(folder)
    assert len(events) == 1
    assert ["row 2" in problems[0], "row 3" in problems[1], "row 4" in problems[2]] == [True] * 3
    assert "lacks event_id" in problems[0]
    assert "event_id 'E0' stands in row 1 already" in problems[1]
    assert "broken JSON" in problems[2]


def test_the_message_counts_the_other_problems(tmp_path: Path) -> None:
    folder = write_events(tmp_path, {}, {}, {})
    with pytest.raises(DataError, match=r"row 1: lacks .* \(and 2 more; stance corpus validate lists them\)"):
        read_events(folder)


def test_a_voice_is_written_as_words_where_these_say_which(tmp_path: Path) -> None:
    """Where the words stand twice, the place is written."""
    one = event(0, "train")
    text = one["sentences"][1]["text"]
    second = text.rindex("amber")
    one["claims"][0]["voices"] = {"1": "Harbour", "2": [second, second + 5]}
    (read,) = read_events(write_events(tmp_path, one))
    assert read.claims[0].voices == {1: (0, 7), 2: (second, second + 5)}
    before = (tmp_path / "events.jsonl").read_bytes()
    write_records(tmp_path, [read])
    assert (tmp_path / "events.jsonl").read_bytes() == before
