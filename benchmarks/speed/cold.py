"""From nothing to the first answer, and how long single pairs take after it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed.contender import Settings
from benchmarks.speed.options import Options
from benchmarks.speed.pairs import real_pairs, write_pairs
from benchmarks.speed.process import Worker, environment_for, opened

PAIR = ("The envoys met in March.", "The ministry rejected reports of a meeting in March.")

PEAK = "from benchmarks.speed.machine import peak_mb; print(peak_mb())"

PROGRAMS = {
    "bare Python": "pass",
    "import stance": "import stance",
    "stance": f"""
from stance import StanceClassifier
classifier = StanceClassifier.from_pretrained(device="cpu")
classifier.classify(*{PAIR!r})
""",
    "pipeline": f"""
import sys, torch
from transformers import pipeline
torch.set_num_threads(int(sys.argv[2]))
classifier = pipeline("text-classification", model=sys.argv[1], device="cpu", dtype=torch.float32)
classifier([dict(zip(("text", "text_pair"), {PAIR!r}))], top_k=None)
""",
}


def measure(options: Options) -> dict[str, Any]:
    """Time whole processes by turns, then single pairs in processes that are open."""
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    peaks: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for number in range(options.rounds + 1):  # the first round brings the files into memory
        for name, program in PROGRAMS.items():
            taken, peak = _run(program, options)
            if number:
                seconds[name].append(taken)
                peaks[name].append(peak)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "seconds": middle,
        "rounds_of_seconds": seconds,
        "peak_mb": {name: max(values) for name, values in peaks.items()},
        "import_over_bare_python": middle["import stance"] - middle["bare Python"],
        "pipeline_over_stance": middle["pipeline"] / middle["stance"],
        "latency": _latencies(options),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _run(program: str, options: Options) -> tuple[float, float]:
    """Return seconds of a process from start to end, and its peak memory from a second one."""
    arguments = [str(options.checkpoint), str(options.threads)]
    settings: Mapping[str, Any] = {
        "check": True,
        "env": environment_for(options.threads),
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
        "text": True,
    }
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program, *arguments], **settings)
    seconds = time.perf_counter() - started
    done = subprocess.run([sys.executable, "-c", f"{program}\n{PEAK}", *arguments], **settings)
    return seconds, float(done.stdout.splitlines()[-1])


def _latencies(options: Options) -> dict[str, dict[str, float]]:
    settings = Settings(str(options.checkpoint), options.threads)
    with tempfile.TemporaryDirectory() as name:
        file = write_pairs(real_pairs(options.latencies), Path(name) / "pairs.json")
        names = {"stance": "stance", "pipeline": "pipeline one by one"}
        with opened({one: Worker(contender, settings) for one, contender in names.items()}) as workers:
            found = {}
            for one, worker in workers.items():
                worker.ask({"do": "latency", "pairs": str(file)})
                taken = worker.ask({"do": "latency", "pairs": str(file)})["seconds"]
                found[one] = {
                    f"p{share:.0%}".removesuffix("%") + "_ms": 1000 * percentile(taken, share)
                    for share in (0.5, 0.99)
                }
    return found
