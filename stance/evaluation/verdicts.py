"""How often the verdict of a whole article is right, where only its sentences are labelled.

The true verdict follows from the labels of the sentences as the predicted one from the model's: both sides
*disputed*, one side that side, else *neutral*. The rule is that of :class:`stance.verdicts.ArticleCheck`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stance.corpus.examples import Example
from stance.evaluation.metrics import f1_of
from stance.resampling import SAMPLES, Counts, count_pairs, estimate, resample
from stance.schema import LABELS, STORY_KINDS, Label
from stance.verdicts import DECISIVE, Verdict, verdict_of

VERDICTS = tuple(Verdict)
ARTICLE, OUTLET, KIND = "article", "outlet", "kind of sentence"
"""Facets that tell whose article a sentence is from (the first that a pair has), and what it is in it."""


class ArticleCell(NamedTuple):
    """A claim in an article: the verdict by the labels, and the one by the model."""

    group: str
    claim: str
    article: str
    truth: Verdict
    given: Verdict


def article_cells(
    examples: Sequence[Example], probabilities: npt.NDArray[np.floating], decisive: float = DECISIVE
) -> list[ArticleCell]:
    """Return both verdicts of every article on every claim that it was labelled for.

    Parameters
    ----------
    examples : sequence of Example
        Those that name neither article nor outlet are passed over, and so is boilerplate.
    probabilities : ndarray of shape (n_examples, 3)
        A row of NaN, a prediction that failed, takes no side.
    decisive : float
        Probability from which a sentence counts.
    """
    sides: defaultdict[tuple[str, str, str], tuple[set[Label], set[Label]]]
    sides = defaultdict(lambda: (set(), set()))
    for example, row in zip(examples, probabilities, strict=True):
        facets = dict(example.facets)
        article = facets.get(ARTICLE, facets.get(OUTLET))
        if article is None or facets.get(KIND, "content") not in STORY_KINDS:
            continue
        truth, given = sides[example.group, example.claim, article]
        truth.add(example.label)
        best = int(row.argmax())
        if row[best] >= decisive:  # false for NaN
            given.add(LABELS[best])
    return [
        ArticleCell(*cell, verdict_of(truth), verdict_of(given)) for cell, (truth, given) in sides.items()
    ]


def verdict_scores(cells: Sequence[ArticleCell], samples: int = SAMPLES) -> dict[str, Any]:
    """Return accuracy and macro-F1 with their intervals, F1 of every verdict, and the confusion.

    Intervals are bootstrap intervals over groups. Macro-F1 is over the four verdicts; one that is neither
    true nor given counts as 0.
    """
    counts = count_pairs(
        _numbers(cell.truth for cell in cells),
        _numbers(cell.given for cell in cells),
        [cell.group for cell in cells],
        len(VERDICTS),
    )
    drawn = resample(counts, samples)
    accuracy = estimate(_accuracy, counts, drawn)
    macro = estimate(lambda c: f1_of(c).mean(axis=-1), counts, drawn)
    confusion = counts.sum(axis=0)
    return {
        "n": len(cells),
        "clusters": len(counts),
        "verdicts": [verdict.value for verdict in VERDICTS],
        "accuracy": accuracy.value,
        "macro_f1": macro.value,
        "interval": {"accuracy": list(accuracy[1:]), "macro_f1": list(macro[1:])},
        "f1": {v.value: float(f1) for v, f1 in zip(VERDICTS, f1_of(confusion), strict=True)},
        "confusion": confusion.astype(int).tolist(),
    }


def verdicts_of_report(
    predictions: Iterable[Mapping[str, Any]], examples: Sequence[Example]
) -> dict[str, Any]:
    """Score the verdicts behind the predictions of an evaluation; empty where articles are not told apart.

    Parameters
    ----------
    predictions : iterable of mapping
        As :class:`stance.evaluation.harness.EvaluationReport` holds them.
    examples : sequence of Example
        What was predicted, in the same order.
    """
    rows = [[row[label.value] for label in LABELS] for row in predictions]
    cells = article_cells(examples, np.array(rows, dtype=np.float64))
    return verdict_scores(cells) if cells else {}


def _numbers(verdicts: Iterable[Verdict]) -> list[int]:
    return [VERDICTS.index(verdict) for verdict in verdicts]


def _accuracy(confusion: Counts) -> npt.NDArray[np.float64]:
    hits: npt.NDArray[np.float64] = np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum(axis=(-2, -1))
    return hits
