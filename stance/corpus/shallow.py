"""Predictors that see too little to judge: what any real model has to leave behind.

Each is fitted on labelled pairs and fulfils the Predictor protocol, so that it is scored like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

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

TEXTS = {"claim only": (0,), "sentence only": (1,), "bag of words": (0, 1)}
"""Which of claim (0) and sentence (1) a bag-of-words predictor sees."""

OVERLAP = "word overlap and negation"
MAJORITY = "majority"
SHALLOW = (MAJORITY, *TEXTS, OVERLAP)
"""Names of all shallow predictors."""

Pairs = Sequence[tuple[str, str]]


class Shallow:
    """A fitted shallow predictor; made by :func:`fit_shallow`."""

    def __init__(self, features: Any, model: Any) -> None:
        self._features, self._model = features, model

    def predict_proba(self, pairs: Pairs) -> npt.NDArray[np.float32]:
        """Return probabilities of shape ``(n_pairs, 3)`` in the order of ``LABELS``."""
        known = self._model.predict_proba(self._features(pairs))
        probabilities = np.zeros((len(pairs), len(LABELS)), dtype=np.float32)
        probabilities[:, self._model.classes_] = known
        return probabilities


def fit_shallow(name: str, pairs: Pairs, labels: Sequence[Label]) -> Shallow:
    """Fit one of the shallow predictors.

    Parameters
    ----------
    name : str
        One of ``SHALLOW``. ``majority`` knows how frequent the labels are; ``claim only``,
        ``sentence only`` and ``bag of words`` (both texts, apart) are TF-IDF logistic regressions over
        words and word pairs; ``word overlap and negation`` is a logistic regression over the
        share of the claim's words that the sentence has and over which of the two texts has a
        denial word. All but the first weight the labels equally.
    pairs : sequence of (claim, sentence)
    labels : sequence of Label
        Of the same length.

    Raises
    ------
    DataError
        If there are fewer than two labels to learn from.
    MissingExtraError
        Without scikit-learn (extra: train).
    """
    if len(set(labels)) < 2:
        raise DataError(f"{name!r} needs pairs of two labels at least to learn from; {len(labels)} given")
    columns = [LABELS.index(label) for label in labels]
    if name == MAJORITY:
        features: Any = _nothing
        model = require("sklearn.dummy", "train").DummyClassifier(strategy="prior")
    elif name == OVERLAP:
        features, model = overlap_features, _logistic_regression()
    else:
        features = _as_table
        model = require("sklearn.pipeline", "train").make_pipeline(
            _bags_of_words(TEXTS[name]), _logistic_regression()
        )
    model.fit(features(pairs), columns)
    return Shallow(features, model)


def overlap_features(pairs: Pairs) -> npt.NDArray[np.float64]:
    """Return overlap, denial in the claim, in the sentence, in just one of them: shape ``(n_pairs, 4)``."""
    rows = []
    for claim, sentence in pairs:
        one, other = set(words(claim)), set(words(sentence))
        denied = [bool(DENIAL_WORDS & side) for side in (one, other)]
        rows.append((len(one & other) / max(1, len(one)), *denied, denied[0] != denied[1]))
    return np.array(rows, dtype=np.float64)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; ``didn't`` is ``did`` and ``n't``."""
    folded = text.lower().replace("’", "'")
    return re.findall(r"n't|\w+?(?=n't)|\w+", folded)


def _logistic_regression() -> Any:
    linear = require("sklearn.linear_model", "train")
    return linear.LogisticRegression(max_iter=2000, class_weight="balanced")


def _bags_of_words(columns: Sequence[int]) -> Any:
    text = require("sklearn.feature_extraction.text", "train")
    return require("sklearn.compose", "train").ColumnTransformer(
        [
            (str(column), text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), column)
            for column in columns
        ]
    )


def _as_table(pairs: Pairs) -> npt.NDArray[np.object_]:
    return np.asarray(pairs, dtype=object).reshape(len(pairs), 2)


def _nothing(pairs: Pairs) -> npt.NDArray[np.float64]:
    return np.zeros((len(pairs), 1))
