"""How the rate changes with the number of pairs, with their length, and with the threads."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.checkpoint import TOKENIZER

from benchmarks.speed.contender import Settings
from benchmarks.speed.options import Options
from benchmarks.speed.pairs import pairs_of_length, real_pairs, write_pairs
from benchmarks.speed.process import Worker, interleaved, medians, opened

COUNTS = (1_000, 3_000, 10_000, 30_000, 100_000)
LENGTHS = (32, 64, 128, 256)
CLASSIFY = ("stance", "pipeline")
TOKENS_A_LENGTH = 64 * 1024
"""About as many tokens in the pairs of every length."""


def measure(options: Options) -> dict[str, Any]:
    """Measure the three curves."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return {
            "pairs": _by_count(options, folder),
            "tokens": _by_length(options, folder),
            "threads": _by_threads(options, folder),
        }


def _by_count(options: Options, folder: Path) -> list[dict[str, Any]]:
    counts = [count for count in COUNTS if count <= options.largest] or [options.largest]
    pairs = real_pairs(counts[-1])
    points = []
    for count in counts:  # each in its own process: the peak is that of this number of pairs
        file = write_pairs(pairs[:count], folder / "pairs.json")
        with opened({"stance": _worker("stance", options)}) as workers:
            answers = interleaved(workers, {"stance": _request(file)}, options.few_rounds)
        points.append(
            {
                "pairs": count,
                "pairs_per_second": {"stance": count / medians(answers)["stance"]},
                "peak_mb": max(one["peak_mb"] for one in answers["stance"]),
            }
        )
    return points


def _by_length(options: Options, folder: Path) -> list[dict[str, Any]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(options.checkpoint / TOKENIZER))
    points = []
    with opened({one: _worker(one, options) for one in CLASSIFY}) as workers:
        for tokens in LENGTHS:
            count = min(options.pairs, TOKENS_A_LENGTH // tokens)
            file = write_pairs(pairs_of_length(tokenizer, tokens, count), folder / "pairs.json")
            requests = {one: _request(file) for one in CLASSIFY}
            answers = interleaved(workers, requests, options.few_rounds)
            points.append(
                {"tokens": tokens, "pairs": count, "pairs_per_second": _rates(medians(answers), count)}
            )
    return points


def _by_threads(options: Options, folder: Path) -> list[dict[str, Any]]:
    file = write_pairs(real_pairs(options.pairs), folder / "pairs.json")
    counts = sorted({1, 2, options.threads})
    counts = [count for count in counts if count <= options.threads]
    points = []
    for threads in counts:
        with opened({one: _worker(one, options, threads) for one in CLASSIFY}) as workers:
            requests = {one: _request(file) for one in CLASSIFY}
            answers = interleaved(workers, requests, options.few_rounds)
        points.append({"threads": threads, "pairs_per_second": _rates(medians(answers), options.pairs)})
    return points


def _worker(contender: str, options: Options, threads: int = 0) -> Worker:
    return Worker(contender, Settings(str(options.checkpoint), threads or options.threads, options.batch))


def _request(file: Path) -> dict[str, str]:
    return {"do": "run", "pairs": str(file)}


def _rates(seconds: Mapping[str, float], pairs: int) -> dict[str, float]:
    return {one: pairs / taken for one, taken in seconds.items()}
