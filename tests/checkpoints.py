"""Copies of a checkpoint that tests damage, and seal again as whoever means harm would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stance.checkpoint import Checkpoint, write_manifest


def change(file: Path, **values: Any) -> None:
    """Change values in a JSON file."""
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**content, **values}), encoding="utf-8")


def seal(folder: Path, **settings: Any) -> Checkpoint:
    """Seal what the folder holds now, with the settings of the tiny checkpoint where none are given."""
    return write_manifest(folder, **{"temperature": 1.5, "max_length": 64, "provenance": {}, **settings})
