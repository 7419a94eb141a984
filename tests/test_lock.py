"""Two runs with one output: the second is told, a killed one is in nobody's way."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from stance.errors import InputError
from stance.inference import lock
from stance.inference.batch import classify_dataset, classify_file
from stance.inference.classifier import StanceClassifier
from stance.inference.lock import LOCK, alone_in
from stance.schema import Prediction

from conftest import ROOT

ROWS = [{"claim": "they met", "sentence": f"no {number}"} for number in range(6)]


class Meanwhile(StanceClassifier):
    """A real classifier; something else happens before it answers a given time."""

    when = 1

    def __init__(self, clf: StanceClassifier, act: Callable[[], object]) -> None:
        super().__init__(clf.checkpoint, clf._backend)
        self.act = act

    def classify_pairs(
        self, pairs: Sequence[tuple[str, str]], *, batch_size: int | None = None
    ) -> list[Prediction]:
        self.when -= 1
        if self.when == 0:
            self.act()
        return super().classify_pairs(pairs, batch_size=batch_size)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "in.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return file


@pytest.mark.parametrize("shards", [False, True])
def test_of_two_runs_with_one_output_the_second_is_told_who_is_there(
    clf: StanceClassifier, source: Path, shards: bool
) -> None:
    out = source.with_name("out.csv")

    def second() -> None:
        for resume in (False, True):
            with pytest.raises(InputError, match=rf"another run is writing to .*\(process {os.getpid()} on "):
                classify_file(clf, source, out, resume=resume, shards=shards, rows_per_shard=2)

    first = Meanwhile(clf, second)
    assert classify_file(first, source, out, shards=shards, rows_per_shard=2) == {"rows": 6, "errors": 0}
    assert first.when < 0
    left = {path.name for path in source.parent.rglob("*")}
    assert left & {LOCK, "out.csv.parts"} == set()


def test_a_lock_ends_with_the_process_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import time\nfrom stance.inference.lock import alone_in\n"
        f"with alone_in({str(tmp_path)!r}):\n    print(flush=True)\n    time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        with pytest.raises(InputError, match=rf"process {process.pid} on .* delete '.*\.lock'"):
            alone_in(str(tmp_path)).__enter__()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (tmp_path / LOCK).exists()
    with alone_in(str(tmp_path)):
        assert f"process {os.getpid()} " in (tmp_path / LOCK).read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_its_holder_removes_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(handle: int, how: int) -> None:
        if not removed:  # the run that had it ends between our opening and our locking it
            removed.append((tmp_path / LOCK).unlink())
        original(handle, how)

    removed: list[None] = []
    original = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", flock)
    with alone_in(str(tmp_path)):
        assert (tmp_path / LOCK).exists()
        with pytest.raises(InputError, match="another run"):
            alone_in(str(tmp_path)).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_ends_leaves_the_lock_of_the_next_one_alone(tmp_path: Path) -> None:
    first, second = alone_in(str(tmp_path)), alone_in(str(tmp_path))
    first.__enter__()
    (tmp_path / LOCK).unlink()  # as a finished run does, last of all
    second.__enter__()
    first.__exit__(None, None, None)
    with pytest.raises(InputError, match="another run"):
        alone_in(str(tmp_path)).__enter__()
    second.__exit__(None, None, None)


@pytest.mark.parametrize("has_module", [False, True])
def test_where_there_are_no_locks_runs_go_on_without(
    clf: StanceClassifier, source: Path, monkeypatch: pytest.MonkeyPatch, has_module: bool
) -> None:
    def flock(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    if has_module:
        monkeypatch.setattr(fcntl, "flock", flock)
    else:
        monkeypatch.setattr(lock, "fcntl", None)
    out = source.with_name("out.csv")
    assert classify_file(clf, source, out) == {"rows": 6, "errors": 0}
    assert sorted(path.name for path in source.parent.iterdir()) == ["in.jsonl", "out.csv"]


@pytest.mark.parametrize("when", [1, 3])
def test_a_run_that_another_one_has_finished_leaves_nothing_in_the_way(
    clf: StanceClassifier, source: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    """Where nobody can be kept out."""
    monkeypatch.setattr(lock, "fcntl", None)
    out, whole = source.with_name("out.csv"), source.with_name("whole.csv")
    classify_file(clf, source, whole, rows_per_shard=2)
    first = Meanwhile(clf, lambda: classify_file(clf, source, out, resume=True, rows_per_shard=2))
    first.when = when
    with pytest.raises(InputError, match="somebody else finished or removed the run in"):
        classify_file(first, source, out, rows_per_shard=2)
    assert out.read_bytes() == whole.read_bytes()
    assert not out.with_name("out.csv.parts").exists()
    with pytest.raises(InputError, match="nothing is to be resumed"):
        classify_file(clf, source, out, resume=True, rows_per_shard=2)
    assert out.read_bytes() == whole.read_bytes()


def test_a_shard_that_goes_away_during_the_run_is_told_and_made_again(
    clf: StanceClassifier, source: Path
) -> None:
    out = source.with_name("out.csv")
    first = Meanwhile(clf, lambda: Path(f"{out}.parts", "00000-00000000.csv").unlink())
    first.when = 2
    with pytest.raises(InputError, match="go on with --resume if it is not"):
        classify_file(first, source, out, rows_per_shard=2)
    assert classify_file(clf, source, out, resume=True, rows_per_shard=2) == {"rows": 6, "errors": 0}


def test_a_refused_run_leaves_no_folder(clf: StanceClassifier, source: Path) -> None:
    source.write_text('{"text": "a"}\n')
    with pytest.raises(InputError, match="lacks the columns"):
        classify_file(clf, source, source.with_name("deep") / "er" / "out.csv")
    (source.parent / "mine.csv").mkdir()
    with pytest.raises(InputError, match="lacks the columns"):
        classify_file(clf, source, source.with_name("mine.csv"), shards=True)
    assert sorted(path.name for path in source.parent.iterdir()) == ["in.jsonl", "mine.csv"]


def test_a_place_where_no_folder_can_be_is_refused(clf: StanceClassifier, source: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        classify_file(clf, source, source / "out.csv")


# rows in memory


@pytest.mark.parametrize("shards", [False, True])
def test_rows_in_memory_are_written_beside_nobodys_file(
    clf: StanceClassifier, tmp_path: Path, shards: bool
) -> None:
    out, mine = tmp_path / "out.jsonl", tmp_path / "out.jsonl.input.jsonl"
    mine.write_text("mine")
    assert classify_dataset(clf, ROWS, out, shards=shards) == {"rows": 6, "errors": 0}
    assert mine.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name, mine.name]
    if shards:
        assert sorted(path.name for path in out.iterdir()) == ["00000-00000000.jsonl", "manifest.json"]


def test_of_two_calls_with_rows_in_memory_neither_loses_its_rows(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"

    def second() -> None:
        with pytest.raises(InputError, match="another run is writing"):
            classify_dataset(clf, [("they met", "yes")], out, resume=True)

    first = Meanwhile(clf, second)
    assert classify_dataset(first, ROWS, out, rows_per_shard=2) == {"rows": 6, "errors": 0}
    assert first.when < 0
    written = out.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["sentence"] for line in written] == [row["sentence"] for row in ROWS]
    assert list(tmp_path.iterdir()) == [out]


def test_rows_in_memory_are_resumed(clf: StanceClassifier, tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out.jsonl"
    first = Meanwhile(clf, stop)
    first.when = 2
    with pytest.raises(KeyboardInterrupt):
        classify_dataset(first, ROWS, out, rows_per_shard=2)
    kept = sorted(path.name for path in Path(f"{out}.parts").iterdir())
    assert kept == ["00000-00000000.jsonl", "manifest.json"]
    with pytest.raises(InputError, match="holds an interrupted run"):
        classify_dataset(clf, ROWS, out, rows_per_shard=2)
    with pytest.raises(InputError, match="had another input"):
        classify_dataset(clf, ROWS[:2], out, rows_per_shard=2, resume=True)
    assert classify_dataset(clf, iter(ROWS), out, rows_per_shard=2, resume=True) == {"rows": 6, "errors": 0}
    assert list(tmp_path.iterdir()) == [out]
