"""Rows of Parquet files (extra: parquet)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from stance.errors import InputError, require
from stance.tables.row import Row, as_text, check_columns

ROWS_PER_CHUNK = 4096
WIDEST_INT = 2**63


def read(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows; see :func:`stance.tables.read_table`."""
    arrow = require("pyarrow", "parquet")
    try:
        with require("pyarrow.parquet", "parquet").ParquetFile(file) as source:
            check_columns(file, source.schema_arrow.names, columns)
            number = 0
            for batch in source.iter_batches(batch_size=ROWS_PER_CHUNK):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(number, values)
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{str(file)!r} cannot be read as Parquet: {error}") from error


def columns(file: Path) -> Iterator[str]:
    """Yield the names of the columns."""
    arrow = require("pyarrow", "parquet")
    try:
        yield from require("pyarrow.parquet", "parquet").read_schema(file).names
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{str(file)!r} cannot be read as Parquet: {error}") from error


def write(file: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    """Write the rows; see :func:`stance.tables.write_table`.

    The rows are read twice, because the type of a column is that of all its values.
    """
    arrow = require("pyarrow", "parquet")
    rows = list(rows) if isinstance(rows, Iterator) else rows
    types = _column_types(arrow, rows, columns)
    schema = arrow.schema([arrow.field(name, types[name]) for name in columns])
    count = 0
    with require("pyarrow.parquet", "parquet").ParquetWriter(file, schema, compression="zstd") as writer:
        iterator = iter(rows)
        while chunk := list(islice(iterator, ROWS_PER_CHUNK)):
            data = {name: _values(chunk, name, types[name] == arrow.string()) for name in columns}
            writer.write_table(arrow.table(data, schema=schema))
            count += len(chunk)
    return count


def _values(chunk: Sequence[Mapping[str, Any]], name: str, is_text: bool) -> list[Any]:
    values = [row.get(name) for row in chunk]
    return [value if value is None else as_text(value) for value in values] if is_text else values


def _column_types(arrow: Any, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, Any]:
    """Choose for each column the narrowest of bool, int64, float64 and text that holds all its values."""
    kinds: dict[str, set[type]] = {name: set() for name in columns}
    for row in rows:
        for name in columns:
            value = row.get(name)
            if value is not None:
                too_wide = type(value) is int and not -WIDEST_INT <= value < WIDEST_INT
                kinds[name].add(str if too_wide else type(value))
    simple = {
        frozenset({bool}): arrow.bool_(),
        frozenset({int}): arrow.int64(),
        frozenset({float}): arrow.float64(),
        frozenset({int, float}): arrow.float64(),
    }
    return {name: simple.get(frozenset(kinds[name]), arrow.string()) for name in columns}
