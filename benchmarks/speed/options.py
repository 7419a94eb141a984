"""What can be asked of every benchmark."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from stance.checkpoint import default_checkpoint


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_cores(count: int) -> None:
    """Keep this process, and every library that counts cores later, to so many of its cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Sizes of the benchmarks; the fields are the options of the command line.

    Attributes
    ----------
    pairs : int
        Real pairs that every contender classifies in a round.
    rounds : int
        Rounds; the median counts.
    threads : int
        CPU threads of every contender, by default all cores that this process may use.
    contenders : str
        Names of those that take part in the throughput, with commas; empty for all. ``stance`` and
        ``torch`` always do.
    batch : int
        Pairs in a batch of the contenders that take such a number.
    scored : int
        Test pairs behind macro-F1; 0 for all of them.
    largest : int
        Largest number of pairs in the growth curve.
    claims, sentences : int
        Size of the comparison of sources.
    steps : int
        Training steps.
    latencies : int
        Single pairs whose time is taken, one by one.
    out : Path
        Folder of the results.
    """

    pairs: int = 3000
    rounds: int = 5
    threads: int = field(default_factory=usable_cores)
    contenders: str = ""
    batch: int = 32
    scored: int = 0
    largest: int = 100_000
    claims: int = 50
    sentences: int = 2000
    steps: int = 60
    latencies: int = 300
    out: Path = Path("benchmarks/results")

    @property
    def few_rounds(self) -> int:
        """Rounds of what takes minutes."""
        return min(self.rounds, 3)

    @property
    def checkpoint(self) -> Path:
        """Folder of the weights that all contenders share."""
        return default_checkpoint().path
