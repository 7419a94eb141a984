"""Argilla: a JSON list of records, as ``dataset.records.to_json`` and ``from_json`` of Argilla 2 have it.

Users are numbered there (UUIDs), so a name leaves as a UUID made from it, and the names are kept in the
metadata of the record. A server takes responses of users that it has; export blind for a new data set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from stance.corpus.exchange.tasks import (
    OUTLET,
    RELATED,
    VOICE,
    Answer,
    Read,
    Task,
    as_list,
    as_object,
    only_voice,
    parse_vote,
    span_of,
    text_field,
)
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
        try:
            record = as_object(record, "record")
            users = _by_user(as_object(record.get("responses"), "responses"))
            names = _names(as_object(record.get("metadata"), "metadata"))
        except InputError as error:
            yield f"{where}: {error}; expected what dataset.records.to_json writes"
            continue
        for user, answers in users.items():
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


def _names(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of users by their UUID."""
    lines = [str(line).partition(" ") for line in as_list(metadata.get(USERS), USERS)]
    return {user: name for user, _, name in lines if name}


def _by_user(responses: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Turn answers by question into answers by user."""
    users: dict[str, dict[str, Any]] = {}
    for question, answers in responses.items():
        for answer in as_list(answers, question):
            answer = as_object(answer, question)
            users.setdefault(str(answer.get("user_id")), {})[question] = answer.get("value")
    return users


def _answer(record: Mapping[str, Any], annotator: str, answers: Mapping[str, Any]) -> Answer:
    sentence = text_field(as_object(record.get("fields"), "fields"), "sentence")
    remarks = as_list(answers.get("remarks"), "remarks")
    marks = [as_object(mark, VOICE) for mark in as_list(answers.get(VOICE), VOICE)]
    vote = parse_vote(
        answers.get("stance"),
        only_voice([span_of(None, mark.get("start"), mark.get("end"), sentence) for mark in marks], remarks),
        sentence,
        related=RELATED in remarks,
        note=str(answers.get("note") or ""),
    )
    return Answer(text_field(record, "id"), annotator, sentence, vote)
