"""What was decided where annotators differed, and why.

``adjudication.jsonl`` in a corpus folder holds ``pair_id``, ``decision`` (a label, or ``dropped`` for
a pair on which careful readers may differ) and ``reason``.
"""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

from stance.schema import LABELS, Label
from stance.tables import read_table

ADJUDICATION = "adjudication.jsonl"
DROPPED = "dropped"
FIELDS = ("pair_id", "decision", "reason")


class Adjudication(NamedTuple):
    """A decision (``None``: the pair was dropped) and its reason."""

    decision: Label | None
    reason: str


def load_adjudications(
    folder: str | Path, pair_ids: Container[str]
) -> tuple[dict[str, Adjudication], list[str]]:
    """Read the adjudicated pairs of a corpus folder, and say which rows cannot be read.

    Without the file there are none.
    """
    file = Path(folder) / ADJUDICATION
    names = (*(label.value for label in LABELS), DROPPED)
    found: dict[str, Adjudication] = {}
    problems = []
    for row in read_table(file) if file.is_file() else ():
        pair_id, decision, reason = (row.values.get(name) for name in FIELDS)
        if row.error:
            problem = row.error
        elif not isinstance(pair_id, str) or pair_id not in pair_ids or pair_id in found:
            problem = f"pair_id is {pair_id!r:.60}; expected a pair of the corpus that has no other row"
        elif not isinstance(decision, str) or decision not in names:
            problem = f"decision is {decision!r:.60}; expected one of {', '.join(names)}"
        elif not isinstance(reason, str) or not reason.strip():
            problem = f"reason is {reason!r:.60}; expected a text"
        else:
            found[pair_id] = Adjudication(None if decision == DROPPED else Label(decision), reason)
            continue
        problems.append(f"{file}, row {row.number}: {problem}")
    return found, problems
