"""What a corpus gives away: labels that follow from one of the two texts, from words, or from length.

A model that sees the claim only, or the sentence only, should do little better than chance; one that
counts words of both should be far below one that reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from stance.corpus.build import Row
from stance.corpus.shallow import DENIAL_WORDS, TEXTS, fit_shallow, words
from stance.errors import DataError, require
from stance.schema import LABELS, Label

RUN = 5
"""Words in a row that two texts have to share to count as repeating each other."""


class Tendency(NamedTuple):
    """Means over the pairs of one label.

    ``overlap`` is the share of the claim's different words that stand in the sentence too, ``words``
    the length of the sentence, ``denial_words`` the share of sentences with at least one of them.
    """

    pairs: int
    overlap: float
    words: float
    denial_words: float


def cue_scores(train: Sequence[Row], test: Sequence[Row]) -> dict[str, float]:
    """Return the macro-F1 on ``test`` of models that see too little to judge.

    They are the bags of words of :mod:`stance.corpus.shallow`, fitted on ``train``: ``claim only``,
    ``sentence only``, and ``bag of words`` (both texts, apart).

    Raises
    ------
    DataError
        If there is nothing to learn from or to test on.
    MissingExtraError
        Without scikit-learn (extra: train).
    """
    if not test:
        raise DataError("what gives the label away needs test pairs; the corpus has none")
    references = [row["label"] for row in test]
    scores = {}
    for name in TEXTS:
        model = fit_shallow(name, _pairs(train), [Label(row["label"]) for row in train])
        predicted = [LABELS[i].value for i in model.predict_proba(_pairs(test)).argmax(axis=1)]
        scores[name] = float(
            require("sklearn.metrics", "train").f1_score(
                references,
                predicted,
                labels=[label.value for label in LABELS],
                average="macro",
                zero_division=0,
            )
        )
    return scores


def tendencies(rows: Iterable[Row]) -> dict[Label, Tendency]:
    """Return what the pairs of each label look like from outside."""
    collected: dict[Label, list[tuple[float, int, bool]]] = {label: [] for label in LABELS}
    for row in rows:
        claim, sentence = words(row["claim"]), words(row["sentence"])
        overlap = len(set(claim) & set(sentence)) / max(1, len(set(claim)))
        collected[Label(row["label"])].append((overlap, len(sentence), bool(DENIAL_WORDS & set(sentence))))
    return {
        label: Tendency(
            len(values), *(sum(column) / max(1, len(values)) for column in zip(*values, strict=True))
        )
        if values
        else Tendency(0, 0.0, 0.0, 0.0)
        for label, values in collected.items()
    }


def overlaps(texts: Mapping[str, Iterable[str]]) -> list[tuple[float, str, str]]:
    """Return every two groups that repeat each other, most first.

    Parameters
    ----------
    texts : mapping of str to iterable of str
        The texts of each group.

    Returns
    -------
    list of (float, str, str)
        The share of the smaller group's runs of five words (case and punctuation folded) that the
        other one has too, and the two groups.
    """
    runs = {name: {run for text in group for run in _runs(text)} for name, group in texts.items()}
    holders: dict[tuple[str, ...], list[str]] = {}
    for name, group_runs in runs.items():
        for run in group_runs:
            holders.setdefault(run, []).append(name)
    shared = Counter(pair for names in holders.values() for pair in combinations(names, 2))
    shares = ((count / min(len(runs[a]), len(runs[b])), a, b) for (a, b), count in shared.items())
    return sorted(shares, reverse=True)


def near_duplicates(texts: Mapping[str, str], share: float = 0.5) -> Iterator[tuple[str, str]]:
    """Yield the keys of texts of which the shorter has so large a share of its runs in the longer one.

    Parameters
    ----------
    texts : mapping of str to str
        By key; a text of fewer than five words counts as one run.
    share : float
    """
    runs = {key: set(_runs(text)) for key, text in texts.items()}
    keys = list(texts)
    for i, first in enumerate(keys):
        for second in keys[i + 1 :]:
            smaller = min(len(runs[first]), len(runs[second]))
            if smaller and len(runs[first] & runs[second]) >= share * smaller:
                yield first, second


def _pairs(rows: Iterable[Row]) -> list[tuple[str, str]]:
    return [(row["claim"], row["sentence"]) for row in rows]


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    parts = words(text)
    for i in range(max(1, len(parts) - RUN + 1)) if parts else ():
        yield tuple(parts[i : i + RUN])
