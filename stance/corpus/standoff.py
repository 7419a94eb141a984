"""Stand-off annotations: labels on spans of articles whose text is kept elsewhere.

A corpus folder holds four tables, none with a word of the articles' own text:

==================== =======================================================================
``articles.jsonl``   article id, outlet, sha256 of the text
``sentences.jsonl``  sentence id, article id, start, end, kind, paragraph, and a restated text
``claims.jsonl``     claim id, family, kind, split, the claim in our own words
``annotations.jsonl`` claim id, sentence id, label, voice span in the article and in the
                     restated text, ``related``; every pair that is not listed is neutral
==================== =======================================================================

:func:`attach` puts the text back and :func:`detach` takes it away again. Both refuse an article
whose text is not the one that was annotated: offsets are never shifted.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from stance.errors import DataError
from stance.schema import STORY_KINDS, Label
from stance.tables import read_table

Span = tuple[int, int]


class ArticleRef(NamedTuple):
    """An article that was annotated, known by the digest of its text."""

    article_id: str
    outlet: str | None
    sha256: str


class SentenceRef(NamedTuple):
    """A sentence as a span of its article, and the same sentence in our own words."""

    sentence_id: str
    article_id: str
    start: int
    end: int
    kind: str
    paragraph: int
    restated: str

    @property
    def is_labelled(self) -> bool:
        """Whether claims are held against it (boilerplate is not)."""
        return self.kind in STORY_KINDS


class Claim(NamedTuple):
    """A claim in our own words; claims of one family stay in one split."""

    claim_id: str
    family: str
    kind: str
    split: str
    claim: str


class Annotation(NamedTuple):
    """What was decided for one pair.

    ``voice`` is a span of the article, ``restated_voice`` one of the restated sentence; both are
    an empty tuple where the outlet itself takes the stance, ``None`` where nobody does.
    """

    claim_id: str
    sentence_id: str
    label: Label
    voice: Span | tuple[()] | None
    restated_voice: Span | tuple[()] | None
    related: bool


@dataclass(frozen=True, slots=True)
class Standoff:
    """A corpus without the text of its articles."""

    articles: tuple[ArticleRef, ...]
    sentences: tuple[SentenceRef, ...]
    claims: tuple[Claim, ...]
    annotations: tuple[Annotation, ...]


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


def read_standoff(folder: str | Path) -> Standoff:
    """Read the four tables of a corpus folder and check that they hold together.

    Raises
    ------
    DataError, InputError
        Names file, row, field, value and remedy.
    """
    place = Path(folder)
    corpus = Standoff(
        articles=tuple(ArticleRef(**row) for row in _rows(place / "articles.jsonl", ArticleRef)),
        sentences=tuple(SentenceRef(**row) for row in _rows(place / "sentences.jsonl", SentenceRef)),
        claims=tuple(Claim(**row) for row in _rows(place / "claims.jsonl", Claim)),
        annotations=tuple(
            Annotation(
                row["claim_id"],
                row["sentence_id"],
                _label(row["label"], place),
                _span(row["voice"]),
                _span(row["restated_voice"]),
                row["related"],
            )
            for row in _rows(place / "annotations.jsonl", Annotation)
        ),
    )
    check_standoff(corpus)
    return corpus


def check_standoff(corpus: Standoff) -> None:
    """Check ids, order, splits and voices, and refuse the first thing that is wrong."""
    for name, ids in (
        ("article", [a.article_id for a in corpus.articles]),
        ("sentence", [s.sentence_id for s in corpus.sentences]),
        ("claim", [c.claim_id for c in corpus.claims]),
        ("pair", [(a.claim_id, a.sentence_id) for a in corpus.annotations]),
    ):
        _refuse_twice(name, ids)
    articles = {article.article_id for article in corpus.articles}
    last: dict[str, int] = {}
    for sentence in corpus.sentences:
        if sentence.article_id not in articles:
            raise DataError(f"sentence {sentence.sentence_id}: no article {sentence.article_id!r}")
        if not last.get(sentence.article_id, 0) <= sentence.start < sentence.end:
            raise DataError(
                f"sentence {sentence.sentence_id}: span {sentence.start}-{sentence.end} is empty or "
                "overlaps the one before; sentences of an article are ordered and disjoint"
            )
        last[sentence.article_id] = sentence.end
    splits: dict[str, str] = {}
    for claim in corpus.claims:
        if splits.setdefault(claim.family, claim.split) != claim.split:
            raise DataError(f"family {claim.family!r} stands in two splits; a family stays in one")
    claims = {claim.claim_id for claim in corpus.claims}
    sentences = {sentence.sentence_id: sentence for sentence in corpus.sentences}
    for annotation in corpus.annotations:
        _check_annotation(annotation, claims, sentences)


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


def _rows(file: Path, kind: type[Any]) -> Iterator[dict[str, Any]]:
    fields: Iterable[str] = kind._fields
    for row in read_table(file):
        missing = [name for name in fields if name not in row.values]
        if row.error or missing:
            problem = row.error or f"lacks {', '.join(missing)}"
            raise DataError(f"{file}, row {row.number}: {problem}; expected {', '.join(fields)}")
        yield {name: row.values[name] for name in fields}


def _label(value: object, place: Path) -> Label:
    try:
        return Label(value)
    except ValueError:
        raise DataError(
            f"{place / 'annotations.jsonl'}: label is {value!r}; expected supports, denies or neutral"
        ) from None


def _span(value: Any) -> Span | tuple[()] | None:
    if value is None:
        return None
    return () if not value else (int(value[0]), int(value[1]))


def _refuse_twice(name: str, ids: list[Any]) -> None:
    twice = [one for one, count in Counter(ids).items() if count > 1]
    if twice:
        raise DataError(f"{name} {twice[0]!r} stands twice; ids are unique")


def _check_annotation(annotation: Annotation, claims: set[str], sentences: Mapping[str, SentenceRef]) -> None:
    where = f"annotation {annotation.claim_id} / {annotation.sentence_id}"
    if annotation.claim_id not in claims or annotation.sentence_id not in sentences:
        raise DataError(f"{where}: no such claim or sentence")
    sentence = sentences[annotation.sentence_id]
    takes_side = annotation.label is not Label.NEUTRAL
    for name, voice, limits in (
        ("voice", annotation.voice, (sentence.start, sentence.end)),
        ("restated_voice", annotation.restated_voice, (0, len(sentence.restated))),
    ):
        if takes_side == (voice is None):
            raise DataError(f"{where}: {name} is {voice}; a span, [] for the outlet, null for neutral")
        if voice and not limits[0] <= voice[0] < voice[1] <= limits[1]:
            raise DataError(f"{where}: {name} {voice} lies outside the sentence {limits}")
