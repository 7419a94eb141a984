"""Rows of Parquet files (extra: parquet)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from stance.errors import InputError, require
from stance.tables.row import Row, as_text, check_columns, check_names, common_kind, encodable, kind_of

ROWS_PER_CHUNK = 4096
ROWS_AT_ONCE = 64
"""Rows that are unpacked together: a small file can hold one long text a million times."""
ROWS_PER_GROUP = 1 << 17
"""Least rows of a row group (the last aside) when parts are joined."""

READ_AHEAD = 1 << 20
"""Bytes read at once of a column; otherwise a row group of any size is read whole."""


def read(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows; see :func:`stance.tables.read_table`."""
    arrow = require("pyarrow", "parquet")
    try:
        with require("pyarrow.parquet", "parquet").ParquetFile(file, buffer_size=READ_AHEAD) as source:
            check_names(file, source.schema_arrow.names)
            check_columns(file, source.schema_arrow.names, columns)
            number = 0
            for batch in source.iter_batches(batch_size=ROWS_AT_ONCE):
                for values, error in _unpacked(batch):
                    number += 1
                    yield Row(number, values, error)
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{str(file)!r} cannot be read as Parquet: {error}") from error


def columns(file: Path) -> Iterator[str]:
    """Yield the names of the columns."""
    arrow = require("pyarrow", "parquet")
    try:
        names = require("pyarrow.parquet", "parquet").read_schema(file).names
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{str(file)!r} cannot be read as Parquet: {error}") from error
    check_names(file, names)
    yield from names


def _unpacked(batch: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the rows of a batch; where Python has no such value (a date in the year 99999), what is wrong."""
    try:
        sound_rows = batch.to_pylist()
    except (OverflowError, ValueError):
        for place in range(batch.num_rows):
            try:
                (values,) = batch.slice(place, 1).to_pylist()
            except (OverflowError, ValueError) as error:
                yield {}, f"holds a value that cannot be read: {error}"
            else:
                yield values, ""
    else:
        yield from ((values, "") for values in sound_rows)


def write(
    file: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], kinds: Mapping[str, str] | None
) -> int:
    """Write the rows; see :func:`stance.tables.write_table`.

    Without ``kinds`` the rows are read twice, because the type of a column is that of all its values.
    """
    arrow = require("pyarrow", "parquet")
    rows = list(rows) if isinstance(rows, Iterator) else rows
    kinds = _kinds(rows, columns) if kinds is None else kinds
    schema = _schema(arrow, columns, kinds)
    count = 0
    with require("pyarrow.parquet", "parquet").ParquetWriter(file, schema, compression="zstd") as writer:
        iterator = iter(rows)
        while chunk := list(islice(iterator, ROWS_PER_CHUNK)):
            data = {name: _values(chunk, name, kinds[name]) for name in columns}
            writer.write_table(arrow.table(data, schema=schema))
            count += len(chunk)
    return count


def join(file: Path, parts: Sequence[Path], columns: Sequence[str], kinds: Mapping[str, str]) -> None:
    """Write the rows of all parts; see :func:`stance.tables.join_tables`."""
    arrow, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    schema = _schema(arrow, columns, kinds)
    waiting: list[Any] = []
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for number, part in enumerate(parts, start=1):
            try:
                waiting.append(parquet.read_table(part, schema=schema))
            except (arrow.ArrowException, OSError) as error:
                raise InputError(f"{str(part)!r} cannot be read as Parquet: {error}") from error
            if number == len(parts) or sum(table.num_rows for table in waiting) >= ROWS_PER_GROUP:
                writer.write_table(arrow.concat_tables(waiting))
                waiting.clear()


def _values(chunk: Sequence[Mapping[str, Any]], name: str, kind: str) -> list[Any]:
    values = [row.get(name) for row in chunk]
    if kind != "text":
        return values
    return [value if value is None else encodable(as_text(value)) for value in values]


def _kinds(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, str]:
    kinds: dict[str, set[str]] = {name: set() for name in columns}
    for row in rows:
        for name in columns:
            kinds[name].add(kind_of(row.get(name)))
    return {name: common_kind(found) for name, found in kinds.items()}


def _schema(arrow: Any, columns: Sequence[str], kinds: Mapping[str, str]) -> Any:
    types = {"bool": arrow.bool_(), "int": arrow.int64(), "float": arrow.float64(), "text": arrow.string()}
    return arrow.schema([arrow.field(name, types[kinds[name]]) for name in columns])
