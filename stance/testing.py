"""A predictor for tests of code that uses this package: no weights, no runtime, fixed answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from stance.schema import LABELS, Label


class KeywordClassifier:
    """Gives a label to every sentence that contains one of its words; no model of anything.

    Parameters
    ----------
    words : mapping of str to Label
        Lower-case words; the first that occurs in the sentence decides. Without any: neutral.
    confidence : float
        Probability of the label given, the rest is shared by the other two.

    Examples
    --------
    >>> KeywordClassifier({"denied": Label.DENIES}).predict([("They met.", "He denied it.")])
    [<Label.DENIES: 'denies'>]
    """

    classes_ = LABELS

    def __init__(self, words: Mapping[str, Label], *, confidence: float = 0.9) -> None:
        self._words = dict(words)
        self._confidence = confidence

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        """Return probabilities of shape ``(n_pairs, 3)``."""
        rest = (1 - self._confidence) / 2
        probabilities = np.full((len(pairs), len(LABELS)), rest, dtype=np.float32)
        for row, (_, sentence) in enumerate(pairs):
            probabilities[row, LABELS.index(self._label(sentence))] = self._confidence
        return probabilities

    def predict(self, pairs: Sequence[tuple[str, str]], /) -> list[Label]:
        """Return one label a pair."""
        return [self._label(sentence) for _, sentence in pairs]

    def _label(self, sentence: str) -> Label:
        lowered = sentence.lower()
        return next((label for word, label in self._words.items() if word in lowered), Label.NEUTRAL)
