"""What a corpus gives away: labels that follow from one of the two texts, from words, or from length.

A model that sees the claim only, or the sentence only, should do little better than chance; one that
counts words of both should be far below one that reads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from stance.corpus.build import Row
from stance.errors import DataError, require
from stance.schema import LABELS, Label

DENIAL_WORDS = frozenset({
    "no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "n't",
    "deny", "denies", "denied", "denying", "denial", "denials", "reject", "rejects", "rejected",
    "rejecting", "dismiss", "dismisses", "dismissed", "dismissing", "refute", "refutes", "refuted",
    "refuse", "refuses", "refused", "false", "untrue", "invented", "fiction", "contradict",
    "contradicts", "contradicted",
})  # fmt: skip
"""Words that a careless model takes for a denial."""

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

    Each is a TF-IDF logistic regression over words and word pairs, classes weighted equally, fitted
    on ``train``: ``claim only``, ``sentence only``, and ``bag of words`` (both texts, apart).

    Raises
    ------
    DataError
        If there is nothing to learn from or to test on.
    MissingExtraError
        Without scikit-learn (extra: train).
    """
    if len({row["label"] for row in train}) < 2 or not test:
        raise DataError("what gives the label away needs train pairs of two labels at least, and test pairs")
    pipeline = require("sklearn.pipeline", "train")
    text = require("sklearn.feature_extraction.text", "train")
    compose = require("sklearn.compose", "train")
    linear = require("sklearn.linear_model", "train")
    metrics = require("sklearn.metrics", "train")
    names = [label.value for label in LABELS]
    scores = {}
    for name, columns in (
        ("claim only", ("claim",)),
        ("sentence only", ("sentence",)),
        ("bag of words", ("claim", "sentence")),
    ):
        features = compose.ColumnTransformer(
            [
                (column, text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), place)
                for place, column in enumerate(columns)
            ]
        )
        model = pipeline.make_pipeline(
            features, linear.LogisticRegression(max_iter=2000, class_weight="balanced")
        )
        seen, unseen = (
            np.asarray([[row[column] for column in columns] for row in rows], dtype=object)
            for rows in (train, test)
        )
        model.fit(seen, [row["label"] for row in train])
        predicted = model.predict(unseen)
        reference = [row["label"] for row in test]
        scores[name] = float(
            metrics.f1_score(reference, predicted, labels=names, average="macro", zero_division=0)
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


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; ``didn't`` is ``did`` and ``n't``."""
    folded = text.lower().replace("’", "'")
    return re.findall(r"n't|\w+?(?=n't)|\w+", folded)


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    parts = words(text)
    for i in range(max(1, len(parts) - RUN + 1)) if parts else ():
        yield tuple(parts[i : i + RUN])
