"""Emergent (Ferreira and Vlachos 2016): rumours and the headlines that are for, against or observing them.

Scores the embedded checkpoint as it is on the headlines that take a side, fine-tunes it by
``training/emergent.toml``, and scores that on all headlines of the published test split.

    make emergent TRAIN=/path/to/train.parquet TEST=/path/to/test.parquet

Both tables have the columns claim, sentence, label and group (the rumour).

Writes ``training/results/emergent.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance import Label, StanceClassifier
from stance.corpus.examples import Example, read_examples
from stance.evaluation.harness import evaluate_classifier
from stance.results import write_result
from stance.schema import LABELS
from stance.train.config import DataPart
from stance.train.libraries import prepare_libraries
from stance.train.recipe import load_config
from stance.train.trainer import train

RECIPE = Path("training/emergent.toml")
PUBLISHED = {
    "logistic regression of 2016, on its own test rows": {
        "accuracy": 0.733, "macro_f1": 0.723, "denies_f1": 0.757,
    }
}  # fmt: skip


def run(training: Path, test: Path, out: Path) -> dict[str, Any]:
    """Do the whole benchmark and return its results."""
    tested = read_examples(test)
    checkpoint = train(replace(load_config(RECIPE), train=(DataPart(data=str(training)),)), out)
    report = evaluate_classifier(StanceClassifier.from_pretrained(checkpoint.path), tested, "emergent")
    return {
        "for or against, as embedded": _sides(StanceClassifier.from_pretrained(), tested),
        "fine-tuned": report.metrics["all"],
        "published": PUBLISHED,
        "training": dict(checkpoint.provenance),
    }


def _sides(classifier: StanceClassifier, examples: Sequence[Example]) -> dict[str, float]:
    """Score headlines that take a side: right if the right side is the more probable of the two."""
    chosen = [example for example in examples if example.label is not Label.NEUTRAL]
    probabilities = classifier.predict_proba([(one.claim, one.sentence) for one in chosen])
    sides = probabilities[:, [LABELS.index(Label.SUPPORTS), LABELS.index(Label.DENIES)]].argmax(axis=1)
    right = [
        (Label.SUPPORTS, Label.DENIES)[side] is one.label for side, one in zip(sides, chosen, strict=True)
    ]
    return {"n": len(chosen), "accuracy": sum(right) / len(right)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--train", type=Path, required=True, help="table of the training split")
    parser.add_argument("--test", type=Path, required=True, help="table of the test split")
    parser.add_argument("--out", type=Path, default=Path("runs/emergent"), help="folder of the checkpoint")
    options = parser.parse_args()
    prepare_libraries()
    results = run(options.train, options.test, options.out)
    write_result("emergent", results)
    for name in ("for or against, as embedded", "fine-tuned"):
        print(name, {key: value for key, value in results[name].items() if isinstance(value, float)})
