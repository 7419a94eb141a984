"""A small corpus of events, as a newsroom would write one, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.corpus.adjudication import ADJUDICATION, DROPPED, FIELDS, Adjudication
from stance.corpus.build import event_cells
from stance.corpus.events import read_events
from stance.tables import write_table

WORDS = ("amber", "coral", "dunes", "ember", "fjord", "slate")
"""One an event; they stand in every run of five words, so that no event repeats another."""


def sentences(number: int) -> list[str]:
    """Return the sentences of an event."""
    word = WORDS[number]
    return [
        f"Harbour of {word} closed after ice {word} warning",
        f"“Never,” said {word} harbour master Ilse Quade {word} 🙂.",
        f"The port {word} would not comment.",
    ]


def event(number: int, split: str, **changes: Any) -> dict[str, Any]:
    """Return one sound event."""
    word = WORDS[number]
    voices = {"1": "", "2": "harbour master Ilse Quade"}
    return {
        "event_id": f"E{number}",
        "domain": "ports",
        "split": split,
        "event": f"The {word} harbour",
        "sentences": [{"text": text} for text in sentences(number)],
        "claims": [
            {"claim": f"The {word} harbour was closed.", "labels": "SDN", "voices": voices},
            {"claim": f"The {word} harbour stayed open.", "labels": "DSN"},
        ],
        **changes,
    }


def write_events(folder: Path, *events: dict[str, Any]) -> Path:
    """Write ``events.jsonl`` into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in events)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")
    return folder


def small_corpus(folder: Path) -> Path:
    """Write three events, one a split."""
    splits = ("train", "validation", "test")
    return write_events(folder, *(event(number, split) for number, split in enumerate(splits)))


def event_rows(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every pair of a corpus of events on which there is a decision, by split."""
    cells = event_cells(read_events(folder))
    return {split: [cell for cell in rows if cell["label"] is not None] for split, rows in cells.items()}


def write_adjudications(folder: Path, adjudications: Mapping[str, Adjudication]) -> None:
    """Write ``adjudication.jsonl`` into a corpus folder."""
    rows = [
        {"pair_id": pair, "decision": one.decision.value if one.decision else DROPPED, "reason": one.reason}
        for pair, one in adjudications.items()
    ]
    write_table(folder / ADJUDICATION, rows, FIELDS)
