"""One row of a table, and what all formats share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stance.errors import InputError

SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character: what cutting an emoji leaves. No UTF-8 file can hold it."""


class Row(NamedTuple):
    """One row of a table: its number (from 1), its values, and why it could not be read."""

    number: int
    values: dict[str, Any]
    error: str = ""


def check_columns(file: str | Path, given: Iterable[object], needed: Sequence[str]) -> None:
    """Refuse a table that lacks a column."""
    names = list(map(str, given))
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputError(
            f"{str(file)!r} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"it has: {', '.join(names) or 'none':.200}"
        )


WIDEST_INT = 2**63
WIDEST_EXACT = 2**53
"""Whole numbers up to here are exact as floats."""


def kind_of(value: object) -> str:
    """Name what a column must be able to hold for this value; empty for ``None``."""
    if value is None:
        return ""
    if type(value) is int:
        if -WIDEST_EXACT <= value <= WIDEST_EXACT:
            return "int"
        return "long" if -WIDEST_INT <= value < WIDEST_INT else "text"
    return "bool" if type(value) is bool else "float" if type(value) is float else "text"


def common_kind(kinds: Iterable[str]) -> str:
    """Return the narrowest of bool, int, float and text that holds all values of these kinds."""
    found = set(kinds) - {""}
    for kind, members in (("bool", {"bool"}), ("int", {"int", "long"}), ("float", {"int", "float"})):
        if found and found <= members:
            return kind
    return "text"


def check_names(file: Path, names: Sequence[str]) -> None:
    """Refuse a table that names a column twice: one of the two would be lost."""
    if len(set(names)) < len(names):
        raise InputError(f"{str(file)!r} names a column twice: {', '.join(names):.200}")


def encodable(text: str) -> str:
    """Return a text that UTF-8 can hold: half a character as its number."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def as_text(value: object) -> str:
    """Return a value as text: what JSON knows as JSON, texts, dates and the like as they print."""
    if value is None or isinstance(value, bool | int | float | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
