"""Which words of a sentence decide: those without which the model is less sure, or surer, of its label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from stance.schema import LABELS, Predictor, checked_probabilities
from stance.verdicts import ArticleCheck, SentenceStance, WordEffect

MOST_WORDS = 3
"""Words that are marked in a sentence at most."""

LEAST_CHANGE = 0.05
"""Change of the probability from which a word is marked."""

_WORD = re.compile(r"\w+(?:[-.,'’]\w+)*")


def explained(predictor: Predictor, check: ArticleCheck) -> ArticleCheck:
    """Return the check with the words marked that matter most in the sentences that decide.

    Every word of these sentences is left out in turn (occlusion), and the probability of the sentence's
    label computed anew; all in one batch.

    Parameters
    ----------
    predictor : Predictor
        The one that the check is from.
    check : ArticleCheck
    """
    variants = [
        (place, word.span(), left)
        for place, one in enumerate(check.sentences)
        if one.side is not None
        for word, left in _without_each_word(one.sentence.text)
    ]
    if not variants:
        return check
    pairs = [(check.claim, left) for _, _, left in variants]
    probabilities = checked_probabilities(predictor.predict_proba(pairs), len(pairs))
    effects: dict[int, list[WordEffect]] = {}
    for (place, (start, end), _), row in zip(variants, probabilities, strict=True):
        one = check.sentences[place]
        change = float(row[LABELS.index(one.label)]) - one.probabilities[one.label]
        offset = one.sentence.start
        effects.setdefault(place, []).append(
            WordEffect(one.sentence.text[start:end], offset + start, offset + end, change)
        )
    sentences = tuple(
        _marked(one, effects.get(place, [])) if one.side is not None else one
        for place, one in enumerate(check.sentences)
    )
    return replace(check, sentences=sentences)


def _without_each_word(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield every word, and what is left of the text without it, if something is."""
    for word in _WORD.finditer(text):
        left = f"{text[: word.start()].rstrip()} {text[word.end() :].lstrip()}".strip()
        if left:
            yield word, left


def _marked(one: SentenceStance, effects: list[WordEffect]) -> SentenceStance:
    strongest = sorted(effects, key=lambda effect: (-abs(effect.change), effect.start))[:MOST_WORDS]
    return replace(one, words=tuple(word for word in strongest if abs(word.change) >= LEAST_CHANGE))
