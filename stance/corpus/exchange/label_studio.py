"""Label Studio: a JSON list of tasks, and the labelling interface that belongs to it.

Votes leave as predictions, whose ``model_version`` may be any name, so that no user accounts have to
exist; both predictions and the annotations that people add come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.corpus.exchange.tasks import (
    OUTLET,
    RELATED,
    VOICE,
    Answer,
    Read,
    Task,
    parse_vote,
    span_of,
    text_field,
)
from stance.corpus.votes import Vote
from stance.errors import InputError
from stance.files import read_json, write_json, write_text
from stance.schema import LABELS

INTERFACE = """<View>
  <Header value="Claim"/>
  <Text name="claim" value="$claim"/>
  <Header value="Before it in the same story"/>
  <Text name="context" value="$context"/>
  <Header value="Sentence: mark who takes the side"/>
  <Labels name="{voice}" toName="sentence" maxUsages="1">
    <Label value="{voice}"/>
  </Labels>
  <Text name="sentence" value="$sentence"/>
  <Choices name="stance" toName="sentence" choice="single" required="true" showInline="true">
    {choices}
  </Choices>
  <Choices name="remarks" toName="sentence" choice="multiple" showInline="true">
    <Choice value="{outlet}"/>
    <Choice value="{related}"/>
  </Choices>
  <TextArea name="note" toName="sentence" maxSubmissions="1" placeholder="Remark"/>
</View>
""".format(
    voice=VOICE,
    outlet=OUTLET,
    related=RELATED,
    choices="\n    ".join(f'<Choice value="{label.value}"/>' for label in LABELS),
)
"""Labelling interface to paste into the settings of a project."""


def write(out: Path, pairs: Sequence[Task]) -> None:
    """Write the tasks, and the interface beside them (``.xml``)."""
    write_json(
        out,
        [
            {
                "data": {name: getattr(task, name) for name in Task._fields if name != "votes"},
                "predictions": [
                    {"model_version": name, "result": _result(vote, task.sentence)}
                    for name, vote in task.votes.items()
                ],
            }
            for task in pairs
        ],
    )
    write_text(out.with_suffix(".xml"), INTERFACE)


def read(source: Path) -> Iterator[Read]:
    """Yield the votes of an export in Label Studio's JSON format (not JSON-MIN)."""
    content = read_json(source, "list of tasks")
    if not isinstance(content, list):
        raise InputError(
            f"{str(source)!r} is no list of tasks; export from Label Studio as JSON, not JSON-MIN"
        )
    for number, task in enumerate(content, start=1):
        where = f"{source}, task {number}"
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            yield f"{where}: no object with data; export from Label Studio as JSON, not JSON-MIN"
            continue
        given = [(str(p.get("model_version")), p) for p in task.get("predictions") or ()]
        given += [(_user(a), a) for a in task.get("annotations") or () if not a.get("was_cancelled")]
        for name, annotation in given:
            try:
                yield _answer(task["data"], name, annotation.get("result") or [])
            except InputError as error:
                yield f"{where}, {name}: {error}"


def _result(vote: Vote, sentence: str) -> list[dict[str, Any]]:
    result = [_item("stance", "choices", {"choices": [vote.label.value]})]
    if vote.voice:
        start, end = vote.voice
        value = {"start": start, "end": end, "text": sentence[start:end], "labels": [VOICE]}
        result.append(_item(VOICE, "labels", value))
    remarks = [name for name, holds in ((OUTLET, vote.voice == ()), (RELATED, vote.related)) if holds]
    if remarks:
        result.append(_item("remarks", "choices", {"choices": remarks}))
    if vote.note:
        result.append(_item("note", "textarea", {"text": [vote.note]}))
    return result


def _item(name: str, kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "sentence", "type": kind, "value": value}


def _answer(data: Mapping[str, Any], annotator: str, result: Sequence[Mapping[str, Any]]) -> Answer:
    sentence = text_field(data, "sentence")
    values = {item.get("from_name"): item.get("value") or {} for item in result}
    chosen = values.get("stance", {}).get("choices") or [None]
    remarks = values.get("remarks", {}).get("choices") or []
    voice: list[Any] | None = [] if OUTLET in remarks else None
    if VOICE in values:
        span = values[VOICE]
        voice = span_of(span.get("text"), span.get("start"), span.get("end"), sentence)
    note = "\n".join(values.get("note", {}).get("text") or [])
    vote = parse_vote(chosen[0], voice, sentence, related=RELATED in remarks, note=note)
    return Answer(text_field(data, "pair_id"), annotator, sentence, vote)


def _user(annotation: Mapping[str, Any]) -> str:
    """Return a name for whoever completed an annotation: the e-mail address, or the number of the account."""
    user = annotation.get("completed_by")
    if isinstance(user, dict):
        return str(user.get("email") or f"user-{user.get('id')}")
    return f"user-{user}"
