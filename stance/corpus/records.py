"""The tables of a corpus whose articles are kept elsewhere, read and checked.

A corpus folder holds four of them, none with a word of the articles' own text:

===================== =====================================================================
``articles.jsonl``    article id, outlet, sha256 of the text
``sentences.jsonl``   sentence id, article id, start, end, kind, paragraph, a restated text
``claims.jsonl``      claim id, family, kind, split, the claim in our own words
``annotations.jsonl`` claim id, sentence id, label, voice span in the article and in the
                      restated text, ``related``; every pair that is not listed is neutral
===================== =====================================================================
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from stance.corpus.examples import SPLITS
from stance.errors import DataError, InputError
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


def read_standoff(folder: str | Path) -> Standoff:
    """Read the four tables of a corpus folder and check that they hold together.

    Raises
    ------
    DataError, InputError
        Names file, row, field, value and remedy.
    """
    place = Path(folder)
    corpus = Standoff(
        articles=tuple(_records(place / "articles.jsonl", ArticleRef)),
        sentences=tuple(_records(place / "sentences.jsonl", SentenceRef)),
        claims=tuple(_records(place / "claims.jsonl", Claim)),
        annotations=tuple(_records(place / "annotations.jsonl", Annotation)),
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


def _records(file: Path, kind: Any) -> Iterator[Any]:
    """Yield one record a row, every field of the right type."""
    for row in read_table(file):
        missing = [name for name in kind._fields if name not in row.values]
        if row.error or missing:
            problem = row.error or f"lacks {', '.join(missing)}"
            raise DataError(f"{file}, row {row.number}: {problem}; expected {', '.join(kind._fields)}")
        values = {}
        for name in kind._fields:
            convert, expected = _FIELDS.get(name, _TEXT)
            try:
                values[name] = convert(row.values[name])
            except ValueError:  # InputError is one, and so is what Label raises
                raise DataError(
                    f"{file}, row {row.number}: {name} is {row.values[name]!r:.60}; expected {expected}"
                ) from None
        yield kind(**values)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{value!r:.60} is something else")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(f"{value!r:.60} is something else")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{value!r:.60} is something else")
    return value


def _span(value: object) -> Span | tuple[()] | None:
    if value is None or value == []:
        return None if value is None else ()
    if not isinstance(value, list) or len(value) != 2:
        raise InputError(f"{value!r:.60} is something else")
    return _whole(value[0]), _whole(value[1])


def _split(value: object) -> str:
    if value not in SPLITS:
        raise InputError(f"{value!r:.60} is something else")
    return str(value)


_TEXT: tuple[Callable[[Any], Any], str] = (_text, "a text")
_SPAN: tuple[Callable[[Any], Any], str] = (_span, "[start, end], [] for the outlet, or null for neutral")
_FIELDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "outlet": (lambda value: None if value is None else _text(value), "a text or null"),
    "start": (_whole, "a whole number"),
    "end": (_whole, "a whole number"),
    "paragraph": (_whole, "a whole number"),
    "split": (_split, f"one of {', '.join(SPLITS)}"),
    "label": (Label, "supports, denies or neutral"),
    "voice": _SPAN,
    "restated_voice": _SPAN,
    "related": (_flag, "true or false"),
}
"""How the fields that are no plain texts are read."""


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
