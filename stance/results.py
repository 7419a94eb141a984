"""Scores in ``training/results``, each with the checkpoint that was embedded when it was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.checkpoint import default_checkpoint
from stance.errors import DataError
from stance.files import write_json

RESULTS = Path("training/results")


def write_result(name: str, result: Mapping[str, Any]) -> None:
    """Write what was measured, from the root of a clone."""
    write_json(RESULTS / f"{name}.json", {"embedded": default_checkpoint().digest, **result})


def read_result(name: str) -> dict[str, Any]:
    """Return what was measured.

    Raises
    ------
    DataError
        If it was not.
    """
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        raise DataError(f"{path} is missing; training/README.md names the command that writes it")
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def note_if_older(result: Mapping[str, Any]) -> str:
    """Return what to write below a result that is of another checkpoint than the one embedded now."""
    digest = result["embedded"]
    if digest == default_checkpoint().digest:
        return ""
    return f"\n\nMeasured when an earlier checkpoint was embedded, `{digest[:12]}`."
