"""From the data parts of a recipe to examples: read, mix, keep evaluation text out."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from stance.corpus.examples import (
    SPLITS,
    Example,
    label_counts,
    pairs_digest,
    read_examples,
    read_other_splits,
    read_split,
)
from stance.corpus.mixture import Mixture, Part, balance, mix
from stance.corpus.sources import SOURCES, load_source
from stance.errors import InputError
from stance.train.config import DataPart, TrainConfig

HIDDEN = "-"
"""Stands where a text is hidden from the model."""


def load_data(config: TrainConfig) -> tuple[Mixture, list[Example]]:
    """Read and mix the training data of a recipe, and read its validation data.

    Nothing that stands in the validation data, or in the validation or test split of a corpus
    folder named in the recipe, or in another split of a table than the one trained on, gets into the
    training data. Where the recipe names no validation data, a share of the training groups is set
    apart for it.

    Returns
    -------
    mixture : Mixture
    validation : list of Example
    """
    rng = random.Random(config.seed)
    read = [(part, _read(part, config)) for part in config.train]
    if config.validation:
        validation = [example for part in config.validation for example in _chosen(part, config, rng)]
    else:
        groups = _validation_groups([examples for _, examples in read], config.validation_share)
        validation = [e for _, examples in read for e in examples if e.group in groups]
        read = [(part, [e for e in examples if e.group not in groups]) for part, examples in read]
    parts = [
        Part(
            examples=examples,
            repeat=part.repeat,
            max_rows=part.max_rows or None,
            neutral_share=part.neutral_share,
            unrelated=part.unrelated,
            crossed=part.crossed,
        )
        for part, examples in read
    ]
    held_out = [*validation, *_held_out_splits(config)]
    mixture = mix(parts, held_out, seed=config.seed)
    # hidden only now: what makes a pair a duplicate or a leak is the whole pair
    return replace(mixture, examples=hidden(mixture.examples, config.hide)), hidden(validation, config.hide)


def hidden(examples: Sequence[Example], side: str) -> list[Example]:
    """Return the examples with ``-`` in the place of one text: ``"claim"``, ``"sentence"``, or none."""
    if side == "claim":
        return [example._replace(claim=HIDDEN) for example in examples]
    if side == "sentence":
        return [example._replace(sentence=HIDDEN) for example in examples]
    return list(examples)


def describe(examples: Sequence[Example]) -> dict[str, object]:
    """Return count, labels and a digest of examples, for the provenance of a checkpoint."""
    return {
        "examples": len(examples),
        "labels": label_counts(examples),
        "sha256": pairs_digest(examples),
    }


def _read(part: DataPart, config: TrainConfig) -> list[Example]:
    examples = _read_all(part, config)
    if part.group_share == 1:
        return examples
    chosen = _groups([examples], part.group_share)
    return [example for example in examples if example.group in chosen]


def _read_all(part: DataPart, config: TrainConfig) -> list[Example]:
    local = Path(config.public) if config.public else None
    if part.data == "public":
        return [example for name in SOURCES for example in load_source(name, part.split, local)]
    if part.data in SOURCES:
        return load_source(part.data, part.split, local)
    path = Path(part.data)
    if not path.exists():
        raise InputError(
            f"data {part.data!r} does not exist; expected a .csv, .jsonl or .parquet file, a corpus folder, "
            f"or a public source: public, {', '.join(SOURCES)}"
        )
    return read_examples(path, part.split)


def _chosen(part: DataPart, config: TrainConfig, rng: random.Random) -> list[Example]:
    chosen = balance(_read(part, config), part.neutral_share, rng)
    return rng.sample(chosen, part.max_rows) if 0 < part.max_rows < len(chosen) else chosen


def _validation_groups(parts: Sequence[Sequence[Example]], share: float) -> set[str]:
    if len({example.group for examples in parts for example in examples}) < 2:
        raise InputError(
            "the training data hold one group (claim, event) only, so nothing can be set apart for "
            "validation; add groups or name validation data in the recipe: [[validation]] data = ..."
        )
    return _groups(parts, share)


def _groups(parts: Sequence[Sequence[Example]], share: float) -> set[str]:
    """Choose groups by their hash, so that the choice is the same whatever the order of rows."""
    groups = sorted(
        {example.group for examples in parts for example in examples},
        key=lambda group: hashlib.sha256(group.encode()).digest(),
    )
    return set(groups[: max(1, round(share * len(groups)))])


def _held_out_splits(config: TrainConfig) -> list[Example]:
    trained: dict[Path, set[str]] = {}
    for part in config.train:
        trained.setdefault(Path(part.data), set()).add(part.split)
    return [example for place in sorted(trained) for example in _held_out(place, trained[place])]


def _held_out(place: Path, trained: Collection[str]) -> list[Example]:
    if place.is_file():
        return read_other_splits(place, trained)
    # a public source is no place, and a corpus for training alone has no other splits
    return [example for split in SPLITS if split != "train" for example in read_split(place, split)]
