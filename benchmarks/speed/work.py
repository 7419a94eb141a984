"""How much arithmetic a pair is, and how fast this machine multiplies matrices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

SIDE = 2048
"""Rows and columns of the matrices that are multiplied."""

SMALL_SIDE = 256
"""The same where those would take longer than ``LONGEST`` seconds."""

LONGEST = 2.0

SHORTEST = 0.5
"""Seconds that a measurement of the matrix rate takes at least."""


def multiplications(config: Mapping[str, Any], tokens: int) -> int:
    """Return the floating point operations of a pair: an addition and a multiplication are two.

    Only matrix products are counted, of a BERT encoder with pooler and classifier, without padding.

    Parameters
    ----------
    config : mapping
        The model's ``config.json``.
    tokens : int
        Of the pair, special tokens included.
    """
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    labels = len(config["id2label"])
    projections = 4 * hidden * hidden  # queries, keys, values, output
    feed_forward = 2 * hidden * inner
    attention = 2 * tokens * hidden  # scores, and their products with the values
    layer = tokens * (projections + feed_forward + attention)
    head = hidden * hidden + hidden * labels
    return int(2 * (config["num_hidden_layers"] * layer + head))


def mean_work(config: Mapping[str, Any], lengths: Iterable[int]) -> float:
    """Return the mean of the operations of pairs of these lengths."""
    counts = [multiplications(config, length) for length in lengths]
    return sum(counts) / len(counts)


def operations_a_second(prepare: Callable[[int], Callable[[], Any]]) -> float:
    """Return the rate of a product of two large square matrices.

    Small ones are tried first, and are all that is measured where large ones would take too long: a
    number format that the processor does not multiply can be a thousand times slower.

    Parameters
    ----------
    prepare : callable
        From the number of rows to what multiplies two matrices of that size.
    """
    small = _rate(prepare(SMALL_SIDE), SMALL_SIDE)
    return small if 2 * SIDE**3 / small > LONGEST else _rate(prepare(SIDE), SIDE)


def matrix_rates() -> dict[str, float]:
    """Return how many operations a second torch's matrix product does, in f32 and in bf16."""
    import torch

    def prepare(side: int, dtype: Any) -> Callable[[], Any]:
        matrix = torch.randn(side, side).to(dtype)
        return lambda: matrix @ matrix

    formats = {"f32": torch.float32, "bf16": torch.bfloat16}
    return {name: operations_a_second(partial(prepare, dtype=dtype)) for name, dtype in formats.items()}


def _rate(multiply: Callable[[], Any], side: int) -> float:
    multiply()  # threads, buffers
    done, started = 0, time.perf_counter()
    while (seconds := time.perf_counter() - started) < SHORTEST or not done:
        multiply()
        done += 1
    return float(2 * side**3 * done / seconds)
