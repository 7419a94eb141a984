"""Claims that are worth comparing, taken from the articles themselves: nothing is written, only chosen.

A candidate is a sentence that can stand alone. Words that it shares with sentences of other articles tell
which of these to hold it against; the predictor then says which of them support or deny it. At most
``CANDIDATES`` times ``NEIGHBOURS`` pairs are computed, however many articles there are.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import NamedTuple

from stance.copies import origins, words_of
from stance.deciding import answers
from stance.errors import InputError
from stance.schema import Article, Label, Predictor
from stance.verdicts import Suggestion

CANDIDATES, NEIGHBOURS, PER_ARTICLE = 200, 16, 2
"""Sentences that are considered, what each is held against at most, and how much of it from one article."""

SHORTEST, LONGEST = 6, 30
"""Words of a candidate."""

COMMON = 50
"""A word in more sentences than this, and in more than a tenth of them, says nothing of what they share."""

ALIKE = 0.5
"""Share of its words, of those in the shorter of two claims, from which they are about the same."""

_LEANS = re.compile(
    r"(?:he|she|it|they|we|i|you|his|her|its|their|our|my|this|that|these|those|there|here|but|and|or|so|yet"
    r"|then|also|however|meanwhile|instead|yes|no)\b|[\"“”‘'(…]",
    re.IGNORECASE,
)
"""How a sentence begins that leans on what stands before it, or is a bare quote."""

_TELLS = re.compile(r"\d|(?<!^)\b[A-Z]\w")
"""What can be checked has a number or a name."""


class Suggested(NamedTuple):
    """Suggestions, the contradicted ones first, and how many pairs were computed for them."""

    suggestions: list[Suggestion]
    pairs: int


class _Line(NamedTuple):
    """A sentence of an article, by the article's number."""

    column: int
    text: str
    words: frozenset[str]


_Sides = dict[Label, set[int]]


def suggest_claims(predictor: Predictor, articles: Sequence[Article], count: int) -> Suggested:
    """Choose statements of the articles that others contradict or repeat in words of their own.

    Parameters
    ----------
    predictor : Predictor
    articles : sequence of Article
        With their sentences, as :func:`stance.read_article` returns them.
    count : int
        How many at most; statements that nobody else takes a side on are no suggestions.

    Returns
    -------
    Suggested
        First what most articles deny, then what most support; no two about the same words.

    Raises
    ------
    InputError
        If ``count`` is no positive number.
    """
    if count < 1:
        raise InputError(f"{count} claims are to be suggested; expected at least 1")
    lines = [
        _Line(column, sentence.text, frozenset(word for word in words_of(sentence.text) if len(word) > 2))
        for column, article in enumerate(articles)
        for sentence in article.sentences
        if sentence.kind in ("content", "headline")
    ]
    weights = _weights(lines)
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for word in line.words & weights.keys():
            holders[word].append(number)
    problem = getattr(predictor, "pair_problem", None)
    pairs = [
        (candidate, neighbour)
        for candidate in _candidates(lines, weights)
        if problem is None or not problem(lines[candidate].text, lines[candidate].text)  # as a claim too long
        for neighbour in _neighbours(lines[candidate], lines, weights, holders)
    ]
    texts = [(lines[one].text, lines[other].text) for one, other in pairs]
    takers: dict[int, _Sides] = {}
    for (one, other), answer in zip(pairs, answers(predictor, texts) if texts else (), strict=True):
        if answer.decides:
            sides = takers.setdefault(one, {Label.SUPPORTS: set(), Label.DENIES: set()})
            sides[answer.label].add(lines[other].column)
    names = [article.article_id for article in articles]
    suggestions = [
        Suggestion(
            lines[one].text,
            names[lines[one].column],
            supported_by=tuple(names[column] for column in sorted(takers[one][Label.SUPPORTS])),
            denied_by=tuple(names[column] for column in sorted(takers[one][Label.DENIES])),
        )
        for one in _chosen(takers, lines, count)
    ]
    return Suggested(suggestions, len(pairs))


def _chosen(takers: Mapping[int, _Sides], lines: Sequence[_Line], count: int) -> list[int]:
    """Return the candidates that most articles deny, then those that most support, none like another."""
    ranked = sorted(
        takers, key=lambda one: (-len(takers[one][Label.DENIES]), -len(takers[one][Label.SUPPORTS]), one)
    )
    chosen: list[int] = []
    for one in ranked:
        if not any(_alike(lines[one], lines[other]) for other in chosen):
            chosen.append(one)
    return chosen[:count]


def can_stand_alone(text: str) -> bool:
    """Return whether a sentence can be read as a claim: complete, no question, with a number or a name."""
    is_whole = text.count("“") == text.count("”") and text.count('"') % 2 == 0
    return (
        SHORTEST <= len(text.split()) <= LONGEST
        and is_whole
        and not text.rstrip("\"'”’) ").endswith(("?", ":", ";", ",", "…"))
        and _LEANS.match(text) is None
        and _TELLS.search(text) is not None
    )


def _weights(lines: Sequence[_Line]) -> dict[str, float]:
    """Return how much it says that sentences share a word; words of one article alone are left out."""
    sentences, columns = Counter[str](), defaultdict[str, set[int]](set)
    for line in lines:
        sentences.update(line.words)
        for word in line.words:
            columns[word].add(line.column)
    most = max(COMMON, len(lines) // 10)
    return {
        word: log(1 + len(lines) / held)
        for word, held in sentences.items()
        if len(columns[word]) > 1 and held <= most
    }


def _candidates(lines: Sequence[_Line], weights: dict[str, float]) -> list[int]:
    """Return the sentences that say most in words that other articles use, none a copy of another."""

    def shared(number: int) -> float:
        words = lines[number].words
        return sum(weights.get(word, 0.0) for word in sorted(words)) / sqrt(len(words))

    able = [number for number, line in enumerate(lines) if line.words and can_stand_alone(line.text)]
    best = sorted(able, key=lambda number: (-shared(number), number))[: 2 * CANDIDATES]
    numbers = origins([("", lines[number].text) for number in best])
    first: dict[int, int] = {}
    for origin, number in zip(numbers, best, strict=True):
        first.setdefault(origin, number)
    return list(first.values())[:CANDIDATES]


def _neighbours(
    line: _Line,
    lines: Sequence[_Line],
    weights: dict[str, float],
    holders: dict[str, list[int]],
) -> list[int]:
    """Return the sentences of other articles that share most with one, and are no copies of it."""
    shared: defaultdict[int, list[float]] = defaultdict(list)
    for word in sorted(line.words & weights.keys()):
        for number in holders[word]:
            if lines[number].column != line.column:
                shared[number].append(weights[word])
    close = sorted(
        (number for number, common in shared.items() if len(common) > 1),
        key=lambda number: (-sum(shared[number]), number),
    )[: 4 * NEIGHBOURS]
    copied = origins([("", line.text), *(("", lines[number].text) for number in close)])
    taken: Counter[int] = Counter()
    kept = []
    for number, origin in zip(close, copied[1:], strict=True):
        taken[lines[number].column] += origin != copied[0]
        if origin != copied[0] and taken[lines[number].column] <= PER_ARTICLE:
            kept.append(number)
    return kept[:NEIGHBOURS]


def _alike(one: _Line, other: _Line) -> bool:
    return len(one.words & other.words) >= ALIKE * min(len(one.words), len(other.words))
