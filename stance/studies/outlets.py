"""Outlets that the training has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from stance.corpus.build import PAIR_COLUMNS, build_corpus, write_splits
from stance.corpus.examples import Example, read_examples
from stance.corpus.folds import leave_out
from stance.evaluation.harness import report_of
from stance.inference.classifier import StanceClassifier
from stance.publish import KREMLIN_CALL
from stance.results import write_result
from stance.schema import LABELS
from stance.studies.runs import RUNS, folder_of_events, selected_scores, short_recipe, short_scores, trained
from stance.train.config import DataPart, TrainConfig


def outlets(public: Path) -> None:
    """Leave each outlet of kremlin_call out of the training in turn, and score on its test pairs.

    The scores are pooled over the outlets, so that every pair is judged by a model that has not seen its
    outlet; beside them stand those of one model that has seen all outlets.

    Parameters
    ----------
    public : Path
        Table with the public training sources.
    """
    config = short_recipe(public)
    tested = read_examples(KREMLIN_CALL, "test")
    everything = StanceClassifier.from_pretrained(trained(config, folder_of_events(1.0)).path)
    pooled = np.empty((len(tested), len(LABELS)), dtype=np.float32)
    for outlet in sorted({outlet_of(example) for example in tested}):
        checkpoint = trained(without_outlet(config, outlet), RUNS / f"without-{outlet}")
        own = np.flatnonzero([outlet_of(example) == outlet for example in tested])
        pairs = [(tested[i].claim, tested[i].sentence) for i in own]
        pooled[own] = StanceClassifier.from_pretrained(checkpoint.path).predict_proba(pairs)
    left_out = selected_scores(report_of(tested, pooled).metrics)
    seen = short_scores(everything, tested)
    write_result("outlets", {"outlets": {"left out": left_out, "seen": seen}})


def without_outlet(config: TrainConfig, outlet: str) -> TrainConfig:
    """Return the recipe with a corpus folder for kremlin_call that has the outlet in its test split only."""
    folder = RUNS / f"{KREMLIN_CALL.name}-without-{outlet}"
    write_splits(leave_out(build_corpus(KREMLIN_CALL), outlet), folder, PAIR_COLUMNS)

    def changed(part: DataPart) -> DataPart:
        return replace(part, data=str(folder)) if Path(part.data).name == KREMLIN_CALL.name else part

    return replace(
        config, train=tuple(map(changed, config.train)), validation=tuple(map(changed, config.validation))
    )


def outlet_of(example: Example) -> str:
    """Return whose article the sentence is from."""
    return dict(example.facets)["article"]
