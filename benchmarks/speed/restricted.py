"""The same with the instruction sets of smaller processors.

``ONEDNN_MAX_CPU_ISA`` holds the kernels of oneDNN to an instruction set, in torch and in OpenVINO;
``MKL_ENABLE_INSTRUCTIONS`` and ``ATEN_CPU_CAPABILITY`` do so for the rest of torch. OpenVINO's few kernels
of its own (softmax and the like) know no such limit in its released builds. What the libraries say of
themselves under each limit, and the matrix rate, are measured beside.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.errors import StanceError

from benchmarks.speed.contender import Settings
from benchmarks.speed.evidence import evidence
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.options import Options
from benchmarks.speed.pairs import real_pairs, write_pairs
from benchmarks.speed.process import Worker, interleaved, medians, opened

LIMITS: dict[str, tuple[str, dict[str, str]]] = {
    "all": ("", {}),
    "AVX-512 VNNI": (
        "avx512_vnni",
        {
            "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI",
            "ATEN_CPU_CAPABILITY": "avx512",
            "MKL_ENABLE_INSTRUCTIONS": "AVX512_E1",
        },
    ),
    "AVX2 with VNNI": (
        "avx_vnni",
        {
            "ONEDNN_MAX_CPU_ISA": "AVX2_VNNI",
            "ATEN_CPU_CAPABILITY": "avx2",
            "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        },
    ),
    "AVX2": (
        "avx2",
        {
            "ONEDNN_MAX_CPU_ISA": "AVX2",
            "ATEN_CPU_CAPABILITY": "avx2",
            "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        },
    ),
}
"""By name what the processor must have, and the variables that allow no more than that."""

CLASSIFY = ("stance", "pipeline")


def measure(options: Options) -> dict[str, Any]:
    """Let both contenders classify under every limit by turns."""
    has = describe_machine(options.threads)["instruction_sets"]
    limits = {name: values for name, (needs, values) in LIMITS.items() if not needs or needs in has}
    settings = Settings(str(options.checkpoint), options.threads, options.batch)
    failed: dict[str, str] = {}
    workers: dict[str, Worker] = {}
    requests: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        file = write_pairs(real_pairs(options.pairs), Path(name) / "pairs.json")
        for limit, variables in limits.items():
            for one in (*CLASSIFY, "matrices"):
                key = _key(limit, one)
                try:
                    workers[key] = Worker(one, settings, variables)
                except StanceError as error:  # this, too, is a result
                    failed[key] = str(error).strip().splitlines()[-1]
                    continue
                is_rate = one == "matrices"
                requests[key] = {"do": "rates"} if is_rate else {"do": "run", "pairs": str(file)}
        with opened(workers):
            answers = interleaved(workers, requests, options.rounds)
    rated = {limit: answers.pop(_key(limit, "matrices")) for limit in limits}
    seconds = medians(answers)
    return {
        "pairs": options.pairs,
        "limits": {
            limit: {
                "variables": variables,
                "pairs_per_second": {
                    one: options.pairs / seconds[_key(limit, one)]
                    for one in CLASSIFY
                    if _key(limit, one) in seconds
                },
                "runtime": {
                    one: workers[_key(limit, one)].opened["runtime"]
                    for one in CLASSIFY
                    if _key(limit, one) in workers
                },
                "matrix_rate": _medians_of(rated[limit]),
                "reported": evidence(variables, options.threads),
            }
            for limit, variables in limits.items()
        },
        "failed": failed,
        "left_out": [limit for limit in LIMITS if limit not in limits],
    }


def _key(limit: str, contender: str) -> str:
    return f"{contender} ({limit})"


def _medians_of(rates: list[Mapping[str, Any]]) -> dict[str, float]:
    return {kind: statistics.median(one[kind] for one in rates) for kind in ("f32", "bf16")}
