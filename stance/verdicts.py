"""Verdicts of articles on claims, and the board of claims by articles: values without any computing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Any, NamedTuple

from stance.copies import origins
from stance.schema import Article, Label, Sentence

DECISIVE = 0.6
"""A sentence counts for a side when the model gives that side at least this probability.

Chosen on the validation claims of ``data/kremlin_call``: verdicts of articles are then most often right.
"""

STANDINGS = ("split", "agreed", "lone", "silent")
"""How articles can stand to a claim, the most telling first."""

SIDES = (Label.SUPPORTS, Label.DENIES)


class Verdict(str, Enum):
    """Stance of a whole article towards a claim."""

    SUPPORTS = "supports"
    DENIES = "denies"
    DISPUTED = "disputed"
    NEUTRAL = "neutral"

    def __str__(self) -> str:
        return self.value


def side_of(label: Label, probabilities: Mapping[Label, float]) -> Label | None:
    """Return a label that is a side, and sure enough to count."""
    return label if label is not Label.NEUTRAL and probabilities[label] >= DECISIVE else None


def verdict_of(labels: Iterable[Label | None]) -> Verdict:
    """Return the verdict that follows from what the sentences of an article are counted for."""
    sides = {label for label in labels if label not in (None, Label.NEUTRAL)}
    if len(sides) == 2:
        return Verdict.DISPUTED
    return Verdict(sides.pop()) if sides else Verdict.NEUTRAL


class WordEffect(NamedTuple):
    """A word by its place in the article, and how the probability of the label changes without it."""

    text: str
    start: int
    end: int
    change: float


@dataclass(frozen=True, slots=True)
class SentenceStance:
    """What one sentence of an article says to the claim.

    ``truncated``: it was too long for the model, and its end not read. ``words`` are those that matter
    most for the label, where that was asked for (:mod:`stance.explain`).
    """

    sentence: Sentence
    label: Label
    probabilities: dict[Label, float]
    voice: str | None = None
    truncated: bool = False
    words: tuple[WordEffect, ...] | None = None

    @property
    def side(self) -> Label | None:
        """The side for which the sentence counts in the verdict, if any."""
        return None if self.sentence.is_boilerplate else side_of(self.label, self.probabilities)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; ``words`` only where they were asked for."""
        words = {} if self.words is None else {"words": [word._asdict() for word in self.words]}
        return {
            "text": self.sentence.text,
            "start": self.sentence.start,
            "end": self.sentence.end,
            "kind": self.sentence.kind,
            "label": self.label.value,
            "probabilities": {label.value: p for label, p in self.probabilities.items()},
            "voice": self.voice,
            "truncated": self.truncated,
            "counts": self.side is not None,
            **words,
        }


@dataclass(frozen=True, slots=True)
class ArticleCheck:
    """One claim held against one article.

    ``sentences`` are all sentences of the article in order; boilerplate is listed, but counts for
    nothing. In a :class:`SourceComparison` they are those alone that count or were cut.
    """

    claim: str
    article: Article
    sentences: tuple[SentenceStance, ...]

    @property
    def verdict(self) -> Verdict:
        """*disputed* where sentences take both sides, one side where only it is taken, else neutral."""
        return verdict_of(one.side for one in self.sentences)

    @property
    def cut_sentences(self) -> int:
        """How many sentences of the story were too long for the model, so that their ends were not read."""
        return sum(one.truncated and not one.sentence.is_boilerplate for one in self.sentences)

    def count(self, label: Label) -> int:
        """Return how many sentences count for a side; one that is repeated counts once."""
        return len(set(origins([("", one.sentence.text) for one in self.sentences if one.side is label])))

    def strongest(self, label: Label, limit: int = 2) -> list[SentenceStance]:
        """Return the sentences that take a side most clearly, the clearest first."""
        taking = [one for one in self.sentences if one.side is label]
        return sorted(taking, key=lambda one: -one.probabilities[label])[:limit]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "claim": self.claim,
            "article": _article_dict(self.article),
            "verdict": self.verdict.value,
            "counts": {side.value: self.count(side) for side in SIDES},
            "sentences": [one.to_dict() for one in self.sentences],
        }


class Suggestion(NamedTuple):
    """A claim that was taken from an article, and the ids of the others that take a side on it."""

    claim: str
    article_id: str
    supported_by: tuple[str, ...]
    denied_by: tuple[str, ...]


class Evidence(NamedTuple):
    """A sentence that decides, and its origin: sentences with the same label and origin are copies."""

    column: int
    stance: SentenceStance
    origin: int


