"""Emergent (Ferreira and Vlachos 2016): rumours and the headlines that are for, against or observing them.

Scores the embedded checkpoint as it is on the headlines that take a side, fine-tunes it by
``training/emergent.toml``, and scores that on all headlines of the published test split. Beside that one
model stands the mean of five, each selected on another fifth of the training rumours; what they say of those
is the score by which to choose a recipe.

    make emergent TRAIN=/path/to/train.parquet TEST=/path/to/test.parquet

Both tables have the columns claim, sentence, label and group (the rumour).

Writes ``training/results/emergent.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold
from stance import Label, StanceClassifier
from stance.corpus.examples import Example, read_examples
from stance.evaluation.harness import evaluate_classifier, report_of
from stance.results import write_result
from stance.schema import LABELS
from stance.studies.runs import write_examples
from stance.train.config import DataPart, TrainConfig
from stance.train.libraries import prepare_libraries
from stance.train.recipe import load_config
from stance.train.trainer import train

RECIPE = Path("training/emergent.toml")
FOLDS = 5
PUBLISHED = {
    "logistic regression of 2016, on its own test rows": {
        "accuracy": 0.733, "macro_f1": 0.723, "denies_f1": 0.757,
    }
}  # fmt: skip


def run(training: Path, test: Path, out: Path) -> dict[str, Any]:
    """Do the whole benchmark and return its results."""
    tested = read_examples(test)
    recipe = replace(load_config(RECIPE), train=(DataPart(data=str(training)),))
    checkpoint = train(recipe, out / "one", resume=True)
    report = evaluate_classifier(StanceClassifier.from_pretrained(checkpoint.path), tested, "emergent")
    held_out, several = cross_fitted(recipe, read_examples(training), out)
    mean = np.mean([model.predict_proba(_pairs(tested)) for model in several], axis=0)
    return {
        "for or against, as embedded": _sides(StanceClassifier.from_pretrained(), tested),
        "fine-tuned": report.metrics["all"],
        "folds": {"held out": held_out, "mean of the models": report_of(tested, mean).metrics["all"]},
        "published": PUBLISHED,
        "training": dict(checkpoint.provenance),
    }


def cross_fitted(
    recipe: TrainConfig, examples: Sequence[Example], out: Path
) -> tuple[Mapping[str, Any], list[StanceClassifier]]:
    """Train a model for every fold, selected on that fold; return the scores there, and the models."""
    probabilities = np.empty((len(examples), len(LABELS)))
    models = []
    folds = GroupKFold(FOLDS).split(examples, groups=[one.group for one in examples])
    for number, (fitted, held_out) in enumerate(folds):
        unseen = [examples[place] for place in held_out]
        known = write_examples([examples[place] for place in fitted], out / f"train{number}.parquet")
        selected_on = write_examples(unseen, out / f"validation{number}.parquet")
        of_fold = replace(
            recipe, train=(DataPart(data=str(known)),), validation=(DataPart(data=str(selected_on)),)
        )
        checkpoint = train(of_fold, out / f"model{number}", resume=True)
        models.append(StanceClassifier.from_pretrained(checkpoint.path))
        probabilities[held_out] = models[-1].predict_proba(_pairs(unseen))
    return report_of(examples, probabilities).metrics["all"], models


def _pairs(examples: Sequence[Example]) -> list[tuple[str, str]]:
    return [(one.claim, one.sentence) for one in examples]


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
    for name, scores in (
        ("for or against, as embedded", results["for or against, as embedded"]),
        ("fine-tuned", results["fine-tuned"]),
        *results["folds"].items(),
    ):
        print(name, {key: value for key, value in scores.items() if isinstance(value, float)})
