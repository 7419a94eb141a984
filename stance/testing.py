"""A stand-in for StanceClassifier in tests of code that uses it: no weights, no runtime, fixed answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from stance.errors import InputError
from stance.questions import ABSTAIN, RISKS, check_batch_size, check_pairs, least_confidence, pair_problem
from stance.schema import LABELS, Label, Prediction

Pairs = Sequence[tuple[str, str]]


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
        self, pairs: Pairs, *, batch_size: int | None = None, progress: bool = False
    ) -> npt.NDArray[np.float32]:
        """Return probabilities of shape ``(n_pairs, 3)``; the options change nothing."""
        rows = [list(one.probabilities.values()) for one in self.classify_pairs(pairs, batch_size=batch_size)]
        return np.array(rows, dtype=np.float32).reshape(-1, len(LABELS))

    @overload
    def predict(
        self, pairs: Pairs, *, batch_size: int | None = None, progress: bool = False
    ) -> list[Label]: ...

    @overload
    def predict(
        self,
        pairs: Pairs,
        *,
        batch_size: int | None = None,
        progress: bool = False,
        min_confidence: float | None = None,
        max_risk: float | None = None,
    ) -> list[Label | str]: ...

    def predict(
        self,
        pairs: Pairs,
        *,
        batch_size: int | None = None,
        progress: bool = False,
        min_confidence: float | None = None,
        max_risk: float | None = None,
    ) -> list[Label] | list[Label | str]:
        """Return one label a pair, or ``"abstain"`` for all where more than the confidence is asked for.

        None of its labels counts as wrong: it keeps to any ``max_risk`` without abstaining.
        """
        least = least_confidence(min_confidence, max_risk, dict.fromkeys(RISKS, 0.0))
        predictions = self.classify_pairs(pairs, batch_size=batch_size)
        return [one.label if self._confidence >= least else ABSTAIN for one in predictions]

    def classify(self, claim: str, sentence: str) -> Prediction:
        """Return the prediction of one pair."""
        return self.classify_pairs([(claim, sentence)])[0]

    def classify_pairs(self, pairs: Pairs, *, batch_size: int | None = None) -> list[Prediction]:
        """Return the prediction of every pair; none has a voice or was cut."""
        check_batch_size(batch_size)
        return [self._prediction(sentence) for _, sentence in check_pairs(pairs)]

    def pair_problem(self, claim: object, sentence: object) -> str:
        """Say why a pair cannot be classified; empty when it can."""
        return pair_problem(claim, sentence)

    def _prediction(self, sentence: str) -> Prediction:
        lowered = sentence.lower()
        found = next((label for word, label in self._words.items() if word in lowered), Label.NEUTRAL)
        rest = (1 - self._confidence) / 2
        return Prediction(found, {label: self._confidence if label is found else rest for label in LABELS})
