"""Time and memory of ``stance classify FILE``: pairs a second, peak memory, sizes on disk.

    make bench-batch                                        # 1,000 to 1,000,000 rows
    make bench-batch ROWS=10000000 DIFFERENT=64             # memory and everything but the network
    make bench-batch DEVICE=cuda                            # on a GPU

The pairs are those of ``data/newsroom``, over and over, with an id. The same pair is computed once a
chunk: of the pairs of the corpus no chunk holds one twice; with ``--different 64`` the network has next
to nothing to do, and what remains is reading, writing, joining, and the memory that all of it takes.

Every run is a process of its own; its peak memory is what the operating system says when it ends. Writes
``benchmarks/results/batch.json``, one entry for every kind of run; ``make cards`` puts it on docs/batch.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from stance import StanceClassifier
from stance.files import write_json
from stance.tables import read_table, write_table

CORPUS = Path("data/newsroom/train.parquet")
RESULTS = Path("benchmarks/results/batch.json")
KIND = ("rows", "different", "format", "device")
"""What tells one kind of run from another; a new run replaces an old one of its kind."""


class Pairs:
    """Rows made anew whenever they are asked for, so that writing a table takes no memory."""

    def __init__(self, count: int, different: int) -> None:
        self._count = count
        rows = [row.values for row in read_table(CORPUS)]
        self._pairs = [(row["claim"], row["sentence"]) for row in rows[: different or len(rows)]]

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        pairs = islice(cycle(self._pairs), self._count)
        return ({"id": n, "claim": c, "sentence": s} for n, (c, s) in enumerate(pairs))


def measure(rows: int, different: int, ending: str, device: str, folder: Path) -> dict[str, Any]:
    """Classify so many rows in a process of its own and return what it took."""
    pairs = Pairs(rows, different)
    source, out = folder / f"pairs{ending}", folder / f"labelled{ending}"
    write_table(
        source, pairs, ("id", "claim", "sentence"), {"id": "int", "claim": "text", "sentence": "text"}
    )
    command = [sys.executable, "-m", "stance", "classify", str(source), "--out", str(out), "--json"]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--device", device], stdout=subprocess.PIPE)
    assert process.stdout is not None
    answer = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"the run of {rows:,} rows failed")
    if json.loads(answer)["rows"] != rows:
        raise SystemExit(f"rows were lost: {json.loads(answer)} of {rows:,}")
    result = {
        "rows": rows,
        "different": min(len(pairs), rows),
        "format": ending,
        "seconds": round(seconds, 1),
        "pairs_per_second": round(rows / seconds, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_megabytes": round(usage.ru_maxrss / 1024),
        "input_megabytes": round(source.stat().st_size / 1e6, 1),
        "output_megabytes": round(out.stat().st_size / 1e6, 1),
    }
    source.unlink()
    out.unlink()
    return result


def processor() -> str:
    """Return the name of the CPU."""
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Measure what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**3, 10**4, 10**5, 10**6])
    parser.add_argument(
        "--different", type=int, default=0, help="only so many different pairs (default: all)"
    )
    parser.add_argument("--format", default=".parquet", choices=[".csv", ".jsonl", ".parquet"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--tmp", type=Path, help="where the tables go: about 400 MB a million rows")
    options = parser.parse_args()
    classifier = StanceClassifier.from_pretrained(device=options.device)
    about = {
        "device": options.device,
        "runtime": classifier.runtime,
        "digest": classifier.checkpoint.digest,
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }
    del classifier
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.tmp) as folder:
            run = {**measure(rows, options.different, options.format, options.device, Path(folder)), **about}
        print(json.dumps(run))
        known = json.loads(RESULTS.read_text(encoding="utf-8"))["runs"] if RESULTS.is_file() else []
        others = [one for one in known if [one[key] for key in KIND] != [run[key] for key in KIND]]
        ordered = sorted(
            [*others, run], key=lambda one: [one[key] for key in ("device", "rows", "different")]
        )
        write_json(RESULTS, {"runs": ordered})


if __name__ == "__main__":
    main()
