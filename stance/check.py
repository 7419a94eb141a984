"""From sentences to articles, and from articles to outlets: who supports a claim, who denies it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from stance.errors import InputError
from stance.schema import LABELS, Article, Label, Predictor, Sentence, checked_probabilities
from stance.segment import split_sentences

DECISIVE = 0.6
"""A sentence counts for a side when the model gives that side at least this probability.

Chosen on the validation claims of ``data/kremlin_call``, where the verdicts of articles are right about
equally often from 0.5 to 0.85, and less often on either side.
"""


STANDINGS = ("split", "agreed", "lone", "silent")
"""How articles can stand to a claim, the most telling first."""


class Verdict(str, Enum):
    """Stance of a whole article towards a claim."""

    SUPPORTS = "supports"
    DENIES = "denies"
    DISPUTED = "disputed"
    NEUTRAL = "neutral"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class SentenceStance:
    """What one sentence of an article says to the claim."""

    sentence: Sentence
    label: Label
    probabilities: dict[Label, float]
    voice: str | None = None

    @property
    def side(self) -> Label | None:
        """The side for which the sentence counts in the verdict, if any."""
        decides = not self.sentence.is_boilerplate and self.label is not Label.NEUTRAL
        return self.label if decides and self.probabilities[self.label] >= DECISIVE else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "text": self.sentence.text,
            "start": self.sentence.start,
            "end": self.sentence.end,
            "kind": self.sentence.kind,
            "label": self.label.value,
            "probabilities": {label.value: p for label, p in self.probabilities.items()},
            "voice": self.voice,
            "counts": self.side is not None,
        }


@dataclass(frozen=True, slots=True)
class ArticleCheck:
    """One claim held against one article.

    ``sentences`` are all sentences of the article in order; boilerplate is listed, but counts for
    nothing.
    """

    claim: str
    article: Article
    sentences: tuple[SentenceStance, ...]

    @property
    def verdict(self) -> Verdict:
        """*disputed* where sentences take both sides, one side where only it is taken, else neutral."""
        sides = {one.side for one in self.sentences if one.side is not None}
        if len(sides) == 2:
            return Verdict.DISPUTED
        return Verdict(sides.pop().value) if sides else Verdict.NEUTRAL

    def count(self, label: Label) -> int:
        """Return how many sentences count for a side."""
        return sum(one.side is label for one in self.sentences)

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
            "counts": {label.value: self.count(label) for label in (Label.SUPPORTS, Label.DENIES)},
            "sentences": [one.to_dict() for one in self.sentences],
        }


@dataclass(frozen=True, slots=True)
class SourceComparison:
    """Claims held against articles: ``checks[i][j]`` is claim ``i`` in article ``j``."""

    claims: tuple[str, ...]
    articles: tuple[Article, ...]
    checks: tuple[tuple[ArticleCheck, ...], ...]

    def standing(self, row: int) -> str:
        """Return how the articles stand to a claim.

        ``"split"``: some support and some deny it, or one does both; ``"agreed"``: at least two
        take the same side; ``"lone"``: a single one takes a side; ``"silent"``: none does.
        """
        verdicts = [check.verdict for check in self.checks[row] if check.verdict is not Verdict.NEUTRAL]
        if Verdict.DISPUTED in verdicts or len(set(verdicts)) > 1:
            return "split"
        return ("silent", "lone", "agreed")[min(len(verdicts), 2)]

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
                    "standing": self.standing(row),
                    "articles": [_cell_dict(check) for check in self.checks[row]],
                }
                for row, claim in enumerate(self.claims)
            ],
        }


def check_article(predictor: Predictor, claim: str, article: Article) -> ArticleCheck:
    """Hold a claim against every sentence of an article.

    Parameters
    ----------
    predictor : Predictor
        A :class:`~stance.StanceClassifier`, or anything with its ``predict_proba``.
    claim : str
    article : Article
        Segmented here if it is not yet.

    Raises
    ------
    InputError
        If the claim or the article is empty.
    """
    return compare_sources(predictor, [claim], [article]).checks[0][0]


def compare_sources(
    predictor: Predictor, claims: Sequence[str], articles: Iterable[Article]
) -> SourceComparison:
    """Hold every claim against every article.

    Parameters
    ----------
    predictor : Predictor
    claims : sequence of str
    articles : iterable of Article
        With different ``article_id``.

    Raises
    ------
    InputError
        If there is no claim or no article, one is empty, or two articles share an id.
    """
    claims = _checked_claims(claims)
    sources = _checked_articles(articles)
    pairs = [
        (claim, sentence.text) for claim in claims for source in sources for sentence in source.sentences
    ]
    answers = _answers(predictor, pairs)
    checks = tuple(
        tuple(
            ArticleCheck(
                claim,
                source,
                tuple(SentenceStance(sentence, *next(answers)) for sentence in source.sentences),
            )
            for source in sources
        )
        for claim in claims
    )
    return SourceComparison(tuple(claims), tuple(sources), checks)


def _answers(
    predictor: Predictor, pairs: Sequence[tuple[str, str]]
) -> Iterator[tuple[Label, dict[Label, float], str | None]]:
    """Yield label, probabilities and, where the predictor can tell, the voice of every pair."""
    if hasattr(predictor, "classify_pairs"):
        for one in predictor.classify_pairs(pairs):
            yield one.label, dict(one.probabilities), one.voice
        return
    for row in checked_probabilities(predictor.predict_proba(pairs), len(pairs)):
        yield LABELS[int(row.argmax())], dict(zip(LABELS, map(float, row), strict=True)), None


def _checked_claims(claims: Sequence[str]) -> list[str]:
    if isinstance(claims, str):
        raise InputError(f"claims is the text {claims[:40]!r}; expected a list of claims")
    if not isinstance(claims, Iterable):
        raise InputError(f"claims is {claims!r:.40}; expected a list of claims")
    claims = list(claims)
    if not claims:
        raise InputError("no claim is given; expected at least one")
    for index, claim in enumerate(claims):
        if not isinstance(claim, str) or not claim.strip():
            which = "the claim" if len(claims) == 1 else f"claim {index}"
            raise InputError(f"{which} is {claim!r:.40}; expected a text")
    return claims


def _checked_articles(articles: Iterable[Article]) -> list[Article]:
    if isinstance(articles, Article):
        raise InputError("articles is a single Article; expected a list of articles")
    if not isinstance(articles, Iterable):
        raise InputError(f"articles is {articles!r:.40}; expected a list of articles")
    sources = []
    seen: set[str] = set()
    for article in articles:
        if not isinstance(article, Article):
            raise InputError(
                f"{article!r:.40} is no Article; read one with read_article(path) or build Article(text)"
            )
        for name in ("article_id", "outlet", "title", "published", "url"):
            if not isinstance(getattr(article, name), str | None):
                raise InputError(f"{name} of an article is {getattr(article, name)!r:.40}; expected a text")
        sentences = article.sentences or tuple(split_sentences(article.text))
        if not sentences:
            raise InputError(f"article {article.name!r} has no text")
        if article.article_id and article.article_id in seen:
            raise InputError(
                f"two articles have the id {article.article_id!r}; give them different ids (file names)"
            )
        seen.add(article.article_id)
        sources.append(replace(article, sentences=sentences))
    if not sources:
        raise InputError("no article is given; expected at least one")
    return sources


def _article_dict(article: Article) -> dict[str, Any]:
    return {
        "article_id": article.article_id,
        "outlet": article.outlet,
        "title": article.title,
        "published": article.published,
        "url": article.url,
    }


def _cell_dict(check: ArticleCheck) -> dict[str, Any]:
    return {
        "article_id": check.article.article_id,
        "verdict": check.verdict.value,
        "counts": {label.value: check.count(label) for label in (Label.SUPPORTS, Label.DENIES)},
        "strongest": {
            label.value: [one.to_dict() for one in check.strongest(label)]
            for label in (Label.SUPPORTS, Label.DENIES)
        },
    }
