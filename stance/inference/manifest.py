"""Beginning a batch run, or going on with one: what is decided before the first row is classified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from stance.errors import InputError, require
from stance.files import write_json
from stance.inference.inputs import NEEDED, Source, inspect
from stance.inference.lock import alone_in
from stance.inference.shards import MANIFEST, Each, Run, read_manifest
from stance.remote import is_url, names_in, place_for
from stance.schema import LABELS
from stance.tables import check_lines_in_csv, common_kind, table_format

RESULTS = ("label", *(label.value for label in LABELS), "truncated", "error")
"""The columns that are added to the input's own."""

VOICE = "voice"
"""The one more that is added where the checkpoint tells who takes the stance."""

KINDS = {
    **dict.fromkeys(RESULTS, "float"),
    "label": "text",
    "truncated": "bool",
    "error": "text",
    VOICE: "text",
}
SHARDS = 1
"""Raised when the same rows would give other shards."""

COMPARED = {
    "input": "input",
    "checkpoint": "checkpoint",
    "runtime": "runtime",
    "rows_per_chunk": "number of rows a shard (--rows-per-shard)",
    "format": "format of the output",
    "shards": "version of this package",
}
"""What of the manifest decides the content of the shards, and what it is called; the rest is for people."""


class Model(NamedTuple):
    """What computes: digest of the checkpoint, runtime and precision, whether it tells voices."""

    checkpoint: str
    runtime: str
    has_voice: bool


def check_output(out: str | Path, *, shards: bool) -> None:
    """Refuse an output that cannot be written, before any work is done."""
    ending = table_format(out)
    if is_url(out) and not shards:
        raise InputError(f"{str(out)!r} is a URL, where a folder of shards can be written; add --shards")
    if not shards and Path(out).is_dir():
        raise InputError(
            f"cannot write {str(out)!r}: it is a folder; give a file name, or add --shards for a folder of "
            "shards"
        )
    if shards and Path(out).is_file():
        raise InputError(f"cannot write shards into {str(out)!r}: it is a file; give another name")
    if ending == ".parquet":
        require("pyarrow", "parquet")  # now, and not when all is classified


def parts_folder(out: str | Path, *, shards: bool) -> str:
    """Return where the shards of a run go."""
    return str(out) if shards else f"{out}.parts"


@contextmanager
def folder_for(out: str | Path, *, shards: bool, resume: bool) -> Iterator[str]:
    """Give the folder that a run has to itself, while it lasts, for its shards.

    Raises
    ------
    InputError
        If another run is at work there, or one that is not to be resumed or something else stands in the way;
        if there is nothing to resume, but an output, which may be of another input.
    """
    folder = parts_folder(out, shards=shards)
    if not is_url(folder) and Path(folder).is_file():
        raise InputError(f"{folder!r} is a file, but the parts of the run belong there; move it away")
    # A folder without manifest is what a kill leaves at the very beginning or end of a run: it may go on.
    if resume and not shards and Path(out).is_file() and not Path(folder).exists():
        raise InputError(
            f"{str(out)!r} is there, and no interrupted run of it: nothing is to be resumed. Keep it as it "
            "is, or leave out --resume to classify anew and replace it"
        )
    with alone_in(folder):
        there = _names(folder)
        if MANIFEST in there and not resume:
            state = "a finished" if "finished" in read_manifest(folder) else "an interrupted"
            raise InputError(
                f"{folder!r} holds {state} run; go on with --resume, or delete it to start again"
            )
        if there and MANIFEST not in there:
            raise InputError(f"{folder!r} holds {min(there)!r}, but no {MANIFEST}; choose another place")
        yield folder


def open_run(
    files: Sequence[str],
    out: str | Path,
    folder: str,
    model: Model,
    *,
    rows_per_chunk: int,
    each: Each = map,
) -> Run:
    """Begin a run, or make sure that the one to resume had the same input, model and options.

    Parameters
    ----------
    files : sequence of str
    out : str or Path
    folder : str
        Given by :func:`folder_for`.
    model : Model
    rows_per_chunk : int
    each : callable
        What the files are inspected with.

    Raises
    ------
    InputError
        If an input cannot be used, or the run that is there is another one.
    """
    if rows_per_chunk < 1:
        raise InputError(f"{rows_per_chunk} rows a shard; expected at least 1")
    sources: list[Source] = list(each(inspect, files))
    _check_fit(sources, out)
    names, kinds = _columns(sources, model.has_voice)
    manifest = {
        "shards": SHARDS,
        "files": [source.path for source in sources],
        "input": [[source.sha256, source.rows] for source in sources],
        "columns": kinds,
        "checkpoint": model.checkpoint,
        "runtime": model.runtime,
        "rows_per_chunk": rows_per_chunk,
        "format": table_format(out),
    }
    if MANIFEST in _names(folder):
        _compare(folder, manifest)
    else:
        with place_for(f"{folder}/{MANIFEST}") as file:
            write_json(file, manifest)
    return Run(str(out), folder, sources, names, kinds, rows_per_chunk)


def _names(folder: str) -> set[str]:
    """Return what is in a folder, without what a run that was killed may have left."""
    return {name for name in names_in(folder) if not name.startswith(".")}


def _check_fit(sources: Sequence[Source], out: str | Path) -> None:
    """Refuse rows that the format of the output cannot hold."""
    if table_format(out) == ".csv":
        for source in sources:
            check_lines_in_csv(source.most_lines, source.path)


def _compare(folder: str, manifest: Mapping[str, Any]) -> None:
    """Refuse to go on with a run whose shards would be others."""
    recorded = read_manifest(folder)
    differing = [called for name, called in COMPARED.items() if recorded.get(name) != manifest[name]]
    if differing:
        raise InputError(
            f"the interrupted run in {folder!r} had another {' and '.join(differing)}; delete the folder to "
            "start again"
        )


def _columns(sources: Sequence[Source], has_voice: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the input's columns are called in the output, and what all columns there hold."""
    found: dict[str, set[str]] = {}
    for source in sources:
        for name, kinds in source.kinds.items():
            found.setdefault(name, set()).update(kinds)
    if not found:  # JSON lines without a row that can be read: every row says why
        found = {name: set() for name in NEEDED}
    results = (*RESULTS, VOICE) if has_voice else RESULTS
    names = _kept_names(list(found), results)
    own = {kept: common_kind(found[name]) for name, kept in names.items()}
    return names, {**own, **{name: KINDS[name] for name in results}}


def _kept_names(columns: Sequence[str], results: Sequence[str]) -> dict[str, str]:
    """Give a column that is named like a result the first free name of ``input_...``."""
    taken = {*columns, *results}
    names = {}
    for column in columns:
        name = column
        while name in results or (name != column and name in taken):
            name = f"input_{name}"
        taken.add(name)
        names[column] = name
    return names
