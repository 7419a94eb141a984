"""The number formats of the CPU runtime: their rates, and what they do to labels and scores.

Scores are those of the validation splits, on which formats may be chosen.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
from sklearn.metrics import f1_score
from stance.checkpoint import open_checkpoint
from stance.corpus.examples import Example, read_examples
from stance.inference.classifier import StanceClassifier
from stance.inference.cpu import CpuBackend
from stance.inference.precision import available_precisions
from stance.schema import LABELS

from benchmarks.speed.options import Options, use_cores
from benchmarks.speed.pairs import NEWSROOM, Pair, real_pairs

VALIDATION = (NEWSROOM, NEWSROOM.with_name("kremlin_call"))


def measure(options: Options) -> dict[str, Any]:
    """Classify with every format that this processor has, by turns."""
    use_cores(options.threads)
    checkpoint = open_checkpoint(options.checkpoint)
    classifiers = {
        one: StanceClassifier(checkpoint, CpuBackend(checkpoint, threads=options.threads, precision=one))
        for one in available_precisions()
    }
    timed = real_pairs(options.pairs)
    seconds: dict[str, list[float]] = {one: [] for one in classifiers}
    for _ in range(1 + options.rounds):  # the first round does not count
        for name, classifier in classifiers.items():
            seconds[name].append(_seconds(classifier, timed))
    examples = [one for corpus in VALIDATION for one in read_examples(corpus, "validation")]
    examples = examples[: options.scored or None]
    found = {name: _predicted(classifier, examples) for name, classifier in classifiers.items()}
    right = [LABELS.index(one.label) for one in examples]
    return {
        "pairs": options.pairs,
        "scored": len(examples),
        "formats": {
            name: {
                "pairs_per_second": options.pairs / statistics.median(seconds[name][1:]),
                "label_agreement": float((found[name].argmax(axis=1) == found["f32"].argmax(axis=1)).mean()),
                "mean_difference": float(np.abs(found[name] - found["f32"]).mean()),
                "macro_f1": float(f1_score(right, found[name].argmax(axis=1), average="macro")),
            }
            for name in classifiers
        },
    }


def _seconds(classifier: StanceClassifier, pairs: list[Pair]) -> float:
    started = time.perf_counter()
    classifier.predict_proba(pairs)
    return time.perf_counter() - started


def _predicted(classifier: StanceClassifier, examples: list[Example]) -> Any:
    return classifier.predict_proba([(one.claim, one.sentence) for one in examples])
