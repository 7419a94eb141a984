"""Pairs a second of this package and of its peers, on the same weights, pairs and threads."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from stance.checkpoint import CONFIG, open_checkpoint, read_json_object
from stance.errors import InputError
from stance.inference.encoding import PairEncoder
from stance.schema import LABELS

from benchmarks.speed.contender import Settings
from benchmarks.speed.options import Options
from benchmarks.speed.pairs import Pair, labelled_pairs, real_pairs, write_pairs
from benchmarks.speed.process import Answer, Worker, environment_for, interleaved, medians, opened, ratios
from benchmarks.speed.work import mean_work

CLASSIFY = (
    "stance", "pipeline one by one", "pipeline", "CrossEncoder", "torch", "torch bf16",
    "ONNX Runtime", "ONNX Runtime int8",
)  # fmt: skip
REFERENCE = "torch"
"""All others are held to its probabilities."""

BINS = (32, 64, 128, 256)
"""Tokens up to which pairs are counted."""


def measure(options: Options) -> dict[str, Any]:
    """Let all contenders classify the same pairs by turns."""
    pairs = real_pairs(options.pairs)
    classify = chosen(options.contenders)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if any(one.startswith("ONNX") for one in classify):
            _export(options, folder)
        settings = Settings(str(options.checkpoint), options.threads, options.batch, onnx=name)
        file = write_pairs(pairs, folder / "pairs.json")
        requests: dict[str, dict[str, Any]] = {
            one: {"do": "run", "pairs": str(file)} for one in (*classify, "tokenising alone")
        }
        for one in classify:
            requests[one]["to"] = str(folder / f"{one}.npy")
        requests["matrices"] = {"do": "rates"}
        with opened({one: Worker(one, settings) for one in requests}) as workers:
            answers = interleaved(workers, requests, options.rounds)
            scores = _macro_f1(workers, options.scored, folder)
            about = {one: worker.opened for one, worker in workers.items()}
        found = {one: np.load(folder / f"{one}.npy") for one in classify}
    lengths = token_lengths(options.checkpoint, pairs)
    matrices = answers.pop("matrices")
    rates = {kind: statistics.median(one[kind] for one in matrices) for kind in ("f32", "bf16")}
    work = mean_work(read_json_object(options.checkpoint / CONFIG), lengths)
    contenders = _contenders(answers, about, work, rates, len(pairs))
    for one in classify:
        contenders[one] |= agreement(found[one], found[REFERENCE])
        if one in scores:
            contenders[one]["macro_f1"] = scores[one]
    return {
        "pairs": len(pairs),
        "tokens": describe_lengths(lengths),
        "operations_per_pair": work,
        "matrix_rate": rates,
        "contenders": contenders,
    }


def chosen(names: str) -> list[str]:
    """Return the contenders that are named, with commas between them; all where none is.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = wanted - set(CLASSIFY)
    if unknown:
        raise InputError(f"contenders {sorted(unknown)} are unknown; expected some of {', '.join(CLASSIFY)}")
    return [one for one in CLASSIFY if not wanted or one in wanted | {"stance", REFERENCE}]


def token_lengths(checkpoint: Path, pairs: Sequence[Pair]) -> list[int]:
    """Return the tokens of every pair."""
    return [int(length) for length in PairEncoder(open_checkpoint(checkpoint)).encode(pairs).lengths]


def describe_lengths(lengths: Sequence[int]) -> dict[str, Any]:
    """Return mean, median and longest, and how many pairs are no longer than each of ``BINS``."""
    upto = {str(limit): sum(length <= limit for length in lengths) for limit in BINS}
    return {
        "mean": statistics.mean(lengths),
        "median": statistics.median(lengths),
        "longest": max(lengths),
        "pairs_up_to": upto,
    }


def agreement(found: Any, reference: Any) -> dict[str, float]:
    """Return the share of labels that are those of the reference, and the largest difference.

    Parameters
    ----------
    found, reference : ndarray of shape (n_pairs, 3)
        Probabilities.
    """
    same = found.argmax(axis=1) == reference.argmax(axis=1)
    return {
        "label_agreement": float(same.mean()),
        "largest_difference": float(np.abs(found - reference).max()),
    }


def _contenders(
    answers: Mapping[str, Sequence[Answer]],
    about: Mapping[str, Answer],
    work: float,
    rates: Mapping[str, float],
    pairs: int,
) -> dict[str, dict[str, Any]]:
    seconds, slower = medians(answers), ratios(answers, "stance")
    return {
        one: {
            **{key: about[one][key] for key in ("runtime", "batch", "open_s")},
            "seconds": [answer["seconds"] for answer in rounds],
            "pairs_per_second": pairs / seconds[one],
            "times_as_long_as_stance": slower[one],
            "share_of_matrix_rate": {
                kind: work * pairs / seconds[one] / rate for kind, rate in rates.items()
            },
            "peak_mb": max(answer["peak_mb"] for answer in rounds),
        }
        for one, rounds in answers.items()
    }


def _macro_f1(workers: Mapping[str, Worker], count: int, folder: Path) -> dict[str, float]:
    """Return macro-F1 on the test split of our labels and of the reference's."""
    from sklearn.metrics import f1_score

    examples = labelled_pairs(count)
    file = write_pairs([(one.claim, one.sentence) for one in examples], folder / "labelled.json")
    right = [LABELS.index(one.label) for one in examples]
    scores = {}
    for one in ("stance", REFERENCE):
        kept = folder / "scored.npy"
        workers[one].ask({"do": "run", "pairs": str(file), "to": str(kept)})
        scores[one] = float(f1_score(right, np.load(kept).argmax(axis=1), average="macro"))
    return scores


def _export(options: Options, folder: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.speed.export", str(options.checkpoint), str(folder)]
    subprocess.run(
        command, check=True, env=environment_for(options.threads), stdout=subprocess.DEVNULL, stderr=None
    )
