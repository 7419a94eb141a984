"""A training that is killed with SIGKILL, whenever that is, ends where one ends that was left alone.

Slow: seven processes, each of which loads torch; about two minutes on two idle cores.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stance.checkpoint import MANIFEST, WEIGHTS, file_digest, open_checkpoint
from stance.errors import CheckpointError
from stance.train.states import SEAL, STATES

from conftest import ROOT, tiny_model
from test_train import write_pairs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system"),
]

RECIPE = """
base = "base"
epochs = 4
batch_size = 4
max_length = 64
learning_rate = 3e-3
evaluations = 5
patience = 9
precision = "fp32"
[[train]]
data = "train.csv"
[[validation]]
data = "validation.csv"
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe of forty steps and five states on the tiny model."""
    folder = tmp_path_factory.mktemp("survival")
    model, tokenizer = tiny_model()
    model.save_pretrained(folder / "base")  # type: ignore[attr-defined]
    tokenizer.save_pretrained(folder / "base")  # type: ignore[attr-defined]
    write_pairs(folder / "train.csv", 40, 1)
    write_pairs(folder / "validation.csv", 18, 2)
    (folder / "recipe.toml").write_text(RECIPE.replace('"base"', f'"{folder / "base"}"'), encoding="utf-8")
    return folder / "recipe.toml"


def start(recipe: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "stance", "train", str(recipe), "--out", str(out), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_when_there(process: subprocess.Popen[bytes], file: Path) -> None:
    """Kill a process as soon as it has begun to write a file."""
    until = time.monotonic() + 300
    while not file.exists():
        assert process.poll() is None, f"the training ended before it wrote {file.name}"
        assert time.monotonic() < until, f"{file} was never written"
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.fixture(scope="module")
def uninterrupted(recipe: Path) -> Path:
    out = recipe.parent / "uninterrupted"
    assert start(recipe, out).wait() == 0
    return out


def test_a_training_that_is_killed_again_and_again_ends_where_one_ends_that_was_left_alone(
    recipe: Path, uninterrupted: Path
) -> None:
    out = recipe.parent / "killed"
    moments = [
        out / STATES / "recipe.json",  # before the first state
        out / STATES / "checkpoint-8" / WEIGHTS,  # while the first state is written
        out / STATES / "checkpoint-16" / SEAL,  # right after the second one
        out / STATES / "checkpoint-32" / "optimizer.pt",  # while the fourth is written
        out / ".unfinished" / MANIFEST,  # while the checkpoint is put in place
    ]
    for moment in moments:
        kill_when_there(start(recipe, out, "--resume"), moment)
        with pytest.raises(CheckpointError):
            open_checkpoint(out)
    assert start(recipe, out, "--resume").wait() == 0
    survived, expected = open_checkpoint(out), open_checkpoint(uninterrupted)
    assert file_digest(out / WEIGHTS) == file_digest(uninterrupted / WEIGHTS)
    assert survived.temperature == expected.temperature
    for name in ("validation", "steps", "data", "history"):
        assert survived.provenance[name] == expected.provenance[name]
