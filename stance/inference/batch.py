"""Classifying whole files and data sets: constant memory, no row lost, interrupted runs resumed.

The input is read in chunks, each of which becomes a shard (:mod:`stance.inference.shards`). A chunk is
also what is computed together: pairs that occur several times in it are computed once, and its results
do not depend on what came before it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.inference.inputs import find_files, written_down
from stance.inference.manifest import RESULTS, VOICE, Model, check_output, folder_for, open_run
from stance.inference.shards import Run
from stance.remote import is_url
from stance.tables import Row

if TYPE_CHECKING:
    from stance.inference.classifier import StanceClassifier

__all__ = ["RESULTS", "classify_dataset", "classify_file", "classify_rows"]

ROWS_PER_CHUNK = 8192

INPUT = ".input.jsonl"
"""Rows that are no file, among the parts of their run."""


def classify_file(
    classifier: StanceClassifier,
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    resume: bool = False,
    progress: bool = False,
    shards: bool = False,
    rows_per_shard: int | None = None,
) -> dict[str, int]:
    """Classify every row of a table, or of several.

    Parameters
    ----------
    classifier : StanceClassifier
    source : str, Path or sequence of them
        ``.csv``, ``.jsonl`` or ``.parquet`` files with ``claim`` and ``sentence``, folders and patterns
        (``pairs/*.csv``) of them; local, or URLs that fsspec knows.
    out : str or Path
        Where to write, in any of the three formats: all columns of the input, then ``label``,
        ``supports``, ``denies``, ``neutral`` (probabilities), ``truncated`` and ``error``, and where the
        checkpoint tells it ``voice``. An input column of one of these names is kept as ``input_...``. A
        row that cannot be classified keeps its place, with the reason in ``error``.
    resume : bool
        Go on with an interrupted run of the same input, model, options and output.
    progress : bool
        Show a progress bar on stderr.
    shards : bool
        Let ``out`` be a folder, with its manifest and a file for every chunk of rows, and join nothing.
    rows_per_shard : int, optional
        Rows of a chunk, by default 8192: what is in memory at a time, and lost by an interruption at most.

    Returns
    -------
    dict
        ``rows`` and ``errors``.

    Raises
    ------
    InputError
        If the input cannot be read, or an interrupted run stands in the way.
    """
    check_output(out, shards=shards)
    files = find_files(source, out)
    with folder_for(out, shards=shards, resume=resume) as folder:
        return _classify(classifier, files, out, folder, rows_per_shard, progress)


def _classify(
    classifier: StanceClassifier,
    files: Sequence[str],
    out: str | Path,
    folder: str,
    rows_per_shard: int | None,
    progress: bool,
) -> dict[str, int]:
    """Begin a run in its folder, or go on with it."""
    rows_per_chunk = ROWS_PER_CHUNK if rows_per_shard is None else rows_per_shard
    run = open_run(files, out, folder, model_of(classifier), rows_per_chunk=rows_per_chunk)
    return run.clear_if_finished() or _go_on(run, classifier, progress)


def _go_on(run: Run, classifier: StanceClassifier, progress: bool) -> dict[str, int]:
    """Classify what is missing of a run."""
    done = run.written()
    errors = sum(done.values())
    with progress_bar(progress, run.rows, sum(shard.rows for shard in done)) as advance:
        missing = (shard for shard in run.shards() if shard not in done)
        for _, of_one_file in groupby(missing, attrgetter("source")):
            for shard, rows in run.read(of_one_file):
                errors += run.write(shard, rows, classify_rows(classifier, rows))
                advance(shard.rows)
    return run.finish(errors)


def classify_dataset(
    classifier: StanceClassifier,
    rows: Iterable[Any],
    out: str | Path,
    *,
    resume: bool = False,
    progress: bool = False,
    shards: bool = False,
    rows_per_shard: int | None = None,
) -> dict[str, int]:
    """Classify rows that are no file.

    They are first written to a file among the parts of the run, in constant memory: whatever gives them
    is read once, and a resumed run can tell whether they are still the same.

    Parameters
    ----------
    classifier : StanceClassifier
    rows : iterable
        A ``datasets.Dataset`` (one split), a pandas ``DataFrame``, or any iterable of mappings with
        ``claim`` and ``sentence`` or of (claim, sentence) pairs. What JSON does not know, such as a date,
        becomes text.
    out, resume, progress, shards, rows_per_shard
        As for :func:`classify_file`.

    Returns
    -------
    dict
        ``rows`` and ``errors``.

    Raises
    ------
    InputError
        As :func:`classify_file`.
    """
    check_output(out, shards=shards)
    with (
        tempfile.TemporaryDirectory() as temporary,
        folder_for(out, shards=shards, resume=resume) as folder,
        written_down(rows, Path(temporary if is_url(folder) else folder, INPUT)) as file,
    ):
        return _classify(classifier, [str(file)], out, folder, rows_per_shard, progress)


def model_of(classifier: StanceClassifier) -> Model:
    """Return what the manifest records of a classifier."""
    checkpoint = classifier.checkpoint
    return Model(checkpoint.digest, classifier.arithmetic, checkpoint.has_voice)


def classify_rows(classifier: StanceClassifier, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the result columns of every row, sound or not; the same pair is computed once."""
    pairs: list[tuple[Any, Any]] = [(row.values.get("claim"), row.values.get("sentence")) for row in rows]
    problems = [row.error or classifier.pair_problem(*pair) for row, pair in zip(rows, pairs, strict=True)]
    sound = dict.fromkeys(pair for pair, problem in zip(pairs, problems, strict=True) if not problem)
    answers: dict[Any, Any] = dict(zip(sound, classifier.classify_pairs(list(sound)), strict=True))
    tells_voices = classifier.checkpoint.has_voice
    results: list[dict[str, Any]] = []
    for pair, problem in zip(pairs, problems, strict=True):
        if problem:
            results.append({"error": problem})
            continue
        answer = answers[pair]
        results.append(
            {
                "label": answer.label.value,
                **{label.value: p for label, p in answer.probabilities.items()},
                "truncated": answer.truncated,
                **({VOICE: answer.voice} if tells_voices else {}),
                "error": "",
            }
        )
    return results


@contextmanager
def progress_bar(shown: bool, total: int, done: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told of every number of rows that are finished; the bar is on stderr."""
    if not shown:
        yield lambda rows: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        """Rows a second of this run, without those of an earlier one."""

        def render(self, task: Task) -> Text:
            seconds = task.elapsed or 0
            return Text(f"{(task.completed - done) / seconds:,.0f} rows/s" if seconds > 1 else "")

    columns = (TextColumn("classifying"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"), RateColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("rows", total=total, completed=done)
        yield lambda rows: bar.update(task, advance=rows)
