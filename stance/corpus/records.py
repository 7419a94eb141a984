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

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from stance.corpus.examples import SPLITS
from stance.errors import InputError, refuse
from stance.schema import STORY_KINDS, Label
from stance.tables import read_table

Span = tuple[int, int]
Record = TypeVar("Record")


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


def load_standoff(folder: str | Path) -> tuple[Standoff, list[str]]:
    """Read the sound rows of the four tables of a corpus folder, and say what is wrong with the others.

    Returns
    -------
    corpus : Standoff
        Holds together whatever was left out.
    problems : list of str
        Each names file, row, field, value and remedy.
    """
    place = Path(folder)
    problems: list[str] = []
    corpus = Standoff(
        articles=tuple(_records(place / "articles.jsonl", ArticleRef, problems)),
        sentences=tuple(_records(place / "sentences.jsonl", SentenceRef, problems)),
        claims=tuple(_records(place / "claims.jsonl", Claim, problems)),
        annotations=tuple(_records(place / "annotations.jsonl", Annotation, problems)),
    )
    return sound_part(corpus, problems), problems


def read_standoff(folder: str | Path) -> Standoff:
    """Read the four tables of a corpus folder, which have to hold together.

    Raises
    ------
    DataError, InputError
        Names file, row, field, value and remedy of the first problem.
    """
    corpus, problems = load_standoff(folder)
    refuse(problems)
    return corpus


def sound_part(corpus: Standoff, problems: list[str]) -> Standoff:
    """Return the rows whose ids, order, splits and voices hold together; add the others to ``problems``."""
    articles = _sound(corpus.articles, lambda a: a.article_id, "article", problems)
    known = {article.article_id for article in articles}
    last: dict[str, int] = {}
    splits: dict[str, str] = {}

    def check_sentence(sentence: SentenceRef) -> str | None:
        if sentence.article_id not in known:
            return f"no article {sentence.article_id!r}"
        if not last.get(sentence.article_id, 0) <= sentence.start < sentence.end:
            return (
                f"span {sentence.start}-{sentence.end} is empty or overlaps the one before; sentences of an "
                "article are ordered and disjoint"
            )
        last[sentence.article_id] = sentence.end
        return None

    def check_claim(claim: Claim) -> str | None:
        first = splits.setdefault(claim.family, claim.split)
        return (
            None if first == claim.split else f"family {claim.family!r} stands in two splits; it stays in one"
        )

    sentences = _sound(corpus.sentences, lambda s: s.sentence_id, "sentence", problems, check_sentence)
    claims = _sound(corpus.claims, lambda c: c.claim_id, "claim", problems, check_claim)
    claim_ids = {claim.claim_id for claim in claims}
    by_id = {sentence.sentence_id: sentence for sentence in sentences}
    annotations = _sound(
        corpus.annotations,
        lambda a: (a.claim_id, a.sentence_id),
        "annotation",
        problems,
        lambda a: _annotation_problem(a, claim_ids, by_id),
    )
    return Standoff(articles, sentences, claims, annotations)


def _sound(
    records: Sequence[Record],
    key: Callable[[Record], Any],
    name: str,
    problems: list[str],
    check: Callable[[Record], str | None] = lambda record: None,
) -> tuple[Record, ...]:
    """Return the records that stand once and pass a check."""
    seen: set[Any] = set()
    kept = []
    for record in records:
        problem = "stands twice; ids are unique" if key(record) in seen else check(record)
        seen.add(key(record))
        if problem is None:
            kept.append(record)
        else:
            shown = key(record) if isinstance(key(record), str) else " / ".join(key(record))
            problems.append(f"{name} {shown}: {problem}")
    return tuple(kept)


def _records(file: Path, kind: Any, problems: list[str]) -> Iterator[Any]:
    """Yield one record a row, every field of the right type; add what else is wrong to ``problems``."""
    for row in read_table(file):
        missing = [name for name in kind._fields if name not in row.values]
        if row.error or missing:
            problem = row.error or f"lacks {', '.join(missing)}"
            problems.append(f"{file}, row {row.number}: {problem}; expected {', '.join(kind._fields)}")
            continue
        values, wrong = {}, []
        for name in kind._fields:
            convert, expected = _FIELDS.get(name, _TEXT)
            try:
                values[name] = convert(row.values[name])
            except ValueError:  # InputError is one, and so is what Label raises
                wrong.append(f"{name} is {row.values[name]!r:.60}; expected {expected}")
        if wrong:
            problems += [f"{file}, row {row.number}: {problem}" for problem in wrong]
        else:
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


def _annotation_problem(
    annotation: Annotation, claims: set[str], sentences: Mapping[str, SentenceRef]
) -> str | None:
    if annotation.claim_id not in claims or annotation.sentence_id not in sentences:
        return "no such claim or sentence"
    sentence = sentences[annotation.sentence_id]
    takes_side = annotation.label is not Label.NEUTRAL
    for name, voice, limits in (
        ("voice", annotation.voice, (sentence.start, sentence.end)),
        ("restated_voice", annotation.restated_voice, (0, len(sentence.restated))),
    ):
        if takes_side == (voice is None):
            return f"{name} is {voice}; a span, [] for the outlet, null for neutral"
        if voice and not limits[0] <= voice[0] < voice[1] <= limits[1]:
            return f"{name} {voice} lies outside the sentence {limits}"
    return None
