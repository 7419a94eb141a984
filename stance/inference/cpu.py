"""The CPU backend: OpenVINO on the checkpoint's own weights, without torch."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stance.checkpoint import CONFIG, GRAPH, GRAPH_CONSTANTS, WEIGHTS, Checkpoint, read_json_object
from stance.errors import CheckpointError
from stance.inference.encoding import INPUTS, Outputs, keep_spans, pad_batch, pad_id_of
from stance.inference.openvino_import import import_openvino
from stance.inference.precision import (
    fastest_precision,
    instruction_set,
    round_weights,
    runtime_settings,
)

if TYPE_CHECKING:
    from tokenizers import Encoding

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Where Linux tells a container its share of the processor: microseconds, and of how many."""

TOKENS_PER_BATCH = {"f32": 512, "bf16": 1024, "int8": 512}
"""Padded tokens in one batch, by number format: large enough to keep the arithmetic busy, small enough for
the caches; the memory of a long run grows with it."""

SHAPES_KEPT = 100
"""Shapes for which the runtime keeps what it prepared: its own 5,000 cost memory and gain nothing."""


class CpuBackend:
    """Runs the network of a checkpoint on the CPU.

    May be shared by threads, pickled, and used on after a fork.

    Parameters
    ----------
    checkpoint : Checkpoint
    threads : int, optional
        CPU threads; by default all that this process may use.
    precision : {"f32", "bf16", "int8"}, optional
        Number format; by default what :func:`stance.inference.precision.fastest_precision` chooses.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, threads: int | None = None, precision: str | None = None
    ) -> None:
        if not checkpoint.has_graph:
            raise CheckpointError(
                f"checkpoint {str(checkpoint.path)!r} has no {GRAPH}, which inference on the CPU needs; "
                f"write it with: stance export {checkpoint.path} --out NEW_FOLDER"
            )
        self.threads = threads or usable_cores()
        family = str(read_json_object(checkpoint.path / CONFIG).get("model_type", ""))
        self.precision = precision or fastest_precision(family)
        self._checkpoint = checkpoint
        self._pad_id = pad_id_of(checkpoint)
        self._lock = threading.Lock()  # of the requests
        self._open()
        _BACKENDS.add(self)

    def _open(self) -> None:
        openvino = import_openvino()
        checkpoint = self._checkpoint
        core = openvino.Core()
        try:
            network = core.read_model(
                (checkpoint.path / GRAPH).read_bytes(), openvino.Tensor(_constants(checkpoint))
            )
            if self.precision == "int8":
                round_weights(network)
            compiled = core.compile_model(
                network,
                "CPU",
                {
                    **runtime_settings(self.precision),
                    "INFERENCE_NUM_THREADS": self.threads,
                    "NUM_STREAMS": self.threads,
                    # bound to cores, fewer threads than cores would be on the first ones, with those of
                    # every other process
                    "ENABLE_CPU_PINNING": self.threads >= _cores(),
                    "CPU_RUNTIME_CACHE_CAPACITY": SHAPES_KEPT,
                },
            )
        except RuntimeError as error:
            raise CheckpointError(
                f"the network of {str(checkpoint.path)!r} cannot be opened: {error}"
            ) from error
        self._names = _input_names(checkpoint, compiled)
        self._has_voice = len(compiled.outputs) > 1
        # requests that are waited for here, and no queue with callbacks into Python: a thread of the
        # runtime that wants the interpreter while the network is being closed would wait for ever
        self._requests = [compiled.create_infer_request() for _ in range(self.threads)]

    def __reduce__(self) -> tuple[Callable[[], CpuBackend], tuple[()]]:
        return partial(CpuBackend, self._checkpoint, threads=self.threads, precision=self.precision), ()

    def forget_runtime(self) -> None:
        """Begin anew in a forked process, whose parent kept the threads of the runtime."""
        for request in self._requests:  # never closed: that would wait for those threads
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(request))
        self._requests = []
        self._lock = threading.Lock()  # another thread of the parent may have held it

    @property
    def description(self) -> str:
        """Runtime, precision and threads, for people."""
        return f"OpenVINO on the CPU, {self.precision}, {self.threads} threads"

    @property
    def arithmetic(self) -> str:
        """Runtime, its version, precision and instruction set: what decides the last digits."""
        version = import_openvino().__version__.partition("-")[0]
        return f"OpenVINO {version} on the CPU, {self.precision}, {instruction_set()}"

    @property
    def at_once(self) -> int:
        """Batches that are computed side by side."""
        return self.threads

    @property
    def tokens_per_batch(self) -> int:
        """Padded tokens that a batch should hold at most."""
        return TOKENS_PER_BATCH[self.precision]

    def compute(self, encodings: Sequence[Encoding], batches: Sequence[npt.NDArray[np.int64]]) -> Outputs:
        """Compute logits, and spans where the network has a voice head.

        Batches run side by side, one a thread.
        """
        with self._lock:
            if not self._requests:
                self._open()
            return self._compute(encodings, batches)

    def _compute(self, encodings: Sequence[Encoding], batches: Sequence[npt.NDArray[np.int64]]) -> Outputs:
        logits = np.empty((len(encodings), 3), dtype=np.float32)
        spans: list[npt.NDArray[np.float32]] = [np.empty((0, 2), np.float32)] * len(encodings)
        free = list(self._requests)
        running: deque[tuple[Any, npt.NDArray[np.int64]]] = deque()

        def collect() -> None:
            request, indices = running.popleft()
            request.wait()
            logits[indices] = request.get_output_tensor(0).data
            if self._has_voice:
                keep_spans(spans, request.get_output_tensor(1).data, encodings, indices)
            free.append(request)

        try:
            for indices in batches:
                inputs = pad_batch(
                    [encodings[i] for i in indices], self._names, self._checkpoint.max_length, self._pad_id
                )
                if not free:
                    collect()
                request = free.pop()
                request.start_async(inputs)
                running.append((request, indices))
            while running:
                collect()
        finally:
            for request, _ in running:  # after a failure: leave no request busy for the next call
                request.wait()
        return Outputs(logits, spans if self._has_voice else None)


_BACKENDS: weakref.WeakSet[CpuBackend] = weakref.WeakSet()


def _after_fork() -> None:
    for backend in _BACKENDS:
        backend.forget_runtime()


if hasattr(os, "register_at_fork"):  # not where processes cannot fork
    os.register_at_fork(after_in_child=_after_fork)


def _input_names(checkpoint: Checkpoint, compiled: Any) -> list[str]:
    """Return the inputs of a network, or refuse one that takes or gives something else than ours."""
    names = [name for port in compiled.inputs for name in sorted(port.names)[:1]]
    widths = [str(port.partial_shape[-1]) if len(port.partial_shape) else "" for port in compiled.outputs]
    known = set(INPUTS) >= set(names) and len(set(names)) == len(compiled.inputs)
    if not known or "input_ids" not in names or widths not in (["3"], ["3", "2"]):
        raise CheckpointError(
            f"the network of {str(checkpoint.path)!r} takes {names} and gives {widths} values; expected "
            f"some of {list(INPUTS)}, 3 logits a pair, and perhaps 2 values a token for the voice"
        )
    return names


def usable_cores() -> int:
    """Return how many cores this process may use, by affinity and by the quota of its container."""
    cores = _cores()
    if QUOTA.is_file():
        quota, _, period = QUOTA.read_text(encoding="ascii").partition(" ")
        if quota.isdecimal():  # and not "max"
            cores = min(cores, max(1, ceil(int(quota) / int(period))))
    return cores


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _constants(checkpoint: Checkpoint) -> npt.NDArray[np.uint8]:
    """Return the weights followed by the graph's own constants, as the graph's offsets expect."""
    return np.concatenate(
        [np.fromfile(checkpoint.path / name, dtype=np.uint8) for name in (WEIGHTS, GRAPH_CONSTANTS)]
    )
