"""Wire copy: sentences that several articles took from one origin."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from math import ceil

SHORTEST = 8
"""Words that a sentence must have to be wire copy: shorter ones are alike by chance."""

SIMILAR = Fraction(3, 5)
"""Share of the pairs of neighbouring words that copies have in common: with a word or two changed, sentences
of usual length keep more."""

Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """Return the words without case, punctuation and typography."""
    return tuple(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def origins(sentences: Sequence[tuple[Hashable, str]]) -> list[int]:
    """Return a number for the origin of every sentence: copies have that of what they copy.

    Two sentences are copies if they have the same words and stand in one place, or if both have at least
    ``SHORTEST`` words and, of the different pairs of neighbouring words in the two, at least the share
    ``SIMILAR`` stands in both (Jaccard similarity of word bigrams). A copy of a copy has the same origin, so
    which sentences are one does not depend on their order.

    Parameters
    ----------
    sentences : sequence of (place, text)
        The place is the article.

    Returns
    -------
    list of int
        One a sentence, numbered by first appearance.
    """
    words = [words_of(text) for _, text in sentences]
    similar = _groups({one for one in words if len(one) >= SHORTEST})
    keys: list[Hashable] = [
        similar.get(one, (place, one)) for (place, _), one in zip(sentences, words, strict=True)
    ]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return [numbers[key] for key in keys]


def similarity(one: Words, other: Words) -> Fraction:
    """Return how many of the pairs of neighbouring words of two sentences stand in both."""
    pairs, others = set(pairwise(one)), set(pairwise(other))
    return Fraction(len(pairs & others), len(pairs | others) or 1)


def _groups(sentences: set[Words]) -> dict[Words, Words]:
    """Return for every sentence the one that stands for its group.

    Of two similar sentences at least ``SIMILAR`` of the pairs of each are common. So if the pairs of both
    are sorted alike, rarest first, they share one that is not among the last ``ceil(SIMILAR * n) - 1``:
    only sentences that share such a pair are compared.
    """
    pairs = {words: frozenset(pairwise(words)) for words in sorted(sentences)}
    frequency = Counter(chain.from_iterable(pairs.values()))
    parent = {words: words for words in pairs}
    seen: defaultdict[tuple[str, str], list[Words]] = defaultdict(list)
    for words, own in pairs.items():
        rarest = sorted(own, key=lambda pair: (frequency[pair], pair))
        telling = rarest[: len(own) - ceil(SIMILAR * len(own)) + 1]
        for other in {other for pair in telling for other in seen[pair]}:
            if similarity(words, other) >= SIMILAR:
                parent[_root(parent, words)] = _root(parent, other)
        for pair in telling:
            seen[pair].append(words)
    return {words: _root(parent, words) for words in pairs}


def _root(parent: dict[Words, Words], words: Words) -> Words:
    while parent[words] != words:
        parent[words] = words = parent[parent[words]]
    return words
