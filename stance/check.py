"""From sentences to articles, and from articles to outlets: who supports a claim, who denies it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stance.deciding import answers, decisive_answers
from stance.errors import InputError
from stance.parts import Parts
from stance.schema import Article, Predictor
from stance.segment import split_sentences
from stance.verdicts import (
    DECISIVE,
    STANDINGS,
    ArticleCheck,
    SentenceStance,
    SourceComparison,
    Verdict,
)

__all__ = [
    "DECISIVE",
    "STANDINGS",
    "ArticleCheck",
    "SentenceStance",
    "SourceComparison",
    "Verdict",
    "check_article",
    "compare_sources",
]


def check_article(predictor: Predictor, claim: str, article: Article) -> ArticleCheck:
    """Hold a claim against every sentence of an article.

    Parameters
    ----------
    predictor : Predictor
        A :class:`~stance.StanceClassifier`, or anything with its ``predict_proba``.
    claim : str
    article : Article
        Segmented here if it is not yet.

    Returns
    -------
    ArticleCheck
        With all sentences of the article, in order.

    Raises
    ------
    InputError
        If the claim or the article is empty.
    """
    (claim,), (source,) = checked_claims([claim]), checked_articles([article])
    found = answers(predictor, [(claim, sentence.text) for sentence in source.sentences])
    stances = (SentenceStance(sentence, *one) for sentence, one in zip(source.sentences, found, strict=True))
    return ArticleCheck(claim, source, tuple(stances))


def compare_sources(
    predictor: Predictor,
    claims: Sequence[str],
    articles: Iterable[Article],
    *,
    parts: Parts | None = None,
    progress: bool = False,
) -> SourceComparison:
    """Hold every claim against every article.

    Every claim meets every different sentence once. Memory grows with the articles and with the sentences
    that decide, not with claims times sentences: of each cell only the sentences are kept that decide, or
    were too long for the model.

    Parameters
    ----------
    predictor : Predictor
    claims : sequence of str
    articles : iterable of Article
        With different ``article_id``; one without is known by its number, from 1.
    parts : Parts, optional
        Where to keep partial results on disk, so that an interrupted run can go on. Discard them when the
        comparison is where it belongs.
    progress : bool
        Show a progress bar on stderr, where it is worth one.

    Returns
    -------
    SourceComparison
        A row a claim and a column an article, both as given.

    Raises
    ------
    InputError
        If there is no claim or no article, one is empty, two articles share an id, or an interrupted run
        stands in the way.
    """
    claims = checked_claims(claims)
    sources = checked_articles(articles)
    telling = (s.text for source in sources for s in source.sentences if not s.is_boilerplate)
    found = decisive_answers(predictor, claims, telling, parts=parts, progress=progress)
    checks = tuple(
        tuple(
            ArticleCheck(
                claim,
                source,
                tuple(
                    SentenceStance(sentence, *found[claim][sentence.text])
                    for sentence in source.sentences
                    if sentence.text in found[claim] and not sentence.is_boilerplate
                ),
            )
            for source in sources
        )
        for claim in claims
    )
    return SourceComparison(tuple(claims), tuple(sources), checks)


def checked_claims(claims: Sequence[str]) -> list[str]:
    """Return the claims, or refuse them."""
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


def checked_articles(articles: Iterable[Article]) -> list[Article]:
    """Return the articles with their sentences, or refuse them."""
    if isinstance(articles, Article):
        raise InputError("articles is a single Article; expected a list of articles")
    if not isinstance(articles, Iterable):
        raise InputError(f"articles is {articles!r:.40}; expected a list of articles")
    sources = []
    seen: set[str] = set()
    for number, article in enumerate(articles, start=1):
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
        article_id = article.article_id or str(number)
        if article_id in seen:
            raise InputError(f"two articles have the id {article_id!r}; give them different ids (file names)")
        seen.add(article_id)
        sources.append(replace(article, article_id=article_id, sentences=sentences))
    if not sources:
        raise InputError("no article is given; expected at least one")
    return sources
