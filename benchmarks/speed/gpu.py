"""The same on a GPU, where torch sees one; and how much of the time it waits for tokens."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from stance.inference.gpu import cuda_is_there

from benchmarks.speed.contender import Settings
from benchmarks.speed.options import Options
from benchmarks.speed.pairs import real_pairs, write_pairs
from benchmarks.speed.process import Worker, interleaved, medians, opened

WITH_TOKENS = "stance with tokens"


def measure(options: Options) -> dict[str, Any]:
    """Measure on CUDA, or say that there is none."""
    if not cuda_is_there():
        return {"device": None}
    return measure_on("cuda", options)


def measure_on(device: str, options: Options) -> dict[str, Any]:
    """Classify with and without having to tokenise: the difference is what is waited for."""
    settings = Settings(str(options.checkpoint), options.threads, options.batch, device=device)
    contenders = ("stance", WITH_TOKENS, "pipeline")
    with tempfile.TemporaryDirectory() as name:
        file = write_pairs(real_pairs(options.pairs), Path(name) / "pairs.json")
        requests = {one: {"do": "run", "pairs": str(file)} for one in contenders}
        with opened({one: Worker(one, settings) for one in contenders}) as workers:
            runtime = workers["stance"].opened["runtime"]
            seconds = medians(interleaved(workers, requests, options.rounds))
    return {
        "device": _name_of(device),
        "runtime": runtime,
        "pairs": options.pairs,
        "pairs_per_second": {one: options.pairs / seconds[one] for one in ("stance", "pipeline")},
        "share_waiting_for_tokens": max(0.0, 1 - seconds[WITH_TOKENS] / seconds["stance"]),
    }


def _name_of(device: str) -> str:
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else device
