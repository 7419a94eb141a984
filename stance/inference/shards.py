"""A batch run on disk: one shard for every chunk of rows, a manifest.

A shard holds the input's rows with their results, in the format of the output. It is written under
another name, synced and renamed, so that a shard which is there is whole: a run may be killed at any
point and goes on with the shards that are missing. Shards either are the output, or are joined into it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from stance.checkpoint import file_digest
from stance.errors import InputError
from stance.files import move_file, write_json
from stance.inference.inputs import Source
from stance.inference.lock import LOCK
from stance.remote import is_url, local_copy, names_in, place_for
from stance.tables import Row, join_tables, read_table, table_format, write_table

MANIFEST = "manifest.json"
Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""Applies a function to many things and gives the results in their order, as ``map`` does."""


class Shard(NamedTuple):
    """One chunk of rows: of which file (from 0), the how many-th chunk there (from 0), how many rows."""

    source: int
    chunk: int
    rows: int


class Run(NamedTuple):
    """A batch run; made by :func:`stance.inference.manifest.open_run`.

    Attributes
    ----------
    out : str
    folder : str
        Of the shards: ``out`` itself, or ``OUT.parts`` where they are joined in the end.
    sources : list of Source
    names : dict of str to str
        The input's columns and what they are called in the output.
    kinds : dict of str to str
        The output's columns and what they hold.
    rows_per_chunk : int
    """

    out: str
    folder: str
    sources: list[Source]
    names: dict[str, str]
    kinds: dict[str, str]
    rows_per_chunk: int

    @property
    def rows(self) -> int:
        """Rows of the input."""
        return sum(source.rows for source in self.sources)

    def shards(self) -> Iterator[Shard]:
        """Yield all shards of the finished run; a file without rows has one too."""
        for number, source in enumerate(self.sources):
            for chunk, start in enumerate(range(0, max(1, source.rows), self.rows_per_chunk)):
                yield Shard(number, chunk, min(self.rows_per_chunk, source.rows - start))

    def place(self, shard: Shard) -> str:
        """Return path or URL of a shard."""
        return f"{self.folder}/{shard.source:05d}-{shard.chunk:08d}{table_format(self.out)}"

    def read(self, missing: Iterable[Shard]) -> Iterator[tuple[Shard, list[Row]]]:
        """Yield the rows of these shards, which are all of one file."""
        wanted = {shard.chunk: shard for shard in missing}
        if not wanted:
            return
        source = self.sources[next(iter(wanted.values())).source]
        with local_copy(source.path) as file:
            rows = read_table(file)
            for chunk in range(max(wanted) + 1):
                taken = list(islice(rows, self.rows_per_chunk))
                if chunk not in wanted:
                    continue
                if len(taken) != wanted[chunk].rows:
                    raise InputError(
                        f"{source.path!r} was changed while it was read; delete {self.folder!r} to start "
                        "again"
                    )
                yield wanted[chunk], taken
            if file_digest(file) != source.sha256:
                raise InputError(
                    f"{source.path!r} was changed while it was read; delete {self.folder!r} to start again"
                )

    def write(self, shard: Shard, rows: Sequence[Row], results: Sequence[Mapping[str, Any]]) -> int:
        """Write a shard and return how many of its rows have an error.

        Raises
        ------
        InputError
            If the run is no longer there: what is written now would be in the way of the next one.
        """
        if not is_url(self.folder) and not Path(self.folder, MANIFEST).is_file():
            raise InputError(self._is_gone())
        complete = [
            {**{kept: row.values.get(name) for name, kept in self.names.items()}, **result}
            for row, result in zip(rows, results, strict=True)
        ]
        with place_for(self.place(shard)) as file:
            write_table(file, complete, tuple(self.kinds), self.kinds)
        return sum(bool(result["error"]) for result in results)

    def written(self, each: Each = map) -> dict[Shard, int]:
        """Return the shards that are there, read again, and how many rows of each have an error."""
        names = names_in(self.folder)
        there = [shard for shard in self.shards() if self.place(shard).rpartition("/")[2] in names]
        return dict(zip(there, each(self.errors_of, there), strict=True))

    def errors_of(self, shard: Shard) -> int:
        """Return how many rows of a shard have an error.

        Raises
        ------
        InputError
            If it is damaged.
        """
        damaged = f"{self.place(shard)!r} is damaged; delete it and go on with --resume"
        try:
            with local_copy(self.place(shard)) as file:
                found = [None if row.error else bool(row.values.get("error")) for row in read_table(file)]
        except InputError as error:
            raise InputError(damaged) from error
        if len(found) != shard.rows or None in found:
            raise InputError(damaged)
        return sum(map(bool, found))

    def clear_if_finished(self) -> dict[str, int] | None:
        """Return what was done, and remove the shards, if a run was killed after its output had arrived."""
        finished: dict[str, int] | None = read_manifest(self.folder).get("finished")
        if self.folder == self.out or finished is None or not Path(self.out).is_file():
            return None
        _remove_parts(Path(self.folder))
        return finished

    def finish(self, errors: int) -> dict[str, int]:
        """Join the shards if they are not the output themselves, and return what was done."""
        done = {"rows": self.rows, "errors": errors}
        if self.folder == self.out:
            close_manifest(self.folder, {**done, "shards": sum(1 for _ in self.shards())})
            return done
        whole = Path(self.folder, f"joined{table_format(self.out)}")
        places = [Path(self.place(shard)) for shard in self.shards()]
        if not all(place.is_file() for place in places):
            raise InputError(self._is_gone())
        join_tables(whole, places, tuple(self.kinds), self.kinds)
        move_file(whole, Path(self.out))
        close_manifest(self.folder, done)  # from now on the shards are not needed
        _remove_parts(Path(self.folder))
        return done

    def _is_gone(self) -> str:
        return (
            f"somebody else finished or removed the run in {self.folder!r} meanwhile; look whether "
            f"{self.out!r} is there, and go on with --resume if it is not"
        )


def _remove_parts(folder: Path) -> None:
    """Remove a folder of shards, the manifest last: without it nobody would know whose the others are."""
    manifest, lock = folder / MANIFEST, folder / LOCK
    for file in folder.iterdir():
        if file not in (manifest, lock):
            file.unlink()
    manifest.unlink()
    lock.unlink(missing_ok=True)
    with suppress(OSError):  # the next run may have come already
        folder.rmdir()


def read_manifest(folder: str) -> dict[str, Any]:
    """Return what the manifest of a run records, or refuse a damaged one."""
    with local_copy(f"{folder}/{MANIFEST}") as file:
        try:
            return dict(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            place = f"{folder}/{MANIFEST}"
            raise InputError(f"{place!r} is damaged; delete the folder to start again") from error


def close_manifest(folder: str, finished: Mapping[str, int]) -> None:
    """Record what a finished run did, and remove what an earlier one left that was killed while it wrote."""
    recorded = read_manifest(folder)
    with place_for(f"{folder}/{MANIFEST}") as file:
        write_json(file, {**recorded, "finished": dict(finished)})
    if not is_url(folder):
        for leftover in Path(folder).glob(".*.part"):
            leftover.unlink()
