"""What every contender is opened with, and what it can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from stance.checkpoint import Checkpoint, open_checkpoint

from benchmarks.speed.pairs import Pair

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a contender is opened with.

    Attributes
    ----------
    checkpoint : str
        Folder of the weights.
    threads, batch : int
    onnx : str
        Folder of the exported networks, for the contenders that take them.
    device : str
        ``"cpu"`` or ``"cuda"``.
    """

    checkpoint: str
    threads: int
    batch: int = 32
    onnx: str = ""
    device: str = "cpu"


class Contender:
    """What is opened once and then classifies pairs.

    Attributes
    ----------
    runtime : str
        Software and number format.
    batch : str
        How pairs are put together.
    """

    runtime = ""
    batch = ""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.checkpoint: Checkpoint = open_checkpoint(settings.checkpoint)

    def __call__(self, pairs: Sequence[Pair]) -> Any:
        """Classify pairs; this is what is timed."""
        raise NotImplementedError

    def one(self, pair: Pair) -> Any:
        """Classify a single pair."""
        return self([pair])

    def probabilities(self, raw: Any) -> Probabilities:
        """Turn what the call gave into calibrated probabilities, outside the time that counts."""
        scaled = np.asarray(raw, dtype=np.float64) / self.checkpoint.temperature
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)

    def rates(self) -> dict[str, Any]:
        """Return what a contender measures that classifies nothing."""
        raise NotImplementedError
