"""From the data parts of a recipe to examples: read, mix, keep evaluation text out."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

from stance.corpus.examples import SPLITS, Example, label_counts, read_examples
from stance.corpus.mixture import Mixture, Part, balance, mix
from stance.corpus.sources import SOURCES, load_source
from stance.errors import InputError
from stance.train.config import DataPart, TrainConfig


def load_validation(config: TrainConfig) -> list[Example]:
    """Read the validation data of a recipe."""
    rng = random.Random(config.seed)
    examples: list[Example] = []
    for part in config.validation:
        chosen = balance(_read(part, config), part.neutral_share, rng)
        if part.max_rows and len(chosen) > part.max_rows:
            chosen = rng.sample(chosen, part.max_rows)
        examples += chosen
    return examples


def load_training(config: TrainConfig, validation: Sequence[Example]) -> Mixture:
    """Read and mix the training data of a recipe.

    Nothing that stands in the validation data or in the validation or test split of a corpus
    folder named in the recipe gets in.
    """
    parts = [
        Part(
            examples=_read(part, config),
            repeat=part.repeat,
            max_rows=part.max_rows or None,
            neutral_share=part.neutral_share,
            unrelated=part.unrelated,
        )
        for part in config.train
    ]
    held_out = [*validation, *_held_out_splits(config)]
    return mix(parts, held_out, seed=config.seed)


def describe(examples: Sequence[Example]) -> dict[str, object]:
    """Return count, labels and a digest of examples, for the provenance of a checkpoint."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update("\x1f".join((example.claim, example.sentence, example.label)).encode())
        digest.update(b"\x1e")
    return {
        "examples": len(examples),
        "labels": label_counts(examples),
        "sha256": digest.hexdigest(),
    }


def _read(part: DataPart, config: TrainConfig) -> list[Example]:
    local = Path(config.public) if config.public else None
    if part.data == "public":
        return [example for name in SOURCES for example in load_source(name, part.split, local)]
    if part.data in SOURCES:
        return load_source(part.data, part.split, local)
    path = Path(part.data)
    if not path.exists():
        raise InputError(
            f"data {part.data!r} is neither a file or folder nor a public source; expected a path or one "
            f"of: public, {', '.join(SOURCES)}"
        )
    return read_examples(path, part.split if path.is_dir() else None)


def _held_out_splits(config: TrainConfig) -> list[Example]:
    folders = {Path(part.data) for part in config.train if Path(part.data).is_dir()}
    return [
        example
        for folder in sorted(folders)
        for split in SPLITS
        if split != "train"
        for example in read_examples(folder, split)
    ]
