"""Rows of JSON-lines files."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.tables.row import SURROGATE, Row, check_columns

DEEPEST = 100
"""Values inside values that are read; what is deeper is no data, and could not be written everywhere."""


def read(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows; see :func:`stance.tables.read_table`."""
    number, checked = 0, False
    with file.open(encoding="utf-8-sig", newline="\n") as stream:
        for line in stream:
            if not line.strip():
                continue
            number += 1
            row = _parse(number, line)
            if not checked and not row.error:
                check_columns(file, row.values, columns)
                checked = True
            yield row
    if number == 0:
        check_columns(file, (), columns)


def columns(file: Path) -> Iterator[str]:
    """Yield the keys of all rows, as they first appear."""
    names: dict[str, None] = {}
    for row in read(file, ()):
        names.update(dict.fromkeys(row.values))
    yield from names


def write(file: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], kinds: object = None) -> int:
    """Write the rows; see :func:`stance.tables.write_table`."""
    count = 0
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
        for row in rows:
            values = {name: row.get(name) for name in columns}
            stream.write(_line(values) + "\n")
            count += 1
    return count


def join(file: Path, parts: Sequence[Path], columns: Sequence[str], kinds: object = None) -> None:
    """Write the rows of all parts; see :func:`stance.tables.join_tables`."""
    with file.open("wb") as stream:
        for part in parts:
            with part.open("rb") as rows:
                shutil.copyfileobj(rows, stream)


def _parse(number: int, line: str) -> Row:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(number, {}, f"broken JSON: {error}")
    if not isinstance(values, dict):
        return Row(number, {}, f"a JSON {type(values).__name__}; expected an object")
    if line.count("[") + line.count("{") > DEEPEST and _is_deep(values):
        return Row(number, {}, f"values inside values, more than {DEEPEST} deep")
    if "\\u" in line and SURROGATE.search(json.dumps(values, ensure_ascii=False)):
        text = SURROGATE.sub("\ufffd", json.dumps(values, ensure_ascii=False))
        return Row(number, json.loads(text), "holds a lone surrogate, which is no valid text")
    return Row(number, values)


def _is_deep(value: Any) -> bool:
    layer = [value]
    for _ in range(DEEPEST):
        layer = [
            inner
            for one in layer
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not layer:
            return False
    return True


def _line(values: Mapping[str, Any]) -> str:
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:  # NaN or infinity somewhere, which JSON does not have
        return json.dumps(_finite(values), ensure_ascii=False, allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value
