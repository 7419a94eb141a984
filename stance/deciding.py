"""Asking a predictor about claims and sentences: every pair of texts once, in chunks, resumable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from math import ceil
from typing import Any, NamedTuple

from stance.parts import Parts
from stance.schema import LABELS, Label, Predictor, checked_probabilities
from stance.verdicts import DECISIVE, side_of

PAIRS_PER_CHUNK = 8192
"""Pairs that are computed, and written to disk, together; bounds the memory of a comparison."""

FORMAT = 2
"""Raised when the parts of the same comparison would be others."""

TextPair = tuple[str, str]


class Answer(NamedTuple):
    """What a predictor says of a pair, and who takes the side and what was cut where it can tell."""

    label: Label
    probabilities: dict[Label, float]
    voice: str | None = None
    truncated: bool = False

    @property
    def decides(self) -> bool:
        """Whether the label is a side, and sure enough to count."""
        return side_of(self.label, self.probabilities) is not None


def answers(predictor: Predictor, pairs: Sequence[TextPair]) -> Iterator[Answer]:
    """Yield an answer for every pair."""
    if hasattr(predictor, "classify_pairs"):
        for one in predictor.classify_pairs(pairs):
            yield Answer(one.label, dict(one.probabilities), one.voice, one.truncated)
        return
    for row in checked_probabilities(predictor.predict_proba(pairs), len(pairs)):
        yield Answer(LABELS[int(row.argmax())], dict(zip(LABELS, map(float, row), strict=True)))


def decisive_answers(
    predictor: Predictor,
    claims: Iterable[str],
    texts: Iterable[str],
    *,
    parts: Parts | None = None,
    progress: bool = False,
) -> dict[str, dict[str, Answer]]:
    """Hold every claim against every text, and keep the answers that decide, or to texts that were cut.

    What is kept grows with those alone. Claims and texts that repeat are asked about once.

    Parameters
    ----------
    predictor : Predictor
    claims, texts : iterable of str
    parts : Parts, optional
        Where to keep the results of chunks; left alone where there is a single chunk.
    progress : bool
        Show a progress bar on stderr, where there are several chunks.

    Returns
    -------
    dict
        By claim, then by text.
    """
    asked, told = list(dict.fromkeys(claims)), list(dict.fromkeys(texts))
    total = ceil(len(asked) * len(told) / PAIRS_PER_CHUNK)
    if total < 2:
        parts, progress = None, False
    if parts is not None:
        parts.open(_manifest(predictor, asked, told))
    found: dict[str, dict[str, Answer]] = {claim: {} for claim in asked}
    pairs = ((claim, text) for text, claim in product(told, asked))
    for number in _shown(total, progress):
        chunk = list(islice(pairs, PAIRS_PER_CHUNK))
        for place, answer in _of_chunk(predictor, chunk, number, parts):
            claim, text = chunk[place]
            found[claim][text] = answer
    return found


def _of_chunk(
    predictor: Predictor, chunk: Sequence[TextPair], number: int, parts: Parts | None
) -> Iterator[tuple[int, Answer]]:
    """Yield the answers of a chunk that are kept, with their places; from disk where they are there."""
    rows = parts.load(number) if parts is not None else None
    if rows is None:
        rows = [
            [place, *(one.probabilities[label] for label in LABELS), one.voice, one.truncated]
            for place, one in enumerate(answers(predictor, chunk))
            if one.decides or one.truncated  # what was not read may have decided
        ]
        if parts is not None:
            parts.save(number, rows)
    for place, *probabilities, voice, truncated in rows:
        by_label = dict(zip(LABELS, probabilities, strict=True))
        yield place, Answer(max(by_label, key=by_label.__getitem__), by_label, voice, truncated)


def _manifest(predictor: Predictor, claims: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    checkpoint = getattr(predictor, "checkpoint", None)
    return {
        "claims": _digest(claims),
        "articles": _digest(texts),
        "checkpoint": getattr(checkpoint, "digest", repr(predictor)),
        "runtime": getattr(predictor, "arithmetic", ""),
        "pairs_per_chunk": PAIRS_PER_CHUNK,
        "decisive": DECISIVE,
        "format": FORMAT,
    }


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\x1e")
    return digest.hexdigest()


def _shown(total: int, progress: bool) -> Iterable[int]:
    if not progress:
        return range(total)
    from rich.console import Console
    from rich.progress import track

    return track(range(total), "comparing", console=Console(stderr=True))
