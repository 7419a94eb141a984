"""A user's fine-tuning on few pairs: what it brings on such pairs, and what it costs elsewhere."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stance.checkpoint import default_checkpoint
from stance.corpus.examples import Example, read_examples
from stance.errors import InputError
from stance.inference.classifier import StanceClassifier
from stance.results import write_result
from stance.studies.runs import RUNS, short_scores, trained, write_examples
from stance.train.config import DataPart
from stance.train.recipe import load_config

OWN_PAIRS = Path("training/own_pairs.toml")
PAIRS = 300
"""Pairs that the user has."""


def forgetting(pairs: Path, other: Path) -> None:
    """Fine-tune the embedded checkpoint on 300 pairs and write ``forgetting.json``.

    Parameters
    ----------
    pairs : Path
        Labelled pairs in groups. The fine-tuning takes 300 of one half of the groups; those of the other
        half are scored before and after.
    other : Path
        Labelled pairs of quite another kind, scored before and after.

    Raises
    ------
    InputError
        If half of the groups hold fewer than 300 pairs.
    """
    own, held_out = halves(read_examples(pairs))
    table = write_examples(own, RUNS / "own_pairs.parquet")
    recipe = replace(load_config(OWN_PAIRS), train=(DataPart(data=str(table)),))
    models = {"embedded": default_checkpoint(), "fine-tuned": trained(recipe, RUNS / "own_pairs")}
    sets = {"pairs like them": held_out, other.stem: read_examples(other)}
    scores = {
        name: {
            model: short_scores(StanceClassifier.from_pretrained(one.path), examples)["all"]
            for model, one in models.items()
        }
        for name, examples in sets.items()
    }
    provenance = models["fine-tuned"].provenance
    write_result("forgetting", {"scores": scores, "training": dict(provenance)})


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Return ``PAIRS`` pairs of one half of the groups, and every pair of the other half."""
    rng = random.Random(13)
    groups = sorted({example.group for example in examples})
    rng.shuffle(groups)
    chosen = set(groups[: len(groups) // 2])
    own = [example for example in examples if example.group in chosen]
    if len(own) < PAIRS:
        raise InputError(f"half of the groups hold {len(own)} pairs; expected at least {PAIRS}")
    return rng.sample(own, PAIRS), [example for example in examples if example.group not in chosen]
