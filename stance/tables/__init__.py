"""Reading and writing rows: CSV, JSON lines and Parquet behind one pair of functions."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from stance.errors import InputError
from stance.files import atomic_path, ending_of, existing_file
from stance.tables import csv_rows, json_rows, parquet_rows
from stance.tables.csv_rows import check_lines_in_csv, lines_in_csv
from stance.tables.row import SURROGATE, Row, check_columns, common_kind, kind_of

__all__ = [
    "FORMATS",
    "Row",
    "check_columns",
    "check_lines_in_csv",
    "common_kind",
    "join_tables",
    "kind_of",
    "lines_in_csv",
    "read_table",
    "table_columns",
    "table_format",
    "write_table",
]

_MODULES: dict[str, ModuleType] = {".csv": csv_rows, ".jsonl": json_rows, ".parquet": parquet_rows}
FORMATS = tuple(_MODULES)


def table_format(path: str | Path) -> str:
    """Return ``.csv``, ``.jsonl`` or ``.parquet``, or refuse the file by its name."""
    try:
        ending = Path(path).suffix.lower()
    except TypeError as error:
        raise InputError(f"table {path!r:.40} is no path; expected a file name") from error
    if ending not in FORMATS:
        what = "is a folder" if os.path.isdir(path) else ending_of(path)
        raise InputError(f"{str(path)[:120]!r} {what}; expected one of {', '.join(FORMATS)}")
    if ending == ".parquet" and SURROGATE.search(str(path)):
        raise InputError(
            f"{str(path)!r} is no name in UTF-8, as Parquet files need one; rename it, or use .csv or .jsonl"
        )
    return ending


def read_table(path: str | Path, columns: Sequence[str] = ()) -> Iterator[Row]:
    """Return an iterator over the rows of a table, in order, in constant memory.

    A row that cannot be read (broken JSON, too many fields, an open quote) is yielded with its
    ``error``, so that no row is lost and its neighbours are unharmed.

    Parameters
    ----------
    path : str or Path
        A ``.csv``, ``.jsonl`` or ``.parquet`` file; text is UTF-8, a byte order mark is ignored.
    columns : sequence of str
        Columns that must be there.

    Raises
    ------
    InputError
        At once, if the file is missing, a folder or of an unknown format; while reading, if it is
        not UTF-8, damaged, or lacks a column.
    """
    reader = _MODULES[table_format(path)]
    file = existing_file(path, "table", f"a file ending in {', '.join(FORMATS)}")
    return _guarded(reader.read(file, columns), file)


def table_columns(path: str | Path, needed: Sequence[str] = ()) -> list[str]:
    """Return the columns of a table; for JSON lines, the keys of all rows as they first appear.

    Raises
    ------
    InputError
        As :func:`read_table`.
    """
    reader = _MODULES[table_format(path)]
    file = existing_file(path, "table", f"a file ending in {', '.join(FORMATS)}")
    names = list(_guarded(reader.columns(file), file))
    check_columns(file, names, needed)
    return names


def write_table(
    path: str | Path,
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    kinds: Mapping[str, str] | None = None,
) -> int:
    """Write rows to a table atomically and return their number.

    Parameters
    ----------
    path : str or Path
        Where to; the ending decides the format.
    rows : iterable of mapping
        A list, or an object that can be iterated anew, is written in constant memory.
    columns : sequence of str
        In this order; a row may lack some.
    kinds : mapping, optional
        For Parquet what each column holds, as :func:`common_kind` names it; by default the narrowest kind
        that holds all values of the rows.

    Notes
    -----
    CSV and Parquet hold texts, numbers and booleans. Other values become JSON text, and so does in
    Parquet a column that mixes texts with something else. NaN and infinities become null in JSON. In CSV a
    text that a spreadsheet would compute (``=1+1``) is written behind an apostrophe, which
    :func:`read_table` takes away. Half a character (a lone surrogate) is written as its number.
    """
    writer = _MODULES[table_format(path)]
    with atomic_path(path) as part:
        count: int = writer.write(part, rows, columns, kinds)
    return count


def join_tables(
    path: str | Path, parts: Sequence[Path], columns: Sequence[str], kinds: Mapping[str, str]
) -> None:
    """Write the rows of several tables, one after the other, into one of the same format, atomically.

    All of them were written by :func:`write_table` with these columns and kinds: CSV and JSON lines are
    copied byte by byte, Parquet as columns.
    """
    joiner = _MODULES[table_format(path)]
    with atomic_path(path) as whole:
        joiner.join(whole, parts, columns, kinds)


def _guarded(values: Iterator[Any], file: Path) -> Iterator[Any]:
    try:
        yield from values
    except UnicodeDecodeError as error:
        raise InputError(
            f"{str(file)!r} is not UTF-8 (byte {error.object[error.start]:#04x} at position "
            f"{_first_bad_byte(file):,}); save it as UTF-8 and try again"
        ) from error


def _first_bad_byte(file: Path) -> int:
    """Return the place of the first byte that is not UTF-8, which the error knows within a block only."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return done - held + error.start
            done += len(block)
    return done
