"""How well a classifier names who takes the stance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from stance.corpus.examples import Example
from stance.corpus.shallow import words
from stance.questions import answerable
from stance.schema import Label, Prediction


class Teller(Protocol):
    """A classifier that says everything it knows of a pair."""

    def classify_pairs(self, pairs: Sequence[tuple[str, str]], /) -> list[Prediction]:
        """Classify many pairs."""
        ...


def voice_scores(classifier: Teller, examples: Sequence[Example]) -> dict[str, Any] | None:
    """Compare predicted voices with those of the corpus, on pairs whose side was predicted right.

    Parameters
    ----------
    classifier : Teller
    examples : sequence of Example
        Those without a side or without a voice are passed over. A side in a pair that the classifier cannot
        be asked about, because its claim is too long, is one whose label is not right.

    Returns
    -------
    dict, optional
        Of ``sides`` taken, ``pairs`` whose label is right, ``exact`` (share of voices that are the very span)
        and ``token_f1`` (mean F1 of words, 1 where both are the outlet); the same for ``named`` voices,
        without those where the corpus has the outlet itself. ``None`` where there is nothing to compare, or
        the classifier tells no voices.
    """
    chosen = [
        example for example in examples if example.label is not Label.NEUTRAL and example.voice is not None
    ]
    pairs = [(one.claim, one.sentence) for one in chosen]
    sound = answerable(classifier, pairs)
    predictions = classifier.classify_pairs([pairs[i] for i in sound])
    told = [
        (example.sentence[slice(*example.voice or (0, 0))], prediction.voice)
        for example, prediction in zip([chosen[i] for i in sound], predictions, strict=True)
        if prediction.label is example.label and prediction.voice is not None
    ]
    if not told:
        return None
    named = [(right, given) for right, given in told if right]
    return {"sides": len(chosen), **_scores(told), "named": _scores(named)}


def word_f1(right: str, given: str) -> float:
    """Return the F1 of the words of two voices; 1 where both are empty."""
    one, other = Counter(words(right)), Counter(words(given))
    if not one or not other:
        return float(one == other)
    shared = sum((one & other).values())
    return 2 * shared / (sum(one.values()) + sum(other.values()))


def _scores(told: Sequence[tuple[str, str]]) -> dict[str, Any]:
    if not told:
        return {"pairs": 0}
    return {
        "pairs": len(told),
        "exact": float(np.mean([right == given for right, given in told])),
        "token_f1": float(np.mean([word_f1(right, given) for right, given in told])),
    }
