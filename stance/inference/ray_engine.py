"""Batch runs over Ray Data: tasks read the files, a pool of actors classifies the chunks (extra: ray).

Shards, manifest and error rows are those of a run without Ray. Every shard is written by the actor that
computed it, to a place that all machines see: a shared folder, or a URL. Work of a machine that is lost
is done again by Ray; writing a shard twice gives the same bytes.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from stance.errors import CheckpointError, StanceError, require
from stance.inference.batch import ROWS_PER_CHUNK, classify_rows, model_of, progress_bar
from stance.inference.classifier import StanceClassifier
from stance.inference.cpu import CpuBackend
from stance.inference.finding import find_checkpoint
from stance.inference.inputs import find_files
from stance.inference.manifest import Model, check_output, folder_for, open_run
from stance.inference.sanity import tell_doubts
from stance.inference.shards import Run
from stance.remote import is_url

READERS = 8
"""Files that are read at the same time."""


class Pool(NamedTuple):
    """The workers: what each of them computes with, and how many there are.

    Attributes
    ----------
    model : str, optional
        Checkpoint folder, at the same place on every machine, or hub id; by default the embedded one.
    device : {"auto", "cpu", "cuda"}
        A worker takes one core, or one GPU; ``"auto"`` takes GPUs if the cluster has any.
    least, most : int
        The pool grows and shrinks between these; ``None``: as far as the cluster goes.
    """

    model: str | None = None
    device: str = "auto"
    least: int = 1
    most: int | None = None

    def open(self) -> StanceClassifier:
        """Open the classifier of one worker."""
        if self.device == "cuda":
            return StanceClassifier.from_pretrained(self.model, device="cuda")
        checkpoint = find_checkpoint(self.model)
        return StanceClassifier(checkpoint, CpuBackend(checkpoint, threads=1))


def classify_on_ray(
    pool: Pool,
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    resume: bool = False,
    progress: bool = False,
    shards: bool = False,
    rows_per_shard: int | None = None,
) -> dict[str, int]:
    """Classify every row of one or several tables on a Ray cluster.

    It is the cluster that Ray is connected to, or ``RAY_ADDRESS`` names; else one is started here.

    Parameters
    ----------
    pool : Pool
    source, out, resume, progress, shards, rows_per_shard
        As for :func:`stance.inference.batch.classify_file`.

    Returns
    -------
    dict
        ``rows`` and ``errors``.

    Raises
    ------
    StanceError
        As :func:`stance.inference.batch.classify_file`; if a worker fails in a way that doing its work
        again does not mend.
    """
    check_output(out, shards=shards)
    files = [_absolute(file) for file in find_files(source, out)]
    if pool.model and os.path.exists(pool.model):  # and no hub id
        pool = pool._replace(model=_absolute(pool.model))
    with _connected() as ray:
        if pool.device == "auto":
            has_gpus = ray.cluster_resources().get("GPU", 0) >= 1
            pool = pool._replace(device="cuda" if has_gpus else "cpu")
        (model,) = _each(_probe, [pool], _resources(pool))
        out = _absolute(str(out))
        rows_per_chunk = ROWS_PER_CHUNK if rows_per_shard is None else rows_per_shard
        with folder_for(out, shards=shards, resume=resume) as folder:
            run = open_run(files, out, folder, model, rows_per_chunk=rows_per_chunk, each=_each)
            return run.clear_if_finished() or _go_on(run, model, pool, progress)


def _go_on(run: Run, model: Model, pool: Pool, progress: bool) -> dict[str, int]:
    """Have classified what is missing of a run."""
    done = run.written(_each)
    missing = (shard for shard in run.shards() if shard not in done)
    work = [{"missing": pickle.dumps(list(group))} for _, group in groupby(missing, attrgetter("source"))]
    errors = sum(done.values())
    with progress_bar(progress, run.rows, sum(shard.rows for shard in done)) as advance:
        for receipt in _receipts(work, run, model, pool) if work else ():
            errors += int(receipt["errors"])
            advance(int(receipt["rows"]))
    return run.finish(errors)


def _probe(pool: Pool) -> Model:
    """Tell what a worker computes with, and warn of a model that fails plain cases."""
    classifier = pool.open()
    tell_doubts(classifier)
    return model_of(classifier)


class _Worker:
    """An actor: classifies chunks and writes their shards."""

    def __init__(self, run: Run, model: Model, pool: Pool) -> None:
        self._run, self._classifier = run, pool.open()
        if model_of(self._classifier) != model:
            raise CheckpointError(
                f"a worker has {model_of(self._classifier)}, another one {model}; put the same checkpoint "
                "and software on all machines, and hold processors of several kinds to what all have "
                "(ONEDNN_MAX_CPU_ISA, docs/speed.md)"
            )

    def __call__(self, batch: Mapping[str, Sequence[bytes]]) -> dict[str, list[int]]:
        """Return rows and errors of every shard that was written."""
        receipts: dict[str, list[int]] = {"rows": [], "errors": []}
        for packed in batch["chunk"]:
            shard, rows = pickle.loads(packed)
            receipts["rows"].append(shard.rows)
            receipts["errors"].append(self._run.write(shard, rows, classify_rows(self._classifier, rows)))
        return receipts


def _read(batch: Mapping[str, Sequence[bytes]], run: Run) -> Iterator[dict[str, list[bytes]]]:
    """Yield the missing chunks of files one by one."""
    for packed in batch["missing"]:
        for chunk in run.read(pickle.loads(packed)):
            yield {"chunk": [pickle.dumps(chunk)]}


def _receipts(work: list[dict[str, bytes]], run: Run, model: Model, pool: Pool) -> Iterator[Any]:
    """Yield rows and errors of every shard as it is finished, in whatever order."""
    ray, data = require("ray", "ray"), require("ray.data", "ray")
    context = data.DataContext.get_current()
    before = context.target_max_block_size, context.enable_progress_bars
    # a chunk is a block: work is handed out, and done again, chunk by chunk
    context.target_max_block_size, context.enable_progress_bars = 1, False
    try:
        # reading waits for disks: it takes no core, so that workers may take all of them
        readers, workers = (
            data.TaskPoolStrategy(size=READERS),
            data.ActorPoolStrategy(min_size=pool.least, max_size=pool.most),
        )
        chunks = data.from_items(work, override_num_blocks=len(work)).map_batches(
            _read, fn_args=(run,), batch_size=1, compute=readers, num_cpus=0
        )
        shards = chunks.map_batches(
            _Worker,
            fn_constructor_args=(run, model, pool),
            batch_size=1,
            compute=workers,
            **_resources(pool),
        )
        yield from shards.iter_rows()
    except ray.exceptions.RayError as error:
        raise StanceError(_reason(error)) from error
    finally:
        context.target_max_block_size, context.enable_progress_bars = before


def _each(
    function: Callable[[Any], Any], things: Iterable[Any], resources: Mapping[str, int] | None = None
) -> list[Any]:
    """Apply a function to many things, each in a task of its own, and return the results in order."""
    ray = require("ray", "ray")

    def one(thing: Any) -> Any:
        return function(thing)

    task = ray.remote(one).options(**(resources or {"num_cpus": 1}))
    try:
        return list(ray.get([task.remote(thing) for thing in things]))
    except ray.exceptions.RayError as error:
        raise StanceError(_reason(error)) from error


def _resources(pool: Pool) -> dict[str, int]:
    return {"num_gpus": 1} if pool.device == "cuda" else {"num_cpus": 1}


def _absolute(path: str) -> str:
    """Return a path that does not depend on the folder a worker happens to be in; a URL as it is."""
    return path if is_url(path) else os.path.abspath(path)


def _reason(error: BaseException) -> str:
    """Return what the error of ours says that is behind one of Ray's, or else what Ray said."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, StanceError):
            return str(getattr(inner, "cause", inner))
        inner = inner.__cause__
    return (
        f"the cluster gave up: {str(error).strip().splitlines()[-1]}; the shards that are finished are kept: "
        "mend it and go on with --resume"
    )


@contextmanager
def _connected() -> Iterator[Any]:
    """Give Ray, connected; a cluster that was started for this run is stopped after it."""
    ray = require("ray", "ray")
    if ray.is_initialized():
        yield ray
        return
    ray.init(log_to_driver=False, logging_level="ERROR")
    try:
        yield ray
    finally:
        ray.shutdown()
