"""Putting the text of articles under stand-off annotations, and taking it away again.

Both refuse an article whose text is not the one that was annotated: offsets are never shifted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from stance.corpus.records import ArticleRef, SentenceRef, Span, Standoff
from stance.errors import DataError


class Resolved(NamedTuple):
    """A sentence with its text, taken from the article or from the restated edition."""

    ref: SentenceRef
    text: str
    offset: int  # of the text in what voice spans refer to

    def voice_text(self, voice: Span | tuple[()] | None) -> str | None:
        """Return the words of a voice span; empty for the outlet, ``None`` for nobody."""
        if not voice:
            return None if voice is None else ""
        return self.text[voice[0] - self.offset : voice[1] - self.offset]


def attach(corpus: Standoff, texts: Mapping[str, str]) -> dict[str, Resolved]:
    """Put the text of the articles back under their sentences.

    Parameters
    ----------
    corpus : Standoff
    texts : mapping of str to str
        Text by article id.

    Returns
    -------
    dict of str to Resolved
        By sentence id, in the order of the corpus.

    Raises
    ------
    DataError
        If an article is missing or its text is not the one that was annotated.
    """
    for article in corpus.articles:
        if article.article_id not in texts:
            raise DataError(f"the text of article {article.article_id!r} is missing")
        verify(article, texts[article.article_id])
    for ref in corpus.sentences:
        if ref.end > len(texts[ref.article_id]):
            raise DataError(f"sentence {ref.sentence_id}: span ends behind the text of {ref.article_id!r}")
    return {
        ref.sentence_id: Resolved(ref, texts[ref.article_id][ref.start : ref.end], ref.start)
        for ref in corpus.sentences
    }


def restated(corpus: Standoff) -> dict[str, Resolved]:
    """Return every sentence in our own words, by sentence id."""
    return {ref.sentence_id: Resolved(ref, ref.restated, 0) for ref in corpus.sentences}


def detach(resolved: Mapping[str, Resolved], texts: Mapping[str, str]) -> tuple[SentenceRef, ...]:
    """Take the text away again, after making sure that each span still yields it.

    Raises
    ------
    DataError
        If a sentence is not what its span holds.
    """
    for sentence_id, sentence in resolved.items():
        ref = sentence.ref
        if ref.article_id not in texts:
            raise DataError(f"the text of article {ref.article_id!r} is missing")
        if texts[ref.article_id][ref.start : ref.end] != sentence.text:
            raise DataError(
                f"sentence {sentence_id}: its text is not at {ref.start}-{ref.end} of article "
                f"{ref.article_id!r}; annotate the article as it is"
            )
    return tuple(sentence.ref for sentence in resolved.values())


def verify(article: ArticleRef, text: str) -> None:
    """Refuse a text that is not the one that was annotated."""
    digest = text_digest(text)
    if digest != article.sha256:
        raise DataError(
            f"article {article.article_id!r} has changed: sha256 {digest[:12]}..., the annotations "
            f"belong to {article.sha256[:12]}...; use the text that was annotated, byte for byte"
        )


def text_digest(text: str) -> str:
    """Return the sha256 of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def find_texts(corpus: Standoff, folder: str | Path) -> dict[str, str]:
    """Find the annotated articles in a folder by the digest of their text, whatever their names.

    Raises
    ------
    DataError
        If the folder is missing, or one of the articles is not there.
    """
    place = Path(folder)
    if not place.is_dir():
        raise DataError(f"article folder {str(place)!r} does not exist; expected the annotated texts")
    contents = [file.read_bytes() for file in sorted(place.iterdir()) if file.is_file()]
    by_digest = {hashlib.sha256(content).hexdigest(): content for content in contents}
    missing = [a.article_id for a in corpus.articles if a.sha256 not in by_digest]
    if missing:
        raise DataError(
            f"{str(place)!r} holds no file with the annotated text of {', '.join(missing)} "
            "(a changed article is refused, offsets are never shifted)"
        )
    return {a.article_id: by_digest[a.sha256].decode("utf-8") for a in corpus.articles}
