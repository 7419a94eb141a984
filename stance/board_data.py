"""What the board's script needs: claims, articles, and the sentences that decide, as JSON holds it."""

from __future__ import annotations

import re
from typing import Any

from stance.check import ArticleCheck, SentenceStance, SourceComparison, Verdict
from stance.corpus.events import find_words
from stance.schema import LABELS, Label

MARKS = {
    Verdict.SUPPORTS: "▲",
    Verdict.DENIES: "▼",
    Verdict.DISPUTED: "◆",
    Verdict.NEUTRAL: "–",
}
"""A shape for each verdict, so that colour is never the only sign."""

_ADDRESS = re.compile(r"https?://[^\s<>\"'\\]+", re.IGNORECASE)


def board_data(comparison: SourceComparison) -> dict[str, Any]:
    """Return what the page's script needs: claims, articles, and the sentences that decide.

    A sentence is kept once for its article, however many claims it decides; evidence refers to it by
    its number.
    """
    names = comparison.names
    kept: list[dict[str, int]] = [{} for _ in names]
    claims = [
        {
            "claim": claim,
            "standing": comparison.standing(row),
            "origins": list(comparison.origins(row).values()),
            "suggested": _source(comparison, row),
            "cells": _row_data(comparison, row, kept),
        }
        for row, claim in enumerate(comparison.claims)
    ]
    articles = [
        {
            "name": name,
            "title": article.title,
            "published": article.published,
            "url": web_address(article.url),
            "count": len(article.sentences),
            "sentences": list(sentences),
        }
        for name, article, sentences in zip(names, comparison.articles, kept, strict=True)
    ]
    return {
        "marks": {verdict.value: mark for verdict, mark in MARKS.items()},
        "labels": [label.value for label in LABELS],
        "articles": articles,
        "claims": claims,
    }


def deciding(check: ArticleCheck) -> list[SentenceStance]:
    """Return the sentences that decide: those that support, then those that deny, the clearest first."""
    everything = len(check.sentences)
    return [*check.strongest(Label.SUPPORTS, everything), *check.strongest(Label.DENIES, everything)]


def web_address(url: str | None) -> str | None:
    """Return the address if it is one of the web; ``javascript:`` and the like are none."""
    return url if url and _ADDRESS.fullmatch(url) else None


def voice_start(one: SentenceStance) -> int:
    """Return where the voice stands in the sentence, as whole words if it can be; -1 if nowhere."""
    if not one.voice:
        return -1
    places = find_words(one.voice, one.sentence.text)
    return places[0][0] if places else one.sentence.text.find(one.voice)


def _source(comparison: SourceComparison, row: int) -> str | None:
    """Return the name of the article that a claim was taken from, if nobody gave it."""
    suggestion = comparison.suggestion(row)
    if suggestion is None:
        return None
    ids = [article.article_id for article in comparison.articles]
    return comparison.names[ids.index(suggestion.article_id)]


def _row_data(comparison: SourceComparison, row: int, kept: list[dict[str, int]]) -> list[dict[str, Any]]:
    copies = {id(one): others for copied in comparison.wire_copy(row).values() for one, others in copied}
    return [
        {
            "verdict": check.verdict.value,
            "evidence": [
                _evidence_data(one, kept[column], copies.get(id(one), [])) for one in deciding(check)
            ],
            **({"cut": check.cut_sentences} if check.cut_sentences else {}),
        }
        for column, check in enumerate(comparison.checks[row])
    ]


def _evidence_data(one: SentenceStance, kept: dict[str, int], copies: list[int]) -> dict[str, Any]:
    """Return a sentence that decides; what is seldom there is left out where it is not."""
    text, offset = one.sentence.text, one.sentence.start
    words = [
        (_in_utf16(text, word.start - offset), _in_utf16(text, word.end - offset), round(word.change, 3))
        for word in one.words or ()
    ]
    return {
        "sentence": kept.setdefault(text, len(kept)),
        "label": one.label.value,
        "probabilities": [round(one.probabilities[label], 3) for label in LABELS],
        "voice": one.voice,
        "at": _in_utf16(text, voice_start(one)),
        **({"cut": True} if one.truncated else {}),
        **({"words": words} if words else {}),
        **({"copies": copies} if copies else {}),
    }


def _in_utf16(text: str, place: int) -> int:
    """Return a place in a text as JavaScript counts it, where an emoji is two."""
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2 if place > 0 else place
