"""Reading and writing rows: CSV, JSON lines and Parquet behind one pair of functions."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from stance.errors import InputError, require

FORMATS = (".csv", ".jsonl", ".parquet")
ROWS_PER_READ = 4096


class Row(NamedTuple):
    """One row of a table: its number (from 1), its values, and why it could not be read."""

    number: int
    values: dict[str, Any]
    error: str = ""


def table_format(path: str | Path) -> str:
    """Return ``.csv``, ``.jsonl`` or ``.parquet``, or refuse the file by its name."""
    ending = Path(path).suffix.lower()
    if ending not in FORMATS:
        raise InputError(
            f"{str(path)!r} ends in {ending or 'nothing'!r}; expected one of {', '.join(FORMATS)}"
        )
    return ending


def read_table(path: str | Path, columns: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the rows of a table in order, in constant memory.

    A row that cannot be read (broken JSON, too many fields) is yielded with its ``error``, so
    that no row is lost and its neighbours are unharmed.

    Parameters
    ----------
    path : str or Path
        A ``.csv``, ``.jsonl`` or ``.parquet`` file; text is UTF-8, a byte order mark is ignored.
    columns : sequence of str
        Columns that must be there.

    Raises
    ------
    InputError
        If the file is missing, a folder, not UTF-8, of an unknown format or lacks a column.
    """
    file = Path(path)
    ending = table_format(file)
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise InputError(f"{str(file)!r} {what}; expected a file ending in {', '.join(FORMATS)}")
    readers: dict[str, Callable[[Path, Sequence[str]], Iterator[Row]]] = {
        ".csv": _read_csv,
        ".jsonl": _read_jsonl,
        ".parquet": _read_parquet,
    }
    try:
        yield from readers[ending](file, columns)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{str(file)!r} is not UTF-8 (byte {error.object[error.start]:#04x} near position "
            f"{error.start}); save it as UTF-8 and try again"
        ) from error


def table_columns(path: str | Path, needed: Sequence[str] = ()) -> list[str]:
    """Return the columns of a table; for JSON lines, the keys of all rows as they first appear.

    Raises
    ------
    InputError
        As :func:`read_table`.
    """
    file = Path(path)
    names: dict[str, None] = {}
    for row in read_table(file, needed):
        names.update(dict.fromkeys(row.values))
        if table_format(file) != ".jsonl" and not row.error:
            break
    return [*names, *(name for name in needed if name not in names)]


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary file that takes the place of ``path`` only when the block succeeds."""
    final = Path(path)
    if final.is_dir():
        raise InputError(f"cannot write {str(final)!r}: it is a folder; give a file name")
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{final.name}.", suffix=".part", dir=final.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.chmod(part, 0o666 & ~_umask())
        part.replace(final)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file atomically: indented, UTF-8, NaN refused."""
    with atomic_path(path) as part:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8")


def write_table(path: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    """Write rows to a table atomically, in constant memory, and return their number."""
    writers: dict[str, Callable[[Path, Iterable[Mapping[str, Any]], Sequence[str]], int]] = {
        ".csv": _write_csv,
        ".jsonl": _write_jsonl,
        ".parquet": _write_parquet,
    }
    write = writers[table_format(path)]
    with atomic_path(path) as part:
        return write(part, rows, columns)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _check_columns(file: Path, given: Iterable[str], needed: Sequence[str]) -> None:
    given = list(given)
    missing = [name for name in needed if name not in given]
    if missing:
        raise InputError(
            f"{str(file)!r} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"it has: {', '.join(map(str, given)) or 'none'}"
        )


def _read_csv(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    csv.field_size_limit(1 << 30)  # a long sentence is no error
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        _check_columns(file, header, columns)
        if len(set(header)) < len(header):
            raise InputError(f"{str(file)!r} names a column twice: {', '.join(header)}")
        number = 0
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                yield Row(number, {}, f"broken CSV: {error}")
                continue
            if not fields:
                continue  # an empty line is no row in CSV
            number += 1
            if len(fields) == len(header):
                yield Row(number, dict(zip(header, fields, strict=True)))
            else:
                values = dict(zip(header, fields, strict=False))
                yield Row(number, values, f"{len(fields)} fields; the header has {len(header)}")


def _read_jsonl(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    number = 0
    with file.open(encoding="utf-8-sig", newline="\n") as stream:
        for line in stream:
            if not line.strip():
                continue
            number += 1
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Row(number, {}, f"broken JSON: {error}")
                continue
            if not isinstance(values, dict):
                yield Row(number, {}, f"a JSON {type(values).__name__}; expected an object")
                continue
            if number == 1:
                _check_columns(file, values, columns)
            yield Row(number, values)
    if number == 0:
        _check_columns(file, (), columns)


def _read_parquet(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    arrow = require("pyarrow", "parquet")
    parquet = require("pyarrow.parquet", "parquet")
    try:
        source = parquet.ParquetFile(file)
    except (arrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{str(file)!r} cannot be read as Parquet: {error}") from error
    with source:
        _check_columns(file, source.schema_arrow.names, columns)
        number = 0
        for batch in source.iter_batches(batch_size=ROWS_PER_READ):
            for values in batch.to_pylist():
                number += 1
                yield Row(number, values)


def _write_csv(file: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    count = 0
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_csv_value(row.get(name)) for name in columns])
            count += 1
    return count


def _csv_value(value: Any) -> Any:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def _write_jsonl(file: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    count = 0
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            values = {name: row.get(name) for name in columns}
            stream.write(json.dumps(values, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_parquet(file: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    arrow = require("pyarrow", "parquet")
    parquet = require("pyarrow.parquet", "parquet")
    writer, schema, count = None, None, 0
    try:
        for chunk in _chunks(rows, ROWS_PER_READ):
            data = {name: [row.get(name) for row in chunk] for name in columns}
            if writer is None:
                schema = _schema_of(arrow, arrow.table(data).schema)
                writer = parquet.ParquetWriter(file, schema, compression="zstd")
            writer.write_table(arrow.table(data, schema=schema))
            count += len(chunk)
        if writer is None:
            parquet.write_table(arrow.table({name: [] for name in columns}), file)
    finally:
        if writer is not None:
            writer.close()
    return count


def _schema_of(arrow: Any, guessed: Any) -> Any:
    """Take a column that is empty so far for text; later rows may fill it."""
    fields = [
        arrow.field(one.name, arrow.string() if arrow.types.is_null(one.type) else one.type)
        for one in guessed
    ]
    return arrow.schema(fields)


def _chunks(rows: Iterable[Mapping[str, Any]], size: int) -> Iterator[list[Mapping[str, Any]]]:
    chunk: list[Mapping[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
