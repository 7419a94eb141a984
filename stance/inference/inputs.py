"""What a batch run reads: files, folders and patterns of them, and rows that are held in memory."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from stance.checkpoint import file_digest
from stance.errors import InputError
from stance.files import atomic_path, existing_file
from stance.remote import is_url, listed_urls, local_copy
from stance.tables import (
    FORMATS,
    check_columns,
    kind_of,
    lines_in_csv,
    read_table,
    table_columns,
    table_format,
)

NEEDED = ("claim", "sentence")
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
ROWS_AT_ONCE = 1000
"""Rows of a frame or Dataset that are taken out together."""


class Source(NamedTuple):
    """A file to classify, read once from end to end.

    Attributes
    ----------
    path : str
    sha256 : str
    rows : int
    most_lines : int
        Lines that the longest row would have in a CSV file.
    kinds : dict of str to list of str
        By column, in order, the kinds of its values (:func:`stance.tables.kind_of`).
    """

    path: str
    sha256: str
    rows: int
    most_lines: int
    kinds: dict[str, list[str]]


def find_files(source: str | Path | Sequence[str | Path], out: str | Path) -> list[str]:
    """Return the tables that are meant, those of a folder or pattern in the order of their names.

    A file that is named in several ways is read once, where it is named first.

    Parameters
    ----------
    source : str, Path or sequence of them
        Files, folders (all tables below, hidden ones aside), patterns such as ``pairs/*.csv``; local or URLs.
    out : str or Path
        Where the run writes, which must not be part of what it reads.

    Raises
    ------
    InputError
        If there is nothing, something is no table, or the output lies within the input.
    """
    given = [source] if isinstance(source, str | Path) else list(source)
    found: dict[str, str] = {}  # by what is the same, however it is named
    for one in given:
        for file in _files_of(one, out):
            found.setdefault(file if is_url(file) else str(Path(file).resolve()), file)
    files = list(found.values())
    if not files:
        raise InputError(f"{', '.join(map(str, given))[:200] or 'nothing'!r} names no file; give some tables")
    for file in files:
        table_format(file)
        if not is_url(file) and _same(file, out):
            raise InputError(f"{str(out)!r} is the input itself; give another file to write to")
    return files


def inspect(path: str) -> Source:
    """Read a file from end to end, so that all that could be wrong with it is known before a run.

    Raises
    ------
    InputError
        If it cannot be read or lacks a column.
    """
    rows, most_lines = 0, 0
    kinds: dict[str, dict[str, None]] = {}
    with local_copy(path) as file:
        existing_file(file, "table", f"a file ending in {', '.join(FORMATS)}")
        if table_format(file) != ".jsonl":
            kinds = {name: {} for name in table_columns(file)}
        for row in read_table(file):
            rows += 1
            most_lines = max(most_lines, lines_in_csv(row.values.values()))
            for name, value in row.values.items():
                kinds.setdefault(name, {})[kind_of(value)] = None
        digest = file_digest(file)
    if kinds or table_format(path) != ".jsonl":
        check_columns(path, kinds, NEEDED)
    return Source(path, digest, rows, most_lines, {name: list(found) for name, found in kinds.items()})


@contextmanager
def written_down(rows: Iterable[Any], file: Path) -> Iterator[Path]:
    """Write rows held in memory, or made one by one, to a JSON-lines file that goes away afterwards.

    Parameters
    ----------
    rows : iterable
        A pandas ``DataFrame``, a ``datasets.Dataset``, or any iterable of mappings or of pairs.
        What is none of these becomes a row that cannot be read.
    file : Path
    """
    try:
        with atomic_path(file) as part, part.open("w", encoding="utf-8", newline="\n") as stream:
            for row in _records(rows):
                stream.write(_line(row) + "\n")
        yield file
    except InputError as error:  # nobody knows the file
        raise InputError(str(error).replace(repr(str(file)), "the table of rows")) from error
    finally:
        file.unlink(missing_ok=True)


def _files_of(given: str | Path, out: str | Path) -> list[str]:
    text = str(given)
    if is_url(text):
        if str(out).startswith(text.rstrip("/") + "/"):
            raise InputError(f"{str(out)!r} lies in the input folder {text!r}; write to another place")
        listed = listed_urls(text)
        if listed.folder is None:
            return listed.urls
        start = len(listed.folder)
        return [one for one in listed.urls if _is_table(one) and not _is_hidden(one[start:])]
    try:
        folder = Path(text).is_dir()
        if not folder and not Path(text).exists() and glob.has_magic(text):
            matches = sorted(glob.glob(text, recursive=True))
            return [file for one in _walked_once(matches) for file in _files_of(one, out)]
    except (OSError, ValueError):  # too long, a NUL
        folder = False
    if not folder:
        return [
            str(existing_file(text, "table", f"a file ending in {', '.join(FORMATS)}, or a folder of them"))
        ]
    if not is_url(out) and Path(text).resolve() in Path(out).resolve().parents:
        raise InputError(f"{str(out)!r} lies in the input folder {text!r}; write to another place")
    below = [path.relative_to(text) for path in Path(text).rglob("*") if path.is_file()]
    seen = sorted(path for path in below if not _is_hidden(path.as_posix()))
    files = [str(Path(text) / path) for path in seen if _is_table(str(path))]
    if not files:
        raise InputError(f"{text!r} is a folder that holds no file ending in {', '.join(FORMATS)}")
    return files


def _walked_once(matches: Iterable[str]) -> Iterator[str]:
    """Yield what a pattern stands for, without the folders whose files one above them brings along."""
    walked: set[Path] = set()
    for one in matches:
        place = Path(one).resolve()
        if place.is_dir():
            above = walked.intersection(place.parents)
            if place in walked or any(not _is_hidden(place.relative_to(top).as_posix()) for top in above):
                continue
            walked.add(place)
        yield one


def _is_hidden(below: str) -> bool:
    """Whether a file, by its path inside a folder, is none that was meant."""
    return any(part.startswith((".", "_")) for part in below.split("/"))


def _is_table(name: str) -> bool:
    """Whether a file of a folder is a table; a table that is packed is refused, not left out."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes[-2:]]
    if suffixes and suffixes[-1] in PACKED and suffixes[0] in FORMATS:
        raise InputError(f"{name!r} is packed as {suffixes[-1]}; unpack it, or move it out of the folder")
    return bool(suffixes) and suffixes[-1] in FORMATS


def _same(file: str, out: str | Path) -> bool:
    if is_url(out):
        return False
    written, read = Path(out).resolve(), Path(file).resolve()
    parts = written.with_name(written.name + ".parts")
    return read == written or written in read.parents or parts in read.parents


def _records(rows: Any) -> Iterator[Any]:
    """Yield the rows of whatever holds them, a missing value as ``None``."""
    if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Iterable):
        raise InputError(
            f"rows is {rows!r:.60}; expected a DataFrame, a Dataset (one split) or an iterable of "
            "mappings or (claim, sentence) pairs"
        )
    if hasattr(rows, "iloc"):  # pandas
        frame: Any = rows
        names = list(map(str, frame.columns))
        if len(set(names)) < len(names):
            raise InputError(f"the frame names a column twice: {', '.join(names)}")
        for start in range(0, len(frame), ROWS_AT_ONCE):
            part = frame.iloc[start : start + ROWS_AT_ONCE]
            part = part.astype(object).where(part.notna(), None)
            yield from (dict(zip(names, values, strict=True)) for values in part.itertuples(index=False))
    elif hasattr(rows, "iter") and hasattr(rows, "column_names"):  # datasets
        for batch in rows.iter(batch_size=ROWS_AT_ONCE):
            yield from (dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True))
    else:
        for row in rows:
            is_pair = isinstance(row, tuple | list) and len(row) == len(NEEDED)
            yield dict(zip(NEEDED, row, strict=True)) if is_pair else row


def _line(row: Any) -> str:
    try:  # ASCII: half a character is refused by name later on, as in any JSON file
        return json.dumps(dict(row) if isinstance(row, Mapping) else row, default=_plain)
    except (TypeError, ValueError, RecursionError):  # keys that are no texts, a circle
        return json.dumps(repr(row)[:200])


def _plain(value: Any) -> Any:
    """Return what JSON does not know as what it does: a number of numpy's as a number, a date as text."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else str(value)
