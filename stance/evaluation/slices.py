"""Scores of parts of the pairs: by what a corpus says of them, and by what the texts look like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from stance.corpus.examples import Example
from stance.corpus.shallow import DENIAL_WORDS, words
from stance.evaluation.metrics import confusion_counts, f1_of
from stance.resampling import Counts, estimate, resample
from stance.schema import LABELS, Label

SMALLEST = 50
"""Pairs that a slice must have to be reported."""

SAMPLES = 2_000
"""Bootstrap samples behind the interval of a slice."""

LENGTHS = ((12, "up to 12 words"), (25, "13 to 25 words"), (40, "26 to 40 words"))
"""Longest sentence of each slice by length; longer ones are ``over 40 words``."""

GROUP = "group"
"""The facet of events, claim families or topics, of which there are many."""

QUOTES = '"“”«»„'


def slice_scores(examples: Sequence[Example], predicted: Sequence[str]) -> list[dict[str, Any]]:
    """Score every slice that is large enough, worst first.

    Parameters
    ----------
    examples : sequence of Example
    predicted : sequence of str
        Their predicted label names, or ``FAILED``.

    Returns
    -------
    list of dict
        ``facet``, ``value``, ``n``, ``clusters``, ``accuracy``, ``macro_f1`` with its ``interval``, and
        ``denies_f1`` (null where no pair of the slice is denied or predicted to be). Macro-F1 is over the
        labels that the slice holds: one that cannot be found there does not count as lost.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for place, example in enumerate(examples):
        for key in _facets(example):
            places.setdefault(key, []).append(place)
    scored = []
    for (facet, value), rows in places.items():
        if SMALLEST <= len(rows) < len(examples):
            counts = confusion_counts(
                [examples[row].label.value for row in rows],
                [predicted[row] for row in rows],
                [examples[row].group for row in rows],
            )
            scored.append({"facet": facet, "value": value, "n": len(rows), **_scores(counts)})
    return sorted(scored, key=lambda one: (one["macro_f1"], one["facet"], one["value"]))


def _scores(counts: Counts) -> dict[str, Any]:
    total = counts.sum(axis=0)
    held = np.flatnonzero(total.sum(axis=1))
    macro = estimate(lambda c: f1_of(c)[..., held].mean(axis=-1), counts, resample(counts, SAMPLES))
    denies = LABELS.index(Label.DENIES)
    denied = total[denies].sum() + total[:, denies].sum()
    return {
        "clusters": len(counts),
        "accuracy": float(np.trace(total) / total.sum()),
        "macro_f1": macro.value,
        "interval": [macro.low, macro.high],
        "denies_f1": float(f1_of(total)[denies]) if denied else None,
    }


def _facets(example: Example) -> Iterator[tuple[str, str]]:
    yield from example.facets
    if example.group != example.claim:
        yield GROUP, example.group
    length = len(words(example.sentence))
    yield "sentence length", next((name for most, name in LENGTHS if length <= most), "over 40 words")
    denied = [bool(DENIAL_WORDS.intersection(words(text))) for text in (example.claim, example.sentence)]
    where = {(True, True): "in both", (True, False): "in the claim", (False, True): "in the sentence"}
    yield "denial words", where.get((denied[0], denied[1]), "in neither")
    yield "quotation marks", "yes" if any(mark in example.sentence for mark in QUOTES) else "no"
