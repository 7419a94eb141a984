"""Contenders in processes of their own, asked by turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from typing import Any

from stance.errors import StanceError
from stance.output import say

from benchmarks.speed.contender import Settings

Answer = dict[str, Any]

SHOWN = 2000
"""Characters of a contender's messages that are shown when it fails."""


class Worker:
    """One contender in its own process.

    Parameters
    ----------
    contender : str
        A key of ``CONTENDERS``.
    settings : Settings
    environment : mapping, optional
        Variables on top of those that :func:`environment_for` sets.

    Attributes
    ----------
    opened : dict
        ``runtime``, ``batch``, ``open_s`` and ``peak_mb`` after opening.
    """

    def __init__(
        self, contender: str, settings: Settings, environment: Mapping[str, str] | None = None
    ) -> None:
        self._name = contender
        say(f"opening: {contender}")
        self._messages = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - close() closes it
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed.worker", contender, json.dumps(asdict(settings))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
            env={**environment_for(settings.threads), **(environment or {})},
        )
        self.opened = self._answer()

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """Have something done and return the answer.

        Raises
        ------
        StanceError
            If the process ends instead; with its last messages.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended: the answer, which is missing, says so
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._messages.close()

    def _answer(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            answer: Answer = json.loads(line)
            return answer
        code = self._process.wait()
        self._messages.seek(0)
        messages = self._messages.read()[-SHOWN:]
        self.close()
        raise StanceError(f"contender {self._name!r} ended with code {code}; its last messages:\n{messages}")


def environment_for(threads: int) -> dict[str, str]:
    """Return the environment of a contender: as many threads as asked, and no network."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "RAYON_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
    }


@contextmanager
def opened(workers: Mapping[str, Worker]) -> Iterator[Mapping[str, Worker]]:
    """Close the workers when the block ends."""
    with ExitStack() as stack:
        for worker in workers.values():
            stack.callback(worker.close)
        yield workers


def interleaved(
    workers: Mapping[str, Worker], requests: Mapping[str, Mapping[str, Any]], rounds: int
) -> dict[str, list[Answer]]:
    """Ask every worker once a round, each round beginning with another one.

    What slows the machine down for a while then slows all of them down.

    Parameters
    ----------
    workers, requests : mapping
        By the same names.
    rounds : int
        Every worker is asked once more before, which does not count.

    Returns
    -------
    dict
        By name the answers of the rounds.
    """
    answers: dict[str, list[Answer]] = {name: [] for name in requests}
    names = list(requests)
    for number in range(rounds + 1):
        start = number % len(names)
        for name in (*names[start:], *names[:start]):
            say(f"round {number} of {rounds}: {name}")
            answer = workers[name].ask(requests[name])
            if number:
                answers[name].append(answer)
    return answers


def medians(answers: Mapping[str, Sequence[Answer]], key: str = "seconds") -> dict[str, float]:
    """Return the median of a value over the rounds, by contender."""
    return {name: statistics.median(one[key] for one in rounds) for name, rounds in answers.items()}


def ratios(answers: Mapping[str, Sequence[Answer]], ours: str) -> dict[str, float]:
    """Return how many times as long as ours the others take: the median of the rounds' ratios."""
    return {
        name: statistics.median(
            other["seconds"] / own["seconds"] for other, own in zip(rounds, answers[ours], strict=True)
        )
        for name, rounds in answers.items()
    }
