"""Learning curves: what more events, and more examples, bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.checkpoint import Checkpoint, default_checkpoint
from stance.corpus.examples import Example, read_examples
from stance.evaluation.plots import plot_curves
from stance.inference.classifier import StanceClassifier
from stance.publish import NEWSROOM
from stance.results import RESULTS, write_result
from stance.studies.runs import RUNS, STEPS, folder_of_events, short_recipe, short_scores, trained
from stance.train.config import DataPart, TrainConfig

EVENT_SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
EXAMPLES = (6_400, 12_800, 25_600)
"""Examples of the learning curve; the embedded checkpoint, with all of them, is its last point."""


def curves(public: Path) -> None:
    """Train with part of the events, and with part of the examples; score on newsroom's validation split.

    Parameters
    ----------
    public : Path
        Table with the public training sources.
    """
    config = short_recipe(public)
    tested = read_examples(NEWSROOM, "validation")
    events = len({example.group for example in read_examples(NEWSROOM, "train")})
    by_events = [
        {
            "events": round(share * events),
            **_point(trained(with_events(config, share), folder_of_events(share)), tested),
        }
        for share in sorted(EVENT_SHARES)
    ]
    by_examples = [
        trained(replace(config, max_steps=count // config.batch_size), _folder(count, config))
        for count in EXAMPLES
    ]
    results = {
        "events": by_events,
        "examples": [_point(one, tested) for one in (*by_examples, default_checkpoint())],
    }
    write_result("curves", results)
    plot_curves(results, RESULTS / "curves.png")


def with_events(config: TrainConfig, share: float) -> TrainConfig:
    """Use a share of the events, each so much more often that the mixture stays the same."""

    def changed(part: DataPart) -> DataPart:
        if Path(part.data).name != NEWSROOM.name:
            return part
        return replace(part, group_share=share, repeat=round(part.repeat / share))

    return replace(config, train=tuple(map(changed, config.train)))


def _folder(count: int, config: TrainConfig) -> Path:
    """Return where the training on so many examples lies: with all events it may be there already."""
    return folder_of_events(1.0) if count == STEPS * config.batch_size else RUNS / f"examples-{count}"


def _point(checkpoint: Checkpoint, tested: Sequence[Example]) -> dict[str, Any]:
    provenance = checkpoint.provenance
    return {
        "examples": provenance["steps"] * provenance["recipe"]["batch_size"],
        **short_scores(StanceClassifier.from_pretrained(checkpoint.path), tested)["all"],
    }
