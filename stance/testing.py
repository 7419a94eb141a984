"""A stand-in for StanceClassifier in tests of code that uses it: no weights, no runtime, fixed answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from stance.errors import InputError
from stance.schema import LABELS, Label, Prediction


class KeywordClassifier:
    """Gives a label to every sentence that contains one of its words; no model of anything.

    Parameters
    ----------
    words : mapping of str to Label
        The first that occurs in the sentence decides, whatever its case. Without any: neutral.
    confidence : float
        Probability of the label given, above 1/3 and at most 1; the other two share the rest.

    Raises
    ------
    InputError
        If a label is unknown or the confidence out of range.

    Examples
    --------
    >>> KeywordClassifier({"denied": Label.DENIES}).predict([("They met.", "He denied it.")])
    [<Label.DENIES: 'denies'>]
    """

    classes_ = LABELS

    def __init__(self, words: Mapping[str, Label | str], *, confidence: float = 0.9) -> None:
        if not 1 / 3 < confidence <= 1:
            raise InputError(f"confidence is {confidence}; expected a number above 1/3 and at most 1")
        try:
            self._words = {word.lower(): Label(label) for word, label in words.items()}
        except ValueError as error:
            raise InputError(f"{error}; expected one of {', '.join(LABELS)}") from error
        self._confidence = confidence

    def __repr__(self) -> str:
        words = {word: label.value for word, label in self._words.items()}
        return f"KeywordClassifier({words}, confidence={self._confidence})"

    def predict_proba(
        self, pairs: Sequence[tuple[str, str]], *, batch_size: int | None = None, progress: bool = False
    ) -> npt.NDArray[np.float32]:
        """Return probabilities of shape ``(n_pairs, 3)``; the options change nothing."""
        rest = (1 - self._confidence) / 2
        probabilities = np.full((len(pairs), len(LABELS)), rest, dtype=np.float32)
        for row, label in enumerate(self.predict(pairs)):
            probabilities[row, LABELS.index(label)] = self._confidence
        return probabilities

    def predict(self, pairs: Sequence[tuple[str, str]]) -> list[Label]:
        """Return one label a pair."""
        return [self._label(sentence) for _, sentence in pairs]

    def classify(self, claim: str, sentence: str) -> Prediction:
        """Return the prediction of one pair."""
        row = self.predict_proba([(claim, sentence)])[0]
        return Prediction(self._label(sentence), dict(zip(LABELS, map(float, row), strict=True)))

    def _label(self, sentence: str) -> Label:
        lowered = sentence.lower()
        return next((label for word, label in self._words.items() if word in lowered), Label.NEUTRAL)
