"""CSV, JSON lines or Parquet: one row a vote, and one without a label for a pair that has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stance.corpus.exchange.tasks import Answer, Read, Task, parse_vote, text_field
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
    """Yield the votes; rows without a label are passed over."""
    for row in read_table(source, ("pair_id", "sentence", "annotator", "label")):
        values = {name: None if value == "" else value for name, value in row.values.items()}
        try:
            if row.error:
                raise InputError(row.error)
            if values.get("label") is not None:
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
    start, end = (_whole(values.get(name), name) for name in ("voice_start", "voice_end"))
    voice: list[int] | None
    if start is None and values.get("voice") is not None:
        words = str(values["voice"])
        if sentence.count(words) != 1:
            raise InputError(
                f"voice {words!r:.60} stands {sentence.count(words)} times in the sentence; give voice_start"
            )
        voice = [sentence.index(words), sentence.index(words) + len(words)]
    elif start == FROM_OUTLET:
        voice = []
    else:
        voice = None if start is None or end is None else [start, end]
    return Answer(
        text_field(values, "pair_id"),
        text_field(values, "annotator"),
        sentence,
        parse_vote(
            values["label"],
            voice,
            sentence,
            related=str(values.get("related")).lower() == "true",
            note=str(values.get("note") or ""),
        ),
    )


def _whole(value: object, name: str) -> int | None:
    try:
        return None if value is None else int(str(value))
    except ValueError:
        raise InputError(
            f"{name} is {value!r:.60}; expected a whole number, {FROM_OUTLET} for the outlet"
        ) from None
