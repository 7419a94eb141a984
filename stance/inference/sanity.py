"""Three pairs that a stance model gets right; one that does not was not trained, or has other labels."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from stance.schema import Label

if TYPE_CHECKING:
    from stance.inference.classifier import StanceClassifier

CLAIM = "The minister resigned."

PLAIN_CASES = (
    ("the claim itself", CLAIM, Label.SUPPORTS),
    ("an explicit denial", "The minister did not resign.", Label.DENIES),
    ("something unrelated", "Milk prices rose by two percent last year.", Label.NEUTRAL),
)
"""What a sentence is to the claim, the sentence, and its label."""


def doubts_about(classifier: StanceClassifier) -> list[str]:
    """Return what is wrong with a model that fails plain cases; nothing for one that passes.

    A case that does not fit into the model's longest input tells nothing and is passed over.
    """
    fitting = [case for case in PLAIN_CASES if not classifier.pair_problem(CLAIM, case[1])]
    given = classifier.predict([(CLAIM, sentence) for _, sentence, _ in fitting])
    return [
        f"{what} is labelled {label}, expected {expected}"
        for (what, _, expected), label in zip(fitting, given, strict=True)
        if label is not expected
    ]


def tell_doubts(classifier: StanceClassifier) -> None:
    """Log a warning where a model fails plain cases.

    No error: a model for other claims or another language may well fail them and be of use.
    """
    doubts = doubts_about(classifier)
    if doubts:
        logging.getLogger("stance").warning(
            "model %s fails plain cases (%s); evaluate it before you rely on it: stance evaluate --model",
            classifier.checkpoint.path,
            "; ".join(doubts),
        )
