"""Classifying whole files: constant memory, no row lost, interrupted runs resumed.

The input is read in chunks. The results of each chunk are written to a folder beside the output
(``OUT.parts``) under a manifest that names input and model; when all chunks are there, input and
results are joined into the output, which appears in one piece.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.checkpoint import file_digest
from stance.errors import InputError, require
from stance.files import write_json
from stance.schema import LABELS
from stance.tables import Row, read_table, table_columns, table_format, write_table

if TYPE_CHECKING:
    from stance.inference.classifier import StanceClassifier

ROWS_PER_CHUNK = 8192
RESULTS = ("label", *(label.value for label in LABELS), "truncated", "error")
"""The columns that are added to the input's own."""


def classify_file(
    classifier: StanceClassifier,
    source: str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    progress: bool = False,
) -> dict[str, int]:
    """Classify every row of a table.

    Parameters
    ----------
    classifier : StanceClassifier
    source : str or Path
        A ``.csv``, ``.jsonl`` or ``.parquet`` file with the columns ``claim`` and ``sentence``.
    out : str or Path
        Where to write, in any of the three formats: all columns of the input, then ``label``,
        ``supports``, ``denies``, ``neutral`` (probabilities), ``truncated`` and ``error``. An input
        column of one of these names is kept as ``input_...``. A row that cannot be classified
        keeps its place, with the reason in ``error``.
    resume : bool
        Go on with an interrupted run of the same input, model and output.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    dict
        ``rows`` and ``errors``.

    Raises
    ------
    InputError
        If the input cannot be read, or an interrupted run stands in the way.
    """
    source, out = Path(source), Path(out)
    ending = table_format(out)
    if out.is_dir():
        raise InputError(f"cannot write {str(out)!r}: it is a folder; give a file name")
    if out.exists() and out.resolve() == source.resolve():
        raise InputError(f"{str(out)!r} is the input itself; give another file to write to")
    if ending == ".parquet":
        require("pyarrow", "parquet")  # now, and not when all is classified
    columns = table_columns(source, ("claim", "sentence"))  # refused before a run begins
    parts = out.with_name(out.name + ".parts")
    _open_parts(parts, _manifest(classifier, source), resume=resume)
    for number, chunk in _shown(enumerate(_chunks(_source_rows(source, parts))), progress):
        part = _part(parts, number)
        if not part.exists():
            write_table(part, _classify(classifier, chunk), RESULTS)
    joined = _Joined(source, parts, columns)
    count = write_table(out, joined, joined.columns)
    shutil.rmtree(parts)
    return {"rows": count, "errors": joined.errors}


def _source_rows(source: Path, parts: Path) -> Iterator[Row]:
    """Yield the rows of the input; where it cannot be read to its end, the run is given up.

    Once mended the file is another input, to which these parts do not belong. Any other failure
    leaves them for a resumed run.
    """
    try:
        yield from read_table(source)
    except InputError:
        shutil.rmtree(parts)
        raise


class _Joined:
    """The rows of the input with the results of all chunks; may be iterated more than once."""

    def __init__(self, source: Path, parts: Path, columns: Sequence[str]) -> None:
        self._source, self._parts = source, parts
        # the input's own columns come first; one that is named like a result is renamed
        self._names = _kept_names(columns)
        self.columns = (*self._names.values(), *RESULTS)
        self.errors = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.errors = 0
        for number, chunk in enumerate(_chunks(read_table(self._source))):
            results = read_table(_part(self._parts, number))
            for row, result in zip_longest(chunk, results):
                if row is None or result is None or result.error:
                    raise InputError(
                        f"{_part(self._parts, number)} is damaged; delete it and go on with --resume"
                    )
                self.errors += bool(result.values["error"])
                own = {kept: row.values.get(name) for name, kept in self._names.items()}
                yield {**own, **result.values}


def _classify(classifier: StanceClassifier, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the result columns of every row, sound or not."""
    problems = [
        row.error or classifier.pair_problem(row.values.get("claim"), row.values.get("sentence"))
        for row in rows
    ]
    sound = [row for row, problem in zip(rows, problems, strict=True) if not problem]
    predictions = iter(
        classifier.classify_pairs([(row.values["claim"], row.values["sentence"]) for row in sound])
    )
    results: list[dict[str, Any]] = []
    for problem in problems:
        if problem:
            results.append({"error": problem})
            continue
        prediction = next(predictions)
        probabilities = {label.value: p for label, p in prediction.probabilities.items()}
        results.append(
            {
                "label": prediction.label.value,
                **probabilities,
                "truncated": prediction.truncated,
                "error": "",
            }
        )
    return results


def _manifest(classifier: StanceClassifier, source: Path) -> dict[str, Any]:
    return {
        "input": file_digest(source),
        "checkpoint": classifier.checkpoint.digest,
        "runtime": classifier.runtime,
        "rows_per_chunk": ROWS_PER_CHUNK,
    }


def _kept_names(columns: Sequence[str]) -> dict[str, str]:
    """Give a column that is named like a result the first free name of ``input_...``."""
    taken = {*columns, *RESULTS}
    names = {}
    for column in columns:
        name = column
        while name in RESULTS or (name != column and name in taken):
            name = f"input_{name}"
        taken.add(name)
        names[column] = name
    return names


def _part(parts: Path, number: int) -> Path:
    return parts / f"{number:08d}.jsonl"


def _open_parts(parts: Path, manifest: dict[str, Any], *, resume: bool) -> None:
    """Begin a run, or make sure that the one to resume had the same input and model."""
    file = parts / "manifest.json"
    if parts.is_file():
        raise InputError(f"{str(parts)!r} is a file, but the parts of the run belong there; move it away")
    if parts.exists() and not resume:
        raise InputError(
            f"{str(parts)!r} holds an interrupted run; go on with --resume, or delete it to start again"
        )
    if file.exists():
        try:
            recorded = dict(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise InputError(f"{str(file)!r} is damaged; delete the folder to start again") from error
        differing = [name for name in manifest if recorded.get(name) != manifest[name]]
        if differing:
            raise InputError(
                f"the interrupted run in {str(parts)!r} had another {' and '.join(differing)}; delete the "
                "folder to start again"
            )
        return
    parts.mkdir(parents=True, exist_ok=True)
    write_json(file, manifest)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, ROWS_PER_CHUNK)):
        yield chunk


def _shown(chunks: Iterable[tuple[int, list[Row]]], progress: bool) -> Iterator[tuple[int, list[Row]]]:
    if not progress:
        yield from chunks
        return
    from rich.console import Console
    from rich.progress import (
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    bar = Progress(
        SpinnerColumn(),
        TextColumn("classifying"),
        MofNCompleteColumn(),
        TextColumn("rows"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task("rows", total=None)
        for number, rows in chunks:
            yield number, rows
            bar.update(task, advance=len(rows))
        bar.update(task, total=bar.tasks[0].completed)
