"""Rows of CSV files.

A text that a spreadsheet would take for a formula is written behind an apostrophe, the spreadsheets' own mark
of a text, and read without it.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from stance.errors import InputError
from stance.tables.row import Row, as_text, check_columns, check_names

LINES_PER_ROW = 10_000
"""A row that runs over more lines has an open quote."""


FORMULA = re.compile(
    r"'*(?![+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z)(?:\s*[=+\-@＝＋－＠]|[\t\r\n])", re.ASCII
)
"""How a cell begins that spreadsheets compute, or one that was kept from it; a mere number is none."""


def read(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows; see :func:`stance.tables.read_table`."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        records = _records(stream)
        header = _header(file, records)
        check_columns(file, header, columns)
        number = 0
        for record in records:
            if isinstance(record, str):
                number += 1
                yield Row(number, {}, record)
            elif record:  # an empty line is no row in CSV
                number += 1
                values = dict(zip(header, map(_unguarded, record), strict=False))
                wrong = len(record) != len(header)
                error = f"{len(record)} fields; the header has {len(header)}" if wrong else ""
                if len(record) > len(header):
                    error += f"; not kept: {record[len(header) :]!r:.200}"
                yield Row(number, values, error)


def columns(file: Path) -> Iterator[str]:
    """Yield the names in the header."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        yield from _header(file, _records(stream))


def write(file: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], kinds: object = None) -> int:
    """Write the rows; see :func:`stance.tables.write_table`."""
    count = 0
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(map(_guarded, columns))
        for row in rows:
            fields = [_field(row.get(name)) for name in columns]
            check_lines_in_csv(lines_in_csv(fields), repr(str(file)))
            writer.writerow(fields)
            count += 1
    return count


def join(file: Path, parts: Sequence[Path], columns: Sequence[str], kinds: object = None) -> None:
    """Write the rows of all parts; see :func:`stance.tables.join_tables`."""
    write(file, (), columns)
    header = file.read_bytes()
    with file.open("ab") as stream:
        for part in parts:
            with part.open("rb") as rows:
                if rows.read(len(header)) != header:
                    raise InputError(f"{str(part)!r} is damaged: it begins with another header")
                shutil.copyfileobj(rows, stream)


def lines_in_csv(values: Iterable[object]) -> int:
    """Return over how many lines of a CSV file the values of a row run."""
    texts = (value for value in values if isinstance(value, str))
    return 1 + sum(text.count("\n") + text.count("\r") - text.count("\r\n") for text in texts)


def check_lines_in_csv(most: int, where: str) -> None:
    """Refuse a row that could not be told from one with an open quote when it is read again.

    Parameters
    ----------
    most : int
        Lines of the longest row.
    where : str
        What the row is in, for the message.
    """
    if most >= LINES_PER_ROW:
        raise InputError(
            f"{where} has a row of {most:,} lines; CSV holds fewer than {LINES_PER_ROW:,}, write .jsonl or "
            ".parquet instead"
        )


def _field(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str):
        return _guarded(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return as_text(value)
    return value


def _guarded(text: str) -> str:
    return f"'{text}" if FORMULA.match(text) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def _header(file: Path, records: Iterator[list[str] | str]) -> list[str]:
    header = next(records, [])
    if isinstance(header, str):
        raise InputError(f"{str(file)!r} has a broken header: {header}")
    header = [_unguarded(name) for name in header]
    check_names(file, header)
    return header


def _records(stream: TextIO) -> Iterator[list[str] | str]:
    """Yield the fields of every record, or what is wrong with it.

    Only the first line of a broken record is given up: reading goes on with the second, so that
    an open quote does not swallow the rows that follow.
    """
    csv.field_size_limit(1 << 30)  # a long sentence is no error
    waiting: deque[str] = deque()
    taken: list[str] = []

    def lines() -> Iterator[str]:
        while len(taken) < LINES_PER_ROW:
            line = waiting.popleft() if waiting else next(stream, "")
            if not line:
                return
            taken.append(line)
            yield line

    while True:
        taken.clear()
        try:
            for fields in csv.reader(lines(), strict=True):
                taken.clear()
                yield fields
            return
        except csv.Error as error:
            waiting.extendleft(reversed(taken[1:]))
            yield f"broken CSV: {error}"
