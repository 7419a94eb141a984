"""Who competes: this package, parts of it, and its peers, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.speed.contender import Contender, Probabilities, Settings
from benchmarks.speed.pairs import Pair
from benchmarks.speed.peers import (
    Onnx,
    OnnxInt8,
    Pipeline,
    PipelineOneByOne,
    SentenceTransformers,
    Torch,
    TorchBf16,
    use_threads,
)
from benchmarks.speed.work import matrix_rates


class Stance(Contender):
    """The package itself, as its users open it."""

    batch = "by length"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        from stance import StanceClassifier

        self.predictor = StanceClassifier.from_pretrained(settings.checkpoint, device=settings.device)
        self.runtime = self.predictor.runtime

    def __call__(self, pairs: Sequence[Pair]) -> Any:
        """Classify pairs."""
        return self.predictor.predict_proba(pairs)

    def one(self, pair: Pair) -> Any:
        """Classify a single pair."""
        return self.predictor.classify(*pair)

    def probabilities(self, raw: Any) -> Probabilities:
        """Return them as they are: they are calibrated already."""
        return np.asarray(raw)


class Tokenising(Contender):
    """The tokens of the pairs and nothing else."""

    runtime = "tokenizers"
    batch = "all"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        from stance.inference.encoding import PairEncoder

        self._encoder = PairEncoder(self.checkpoint)

    def __call__(self, pairs: Sequence[Pair]) -> Any:
        """Tokenise pairs."""
        return self._encoder.encode(pairs)


class Matrices(Contender):
    """How fast this machine multiplies matrices, by torch's product of two large ones."""

    runtime = "torch"

    def rates(self) -> dict[str, Any]:
        """Return operations a second in f32 and bf16."""
        use_threads(self.settings.threads)
        return matrix_rates()


class StanceWithTokens(Stance):
    """The same with tokens that are already there: what is left is the time of the network."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        encoder = self.predictor._encoder
        encode, known = encoder.encode, {}

        def remembered(pairs: Sequence[Pair], *, first: int = 0) -> Any:
            key = (len(pairs), pairs[0], pairs[-1])
            if key not in known:
                known[key] = encode(pairs, first=first)
            return known[key]

        encoder.encode = remembered  # type: ignore[method-assign]


CONTENDERS: dict[str, Callable[[Settings], Contender]] = {
    "stance": Stance,
    "stance with tokens": StanceWithTokens,
    "pipeline one by one": PipelineOneByOne,
    "pipeline": Pipeline,
    "CrossEncoder": SentenceTransformers,
    "torch": Torch,
    "torch bf16": TorchBf16,
    "ONNX Runtime": Onnx,
    "ONNX Runtime int8": OnnxInt8,
    "tokenising alone": Tokenising,
    "matrices": Matrices,
}
