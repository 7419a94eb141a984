"""Label Studio: a JSON list of tasks, and the labelling interface that belongs to it.

Votes leave as predictions, whose ``model_version`` may be any name, so that no user accounts have to
exist. What people annotate comes back as their votes. Predictions that come back are echoes; in a snapshot
Label Studio writes them out, in an export from its pages only their numbers, which say nothing.
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
    as_list,
    as_object,
    only_voice,
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
    if out.suffix.lower() != ".json":
        raise InputError(f"{str(out)!r} does not end in .json; Label Studio imports tasks from .json files")
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
        try:
            data = as_object(as_object(task, "task").get("data"), "data")
            predictions = as_list(task.get("predictions"), "predictions")
            annotations = [
                as_object(a, "annotation") for a in as_list(task.get("annotations"), "annotations")
            ]
        except InputError as error:
            yield f"{where}: {error}; export from Label Studio as JSON, not JSON-MIN"
            continue
        given = [(str(p.get("model_version")), p, True) for p in predictions if isinstance(p, dict)]
        given += [(_user(a), a, False) for a in annotations if not a.get("was_cancelled")]
        for name, annotation, is_echo in given:
            try:
                yield _answer(data, name, annotation.get("result"), is_echo)
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


def _answer(data: Mapping[str, Any], annotator: str, result: object, is_echo: bool) -> Answer:
    sentence = text_field(data, "sentence")
    values: dict[str, list[dict[str, Any]]] = {}
    for item in as_list(result, "result"):
        item = as_object(item, "result")
        values.setdefault(str(item.get("from_name")), []).append(as_object(item.get("value"), "value"))
    chosen = [
        choice for value in values.get("stance", []) for choice in as_list(value.get("choices"), "choices")
    ]
    remarks = [
        choice for value in values.get("remarks", []) for choice in as_list(value.get("choices"), "choices")
    ]
    spans = [span_of(v.get("text"), v.get("start"), v.get("end"), sentence) for v in values.get(VOICE, [])]
    notes = [str(text) for value in values.get("note", []) for text in as_list(value.get("text"), "text")]
    vote = parse_vote(
        chosen[0] if len(chosen) == 1 else chosen or None,
        only_voice(spans, remarks),
        sentence,
        related=RELATED in remarks,
        note="\n".join(notes),
    )
    return Answer(text_field(data, "pair_id"), annotator, sentence, vote, is_echo)


def _user(annotation: Mapping[str, Any]) -> str:
    """Return a name for whoever completed an annotation: the e-mail address, or the number of the account."""
    user = annotation.get("completed_by")
    if isinstance(user, dict):
        return str(user.get("email") or f"user-{user.get('id')}")
    return f"user-{user}"
