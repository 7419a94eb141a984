"""CSV, JSON lines or Parquet: one row a vote, and one without a label for a pair that has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stance.corpus.exchange.tasks import Answer, Read, Task, parse_vote, span_of, text_field
from stance.corpus.votes import Vote
from stance.errors import InputError
from stance.tables import read_table, write_table

COLUMNS = (
    "pair_id", "group", "split", "claim", "context", "sentence", "annotator", "label", "voice", "voice_start",
    "voice_end", "related", "note",
)  # fmt: skip

FROM_OUTLET = -1
"""``voice_start`` where the outlet itself takes the side."""


def write(out: Path, pairs: Sequence[Task]) -> None:
    """Write one row for every vote; a pair without votes gets one row to be filled in."""
    rows = []
    for task in pairs:
        texts = {name: getattr(task, name) for name in COLUMNS[:6]}
        votes = [{"annotator": name, **_fields(vote, task.sentence)} for name, vote in task.votes.items()]
        rows += [{**texts, **vote} for vote in votes or [{}]]
    write_table(out, rows, COLUMNS)


def read(source: Path) -> Iterator[Read]:
    """Yield the votes; rows in which nothing is filled in are passed over."""
    for row in read_table(source, ("pair_id", "sentence", "annotator", "label")):
        values = {name: None if value == "" else value for name, value in row.values.items()}
        try:
            if row.error:
                raise InputError(row.error)
            if any(values.get(name) is not None for name in ("annotator", "label", "voice", "note")):
                yield _answer(values)
        except InputError as error:
            yield f"{source}, row {row.number}: {error}"


def _fields(vote: Vote, sentence: str) -> dict[str, Any]:
    span = vote.voice
    return {
        "label": vote.label.value,
        "voice": sentence[span[0] : span[1]] if span else None,
        "voice_start": span[0] if span else None if span is None else FROM_OUTLET,
        "voice_end": span[1] if span else None if span is None else FROM_OUTLET,
        "related": vote.related,
        "note": vote.note,
    }


def _answer(values: dict[str, Any]) -> Answer:
    sentence = text_field(values, "sentence")
    return Answer(
        text_field(values, "pair_id"),
        text_field(values, "annotator"),
        sentence,
        parse_vote(
            values.get("label"),
            _voice(values, sentence),
            sentence,
            related=_flag(values.get("related")),
            note=str(values.get("note") or ""),
        ),
    )


def _voice(values: dict[str, Any], sentence: str) -> list[int] | None:
    """Return the voice of a row: words, their place, or both, which then have to agree."""
    words = values.get("voice")
    start, end = (_whole(values.get(name), name) for name in ("voice_start", "voice_end"))
    if start == FROM_OUTLET and words is None:
        return []
    if words is None and start is None and end is None:
        return None
    if words is not None and start is not None and end is None:
        end = start + len(str(words))
    return span_of(words if words is None else str(words), start, end, sentence)


def _flag(value: object) -> bool:
    text = str(value or "false").lower()
    if text not in ("true", "false"):
        raise InputError(f"related is {value!r:.60}; expected true or false")
    return text == "true"


def _whole(value: object, name: str) -> int | None:
    try:
        return None if value is None else int(str(value))
    except ValueError:
        raise InputError(
            f"{name} is {value!r:.60}; expected a whole number, {FROM_OUTLET} for the outlet"
        ) from None
