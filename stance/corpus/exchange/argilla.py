"""Argilla: a JSON list of records, as ``dataset.records.to_json`` and ``from_json`` of Argilla 2 have it.

Users are numbered there (UUIDs), so a name leaves as a UUID made from it, and the names are kept in the
metadata of the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from stance.corpus.exchange.tasks import OUTLET, RELATED, VOICE, Answer, Read, Task, parse_vote, text_field
from stance.corpus.votes import Vote
from stance.errors import InputError
from stance.files import read_json, write_json

USERS = "annotators"
"""Metadata field with one ``UUID name`` a user."""


def write(out: Path, pairs: Sequence[Task]) -> None:
    """Write a record for each pair.

    The data set needs the fields ``claim``, ``context`` and ``sentence``, and the questions ``stance``
    (label), ``voice`` (span of ``sentence``), ``remarks`` (multi-label) and ``note`` (text).
    """
    write_json(out, [_record(task) for task in pairs])


def read(source: Path) -> Iterator[Read]:
    """Yield the responses of every user; suggestions are nobody's votes."""
    content = read_json(source, "list of records")
    if not isinstance(content, list):
        raise InputError(
            f"{str(source)!r} is no list of records; expected what dataset.records.to_json writes"
        )
    for number, record in enumerate(content, start=1):
        where = f"{source}, record {number}"
        if not isinstance(record, dict) or not isinstance(record.get("fields"), dict):
            yield f"{where}: no object with fields; expected what dataset.records.to_json writes"
            continue
        responses = _by_user(record.get("responses") or {})
        names = dict(line.split(" ", 1) for line in (record.get("metadata") or {}).get(USERS) or ())
        for user, answers in responses.items():
            name = names.get(user, user)
            try:
                yield _answer(record, name, answers)
            except InputError as error:
                yield f"{where}, {name}: {error}"


def _record(task: Task) -> dict[str, Any]:
    users = {name: str(uuid5(NAMESPACE_URL, name)) for name in task.votes}
    responses: dict[str, list[dict[str, Any]]] = {}
    for name, vote in task.votes.items():
        for question, value in _values(vote).items():
            responses.setdefault(question, []).append({"value": value, "user_id": users[name]})
    return {
        "id": task.pair_id,
        "fields": {"claim": task.claim, "context": task.context, "sentence": task.sentence},
        "metadata": {
            "group": task.group,
            "split": task.split,
            USERS: [f"{user} {name}" for name, user in users.items()],
        },
        "suggestions": {},
        "responses": responses,
        "vectors": {},
    }


def _values(vote: Vote) -> dict[str, Any]:
    values: dict[str, Any] = {"stance": vote.label.value}
    if vote.voice:
        values[VOICE] = [{"start": vote.voice[0], "end": vote.voice[1], "label": VOICE}]
    remarks = [name for name, holds in ((OUTLET, vote.voice == ()), (RELATED, vote.related)) if holds]
    return {
        **values,
        **({"remarks": remarks} if remarks else {}),
        **({"note": vote.note} if vote.note else {}),
    }


def _by_user(responses: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Turn answers by question into answers by user."""
    users: dict[str, dict[str, Any]] = {}
    for question, answers in responses.items():
        for answer in answers:
            users.setdefault(str(answer.get("user_id")), {})[question] = answer.get("value")
    return users


def _answer(record: Mapping[str, Any], annotator: str, answers: Mapping[str, Any]) -> Answer:
    sentence = text_field(record["fields"], "sentence")
    remarks = answers.get("remarks") or []
    voice: list[Any] | None = [] if OUTLET in remarks else None
    for span in answers.get(VOICE) or []:
        voice = [span.get("start"), span.get("end")]
    note = str(answers.get("note") or "")
    vote = parse_vote(answers.get("stance"), voice, sentence, related=RELATED in remarks, note=note)
    return Answer(text_field(record, "id"), annotator, sentence, vote)
