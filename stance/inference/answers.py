"""What the network's numbers say of pairs: probabilities, labels, voices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stance.inference.encoding import EncodedPairs
from stance.inference.voice import voice_span
from stance.schema import LABELS, Label, Prediction

Pairs = Sequence[tuple[str, str]]


class AnsweredPairs(NamedTuple):
    """Pairs that were computed together, and what the network said of them.

    Attributes
    ----------
    pairs : sequence of (claim, sentence)
    encoded : EncodedPairs
    probabilities : ndarray of shape (n_pairs, 3), float32
        Calibrated.
    spans : list of ndarray of shape (n_tokens, 2), optional
        From the voice head, where the checkpoint has one.
    """

    pairs: Pairs
    encoded: EncodedPairs
    probabilities: npt.NDArray[np.float32]
    spans: list[npt.NDArray[np.float32]] | None

    def predictions(self) -> Iterator[Prediction]:
        """Yield everything that is known of each pair."""
        for row, (_, sentence) in enumerate(self.pairs):
            label = LABELS[int(self.probabilities[row].argmax())]
            voice = None
            if self.spans is not None and label is not Label.NEUTRAL:
                start, end = voice_span(self.spans[row], self.encoded.encodings[row])
                voice = sentence[start:end]
            yield Prediction(
                label=label,
                probabilities=dict(zip(LABELS, map(float, self.probabilities[row]), strict=True)),
                voice=voice,
                truncated=bool(self.encoded.truncated[row]),
            )


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Turn logits of shape ``(n, 3)`` into float32 probabilities whose rows sum to 1."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    probabilities: npt.NDArray[np.float32] = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities
