"""What the studies share: short trainings by the last recipe that needs no teacher, and short scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.checkpoint import MANIFEST, Checkpoint, open_checkpoint
from stance.corpus.examples import Example
from stance.errors import CheckpointError
from stance.evaluation.harness import evaluate_classifier
from stance.schema import Predictor
from stance.tables import write_table
from stance.train.config import TrainConfig
from stance.train.recipe import load_config

RECIPE = Path("training/news.toml")
RUNS = Path("runs/studies")
STEPS = 400
"""Steps of the trainings that are compared with each other."""


def short_recipe(public: Path, steps: int = STEPS) -> TrainConfig:
    """Return the recipe, cut to few steps."""
    return replace(load_config(RECIPE), public=str(public), max_steps=steps, evaluations=1)


def folder_of_events(share: float) -> Path:
    """Return the folder of the training with a share of the events."""
    return RUNS / f"events-{share:g}"


def trained(config: TrainConfig, out: Path) -> Checkpoint:
    """Train, or open what an earlier call with the same recipe has left.

    Raises
    ------
    CheckpointError
        If the folder holds a checkpoint of another recipe.
    """
    from stance.train.trainer import train  # here: it loads torch

    if not (out / MANIFEST).is_file():
        return train(config, out)
    found = open_checkpoint(out)
    if found.provenance["recipe"] != json.loads(json.dumps(config.to_dict())):
        raise CheckpointError(f"{out} holds a checkpoint of another recipe; remove the folder to train anew")
    return found


def short_scores(predictor: Predictor, examples: Sequence[Example]) -> dict[str, dict[str, Any]]:
    """Evaluate, and return the main scores of every part."""
    return selected_scores(evaluate_classifier(predictor, examples).metrics)


def selected_scores(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the main scores of every part of an evaluation, with their intervals."""
    return {
        part: {key: values[key] for key in ("macro_f1", "denies_f1", "accuracy", "interval")}
        for part, values in metrics.items()
    }


def write_examples(examples: Sequence[Example], table: Path) -> Path:
    """Write what a training reads of examples as a table that a recipe can name, and return its path.

    Not as CSV: an unknown voice would be read from it as the outlet's own words.
    """
    rows = [
        {
            "claim": example.claim,
            "sentence": example.sentence,
            "label": example.label.value,
            "group": example.group,
            "related": example.related,
            "voice": None if example.voice is None else example.sentence[slice(*example.voice)],
            "voice_start": None if example.voice is None else example.voice[0],
        }
        for example in examples
    ]
    write_table(table, rows, tuple(rows[0]))
    return table
