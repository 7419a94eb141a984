"""doccano: a folder with one JSON-lines file an annotator, as its projects are exported.

Project type: intent detection and slot filling, which has a category for a text and spans in it. The
text is the claim, an empty line, and the sentence.
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
    only_voice,
    parse_vote,
    text_field,
)
from stance.corpus.votes import TO_LABEL, Vote
from stance.errors import InputError
from stance.schema import LABELS
from stance.tables import read_table, write_table

BETWEEN = "\n\n"

FIELDS = ("text", "cats", "entities", "pair_id", "claim", "context", "group", "split", "note")


def write(out: Path, pairs: Sequence[Task]) -> None:
    """Write ``ANNOTATOR.jsonl`` for each annotator, and ``to-label.jsonl`` for pairs without votes."""
    if out.is_file() or (out.is_dir() and any(out.glob("*.jsonl"))):
        raise InputError(
            f"{str(out)!r} exists and holds files; choose a new folder, so that nothing old is imported"
        )
    out.mkdir(parents=True, exist_ok=True)
    for name in sorted({name for task in pairs for name in task.votes}):
        write_table(out / f"{name}.jsonl", [_row(t, t.votes[name]) for t in pairs if name in t.votes], FIELDS)
    rest = [_row(task, None) for task in pairs if not task.votes]
    if rest:
        write_table(out / f"{TO_LABEL}.jsonl", rest, FIELDS)


def read(source: Path) -> Iterator[Read]:
    """Yield the votes of a folder or of one file; the name of a file is that of its annotator."""
    files = sorted(source.glob("*.jsonl")) if source.is_dir() else [source]
    if not files:
        raise InputError(
            f"folder {str(source)!r} holds no .jsonl file; expected what doccano exports, unzipped"
        )
    for file in files:
        for row in read_table(file):
            try:
                if row.error:
                    raise InputError(row.error)
                if any(row.values.get(name) for name in ("cats", "entities", "note")):
                    yield _answer(row.values, file.stem)
            except InputError as error:
                yield f"{file}, row {row.number}: {error}"


def _row(task: Task, vote: Vote | None) -> dict[str, Any]:
    shift = len(task.claim) + len(BETWEEN)
    categories = []
    if vote is not None:
        flags = ((OUTLET, vote.voice == ()), (RELATED, vote.related))
        categories = [vote.label.value, *(name for name, holds in flags if holds)]
    return {
        "text": task.claim + BETWEEN + task.sentence,
        "cats": categories,
        "entities": [[vote.voice[0] + shift, vote.voice[1] + shift, VOICE]] if vote and vote.voice else [],
        **{name: getattr(task, name) for name in FIELDS[3:8]},
        "note": vote.note if vote else "",
    }


def _answer(values: Mapping[str, Any], annotator: str) -> Answer:
    claim, text = text_field(values, "claim"), text_field(values, "text")
    shift = len(claim) + len(BETWEEN)
    if not text.startswith(claim + BETWEEN):
        raise InputError(
            f"text is {text!r:.60}; expected the claim, an empty line and the sentence, as exported"
        )
    sentence, categories = text[shift:], as_list(values.get("cats"), "cats")
    names = [label.value for label in LABELS]
    chosen = [name for name in categories if name in names]
    if len(chosen) != 1:
        raise InputError(f"cats is {categories!r:.60}; expected exactly one of {', '.join(names)}")
    entities = [_entity(entity) for entity in as_list(values.get("entities"), "entities")]
    spans = [[start - shift, end - shift] for start, end, kind in entities if kind == VOICE]
    vote = parse_vote(
        chosen[0],
        only_voice(spans, categories),
        sentence,
        related=RELATED in categories,
        note=str(values.get("note") or ""),
    )
    return Answer(text_field(values, "pair_id"), annotator, sentence, vote)


def _entity(entity: Any) -> tuple[int, int, str]:
    """Read a span as either of doccano's exports writes it: a list, or an object with offsets."""
    if isinstance(entity, dict):
        entity = [entity.get(name) for name in ("start_offset", "end_offset", "label")]
    if not isinstance(entity, list) or len(entity) != 3 or not all(type(n) is int for n in entity[:2]):
        raise InputError(f"entity is {entity!r:.60}; expected [start, end, {VOICE!r}]")
    return entity[0], entity[1], entity[2]
