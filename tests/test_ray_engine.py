"""Batch runs on a real local Ray: a worker that is killed costs nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from stance.checkpoint import Checkpoint
from stance.inference.batch import classify_file
from stance.inference.classifier import StanceClassifier
from stance.inference.cpu import CpuBackend
from stance.tables import read_table

from conftest import ROOT, WORDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("ray") is None, reason="Ray is not installed: pip install 'claim-stance[ray]'"
    ),
]

# a cluster of its own, whose workers run at the same priority as everything else
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_worker_niceness": "0"}
ENVIRONMENT.pop("RAY_ADDRESS", None)

VOCABULARY = " ".join(WORDS).split()
ROWS = 6000
ROWS_PER_SHARD = 50
PATIENCE = 900
"""Seconds; a run takes one minute on an idle machine."""


def pairs(count: int) -> str:
    lines = []
    for number in range(count):
        words = [VOCABULARY[number * step % len(VOCABULARY)] for step in (1, 3, 5, 7, 11, 13)]
        bad = number % 97 == 5
        row = {"id": number, "claim": " ".join(words[:3]), "sentence": "" if bad else " ".join(words[3:] * 8)}
        lines.append(json.dumps(row))
    return "\n".join(lines) + "\n"


def descendants(of: int) -> dict[int, str]:
    """Return the command lines of all processes below one."""
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
                commands[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it ended meanwhile
                continue
            parents[int(entry.name)] = int(status.rpartition(")")[2].split()[1])

    def is_below(process: int) -> bool:
        while process in parents:
            process = parents[process]
            if process == of:
                return True
        return False

    return {process: command for process, command in commands.items() if is_below(process)}


def workers(of: int) -> list[int]:
    return [
        pid
        for pid, command in descendants(of).items()
        if command.startswith("ray::") and "_Worker" in command
    ]


def like_a_worker(checkpoint: Checkpoint) -> StanceClassifier:
    """One thread: how pairs are put together into batches may depend on it, and so the last digits."""
    return StanceClassifier(checkpoint, CpuBackend(checkpoint, threads=1))


def wait_for(what: object, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for the workers in /proc")
def test_a_worker_that_is_killed_mid_run_costs_nothing(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    source = tmp_path / "pairs"
    source.mkdir()
    for name, count in (("a.jsonl", ROWS), ("b.jsonl", 1000), ("c.jsonl", 0)):
        (source / name).write_text(pairs(count), encoding="utf-8")
    out = tmp_path / "on_ray.jsonl"
    command = [sys.executable, "-m", "stance", "classify", str(source), "--out", str(out), "--json"]
    command += ["--engine", "ray", "--workers", "2", "--device", "cpu", "--model", str(tiny_checkpoint.path)]
    command += ["--shards", "--rows-per-shard", str(ROWS_PER_SHARD)]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_for(lambda: len(list(out.glob("*.jsonl"))) > 5 and len(workers(process.pid)) == 2, process)
        victim = workers(process.pid)[0]
        os.kill(victim, signal.SIGKILL)
        finished_before = len(list(out.glob("*.jsonl")))
        stdout, stderr = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0, stderr
    assert finished_before < (ROWS + 1000) // ROWS_PER_SHARD, "the worker was killed too late to tell"

    here = tmp_path / "here.jsonl"
    classifier = like_a_worker(tiny_checkpoint)
    counts = classify_file(classifier, source, here, shards=True, rows_per_shard=ROWS_PER_SHARD)
    assert json.loads(stdout[stdout.index("{") :]) == {**counts, "out": str(out)}
    assert counts["rows"] == ROWS + 1000
    assert counts["errors"] > 0
    shards = sorted(path.name for path in here.glob("*.jsonl"))
    assert sorted(path.name for path in out.iterdir()) == [*shards, "manifest.json"]
    for name in shards:  # byte for byte: the same work, wherever and how often it was done
        assert (out / name).read_bytes() == (here / name).read_bytes(), name
    mine, theirs = (json.loads((folder / "manifest.json").read_text()) for folder in (out, here))
    for key in ("input", "checkpoint", "rows_per_chunk", "format", "shards", "columns", "finished"):
        assert mine[key] == theirs[key], key


def test_a_run_on_ray_is_resumed_and_joined(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    source, out = tmp_path / "pairs.jsonl", tmp_path / "out.csv"
    source.write_text(pairs(300), encoding="utf-8")
    script = f"""
import warnings
warnings.simplefilter("ignore")
from stance.errors import StanceError
from stance.inference import ray_engine
from stance.inference.ray_engine import Pool, classify_on_ray

def run(resume):
    pool = Pool({str(tiny_checkpoint.path)!r}, "cpu", 1, 2)
    return classify_on_ray(pool, {str(source)!r}, {str(out)!r}, resume=resume, rows_per_shard=50)

receipts = ray_engine._receipts
def stopping(*arguments):
    for number, receipt in enumerate(receipts(*arguments)):
        if number == 2:
            raise StanceError("stopped")
        yield receipt

import ray
ray.init(num_cpus=2, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
ray_engine._receipts = stopping
try:
    run(resume=False)
except StanceError as error:
    assert str(error) == "stopped", error
else:
    raise SystemExit("was not stopped")
ray_engine._receipts = receipts
print(run(resume=True))
try:
    classify_on_ray(Pool("/nowhere", "cpu"), {str(source)!r}, {str(out)!r})
except StanceError as error:
    assert "does not exist" in str(error), error
else:
    raise SystemExit("a checkpoint that is not there was used")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    here = tmp_path / "here.csv"
    classifier = like_a_worker(tiny_checkpoint)
    counts = classify_file(classifier, source, here, rows_per_shard=50)
    assert str(counts) in done.stdout
    assert out.read_bytes() == here.read_bytes()
    assert not Path(f"{out}.parts").exists()
    assert len(list(read_table(out))) == 300