@dataclass(frozen=True, slots=True)
class SourceComparison:
    """Claims held against articles: ``checks[i][j]`` is claim ``i`` in article ``j``.

    ``suggestions`` says where claims come from that nobody gave (:mod:`stance.suggest`).
    """

    claims: tuple[str, ...]
    articles: tuple[Article, ...]
    checks: tuple[tuple[ArticleCheck, ...], ...]
    suggestions: tuple[Suggestion, ...] = ()
    _evidence: dict[int, list[Evidence]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def names(self) -> list[str]:
        """What to call the articles side by side: where two have the same name, each with its id."""
        counts = Counter(article.name for article in self.articles)
        return [
            one.name if counts[one.name] == 1 else f"{one.name} ({one.article_id or number})"
            for number, one in enumerate(self.articles, start=1)
        ]

    def suggestion(self, row: int) -> Suggestion | None:
        """Return where a claim was taken from, if nobody gave it."""
        return next((one for one in self.suggestions if one.claim == self.claims[row]), None)

    def evidence(self, row: int) -> list[Evidence]:
        """Return the sentences that decide on a claim, with their origins (:func:`stance.copies.origins`)."""
        if row not in self._evidence:
            self._evidence[row] = [one for side in SIDES for one in self._side(row, side)]
        return self._evidence[row]

    def origins(self, row: int) -> dict[Label, int]:
        """Return how many sentences of different origin support and deny a claim, wire copy counted once."""
        numbers: dict[Label, set[int]] = {side: set() for side in SIDES}
        for one in self.evidence(row):
            numbers[one.stance.label].add(one.origin)
        return {label: len(found) for label, found in numbers.items()}

    def wire_copy(self, row: int) -> dict[int, list[tuple[SentenceStance, list[int]]]]:
        """Return which deciding sentences are copies, by the columns of their articles.

        Each comes with the columns of the other articles that have it.
        """
        holders: dict[tuple[Label, int], set[int]] = {}
        for one in self.evidence(row):
            holders.setdefault((one.stance.label, one.origin), set()).add(one.column)
        found: dict[int, list[tuple[SentenceStance, list[int]]]] = {}
        for one in self.evidence(row):
            others = holders[one.stance.label, one.origin] - {one.column}
            if others:
                found.setdefault(one.column, []).append((one.stance, sorted(others)))
        return found

    def standing(self, row: int) -> str:
        """Return how the articles stand to a claim.

        ``"split"``: some support and some deny it, or one does both; ``"agreed"``: two take the same
        side, each with a sentence that is no copy of what the other has; ``"lone"``: a single one takes
        a side, or what others have is copied; ``"silent"``: none takes a side.
        """
        evidence = self.evidence(row)
        if len({one.stance.label for one in evidence}) == 2:
            return "split"
        told: dict[int, set[int]] = {}
        for one in evidence:
            told.setdefault(one.column, set()).add(one.origin)
        if not told:
            return "silent"
        # nobody has something of his own beside everybody else if and only if the sets form a chain
        by_size = sorted(told.values(), key=len)
        return "lone" if all(less <= more for less, more in pairwise(by_size)) else "agreed"

    def ranked(self) -> list[int]:
        """Return the rows of the claims, split ones first."""
        return sorted(range(len(self.claims)), key=lambda row: STANDINGS.index(self.standing(row)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "articles": [_article_dict(article) for article in self.articles],
            "claims": [
                {
                    "claim": claim,
                    "suggestion": _suggestion_dict(self.suggestion(row)),
                    "standing": self.standing(row),
                    "origins": {label.value: count for label, count in self.origins(row).items()},
                    "articles": self._cells(row),
                }
                for row, claim in enumerate(self.claims)
            ],
        }

    def _side(self, row: int, label: Label) -> list[Evidence]:
        taking = [
            (column, one)
            for column, check in enumerate(self.checks[row])
            for one in check.sentences
            if one.side is label
        ]
        numbers = origins([(column, one.sentence.text) for column, one in taking])
        return [Evidence(*one, number) for one, number in zip(taking, numbers, strict=True)]

    def _cells(self, row: int) -> list[dict[str, Any]]:
        copied = self.wire_copy(row)
        return [
            {
                **_cell_dict(check),
                "wire_copy": [
                    {
                        "text": one.sentence.text,
                        "start": one.sentence.start,
                        "end": one.sentence.end,
                        "label": one.label.value,
                        "shared_with": [self.articles[other].article_id for other in others],
                    }
                    for one, others in copied.get(column, [])
                ],
            }
            for column, check in enumerate(self.checks[row])
        ]


def _suggestion_dict(one: Suggestion | None) -> dict[str, Any] | None:
    return one and {
        "article_id": one.article_id,
        "supported_by": list(one.supported_by),
        "denied_by": list(one.denied_by),
    }


def _article_dict(article: Article) -> dict[str, Any]:
    return {name: getattr(article, name) for name in ("article_id", "outlet", "title", "published", "url")}


def _cell_dict(check: ArticleCheck) -> dict[str, Any]:
    return {
        "article_id": check.article.article_id,
        "verdict": check.verdict.value,
        "counts": {side.value: check.count(side) for side in SIDES},
        "cut_sentences": check.cut_sentences,
        "strongest": {side.value: [one.to_dict() for one in check.strongest(side)] for side in SIDES},
    }
