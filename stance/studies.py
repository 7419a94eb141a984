"""What stands around the scores of the embedded checkpoint: controls, learning curves, new outlets.

``python -m stance.studies controls``
    scores predictors that see too little, and models trained with one text hidden, on every
    evaluation set: ``training/results/controls.json``
``python -m stance.studies curves``
    trains with part of the data: ``training/results/curves.json`` and ``curves.png``
``python -m stance.studies outlets``
    trains without each outlet of kremlin_call in turn: ``training/results/outlets.json``

Every training is the recipe of the embedded checkpoint, cut to few steps: what is compared took as many.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stance.checkpoint import MANIFEST, Checkpoint, default_checkpoint, open_checkpoint
from stance.corpus.examples import Example, read_examples
from stance.corpus.shallow import SHALLOW, fit_shallow
from stance.corpus.sources import SOURCES, load_source
from stance.errors import StanceError
from stance.evaluation.harness import evaluate_classifier, report_of
from stance.evaluation.plots import plot_curves
from stance.files import write_json
from stance.inference.classifier import StanceClassifier
from stance.output import say
from stance.pages import RESULTS
from stance.publish import KREMLIN_CALL, NEWSROOM, evaluation_sets
from stance.schema import LABELS, Predictor
from stance.tables import write_table
from stance.train.config import DataPart, TrainConfig, load_config
from stance.train.data import hidden
from stance.train.export import prepare_libraries

RECIPE = Path("training/news.toml")
RUNS = Path("runs/studies")
LEARNT_FROM = 40_000
"""Public pairs, drawn at random, that shallow predictors learn from."""

SIDES = {"model, claim only": "sentence", "model, sentence only": "claim"}
"""Which text is hidden from the models that see one only."""

COSINE = "cosine of the untuned encoder"
STEPS = 800
"""Steps of every training but those of the curve over examples."""

EVENT_SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
EXAMPLES = (25_600, 51_200, 102_400)
"""Examples of the learning curve; the embedded checkpoint, with all of them, is its last point."""


def controls(public: Path, articles: Path | None, suites: Path | None) -> None:
    """Score every control on every evaluation set and write ``controls.json``.

    Parameters
    ----------
    public : Path
        Table with the public training sources.
    articles, suites : Path, optional
        As in :func:`stance.publish.score`.
    """
    blind = {name: _trained_blind(side, public) for name, side in SIDES.items()}
    fitted = {place: dict(_fitted(examples)) for place, examples in _learnt_from(public)}
    results: dict[str, dict[str, Any]] = {}
    for name, examples in evaluation_sets(articles, suites):
        place = next((place for place in fitted if name.startswith(place)), "")
        results[name] = {control: _short(one, examples) for control, one in fitted[place].items()}
        for control, classifier in blind.items():
            results[name][control] = _short(classifier, hidden(examples, SIDES[control]))
    write_json(RESULTS / "controls.json", results)


def curves(public: Path) -> None:
    """Train with part of the events, and with part of the examples; score on newsroom's validation split.

    Parameters
    ----------
    public : Path
        Table with the public training sources.
    """
    config = _recipe(public)
    tested = read_examples(NEWSROOM, "validation")
    events = len({example.group for example in read_examples(NEWSROOM, "train")})
    by_events = [
        {
            "events": round(share * events),
            **_point(_trained(_with_events(config, share), _run(share)), tested),
        }
        for share in sorted(EVENT_SHARES)
    ]
    by_examples = [
        _trained(replace(config, max_steps=count // config.batch_size), RUNS / f"examples-{count}")
        for count in EXAMPLES
    ]
    results = {
        "events": by_events,
        "examples": [_point(one, tested) for one in (*by_examples, default_checkpoint())],
    }
    write_json(RESULTS / "curves.json", results)
    plot_curves(results, RESULTS / "curves.png")


def outlets(public: Path) -> None:
    """Leave each outlet of kremlin_call out of the training in turn, and score on its test pairs.

    The scores are pooled over the outlets, so that every pair is judged by a model that has not seen its
    outlet; beside them stand those of one model that has seen all outlets.

    Parameters
    ----------
    public : Path
        Table with the public training sources.
    """
    config = _recipe(public)
    tested = read_examples(KREMLIN_CALL, "test")
    everything = StanceClassifier.from_pretrained(_trained(config, _run(1.0)).path)
    pooled = np.empty((len(tested), len(LABELS)), dtype=np.float32)
    for outlet in sorted({_outlet(example) for example in tested}):
        checkpoint = _trained(_without_outlet(config, outlet), RUNS / f"without-{outlet}")
        own = np.flatnonzero([_outlet(example) == outlet for example in tested])
        pairs = [(tested[i].claim, tested[i].sentence) for i in own]
        pooled[own] = StanceClassifier.from_pretrained(checkpoint.path).predict_proba(pairs)
    left_out = _selected(report_of(tested, pooled).metrics)
    write_json(RESULTS / "outlets.json", {"left out": left_out, "seen": _short(everything, tested)})


def _learnt_from(public: Path) -> Iterator[tuple[str, list[Example]]]:
    """Yield how the names of evaluation sets begin, and what their controls are fitted on."""
    yield KREMLIN_CALL.name, read_examples(KREMLIN_CALL, "train")
    yield NEWSROOM.name, read_examples(NEWSROOM, "train")
    pairs = [example for name in SOURCES for example in load_source(name, "train", public)]
    yield "", random.Random(13).sample(pairs, min(LEARNT_FROM, len(pairs)))


def _fitted(examples: Sequence[Example]) -> Iterator[tuple[str, Predictor]]:
    from stance.train.similarity import EncoderCosine  # here: it loads torch

    pairs = [(example.claim, example.sentence) for example in examples]
    labels = [example.label for example in examples]
    for name in SHALLOW:
        yield name, fit_shallow(name, pairs, labels)
    yield COSINE, EncoderCosine().fit(pairs, labels)


def _short(predictor: Predictor, examples: Sequence[Example]) -> dict[str, dict[str, Any]]:
    return _selected(evaluate_classifier(predictor, examples).metrics)


def _selected(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        part: {key: values[key] for key in ("macro_f1", "denies_f1", "accuracy", "interval")}
        for part, values in metrics.items()
    }


def _recipe(public: Path) -> TrainConfig:
    return replace(load_config(RECIPE), public=str(public), max_steps=STEPS, evaluations=1)


def _run(share: float) -> Path:
    """Return the folder of the training with a share of the events."""
    return RUNS / f"events-{share:g}"


def _trained_blind(side: str, public: Path) -> StanceClassifier:
    """Train the model of the recipe on both corpora with one text hidden from it."""
    config = replace(_recipe(public), hide=side)
    train, validation = (
        tuple(part for part in parts if part.data != "public") for parts in (config.train, config.validation)
    )
    checkpoint = _trained(replace(config, train=train, validation=validation), RUNS / f"without-{side}")
    return StanceClassifier.from_pretrained(checkpoint.path)


def _with_events(config: TrainConfig, share: float) -> TrainConfig:
    """Use a share of the events, each so much more often that the mixture stays the same."""

    def changed(part: DataPart) -> DataPart:
        if Path(part.data).name != NEWSROOM.name:
            return part
        return replace(part, group_share=share, repeat=round(part.repeat / share))

    return replace(config, train=tuple(map(changed, config.train)))


def _without_outlet(config: TrainConfig, outlet: str) -> TrainConfig:
    rows = [
        {"claim": example.claim, "sentence": example.sentence, "label": example.label, "group": example.group}
        for example in read_examples(KREMLIN_CALL, "train")
        if _outlet(example) != outlet
    ]
    table = RUNS / f"without-{outlet}.parquet"
    write_table(table, rows, tuple(rows[0]))

    def changed(part: DataPart) -> DataPart:
        return replace(part, data=str(table)) if Path(part.data).name == KREMLIN_CALL.name else part

    return replace(config, train=tuple(map(changed, config.train)))


def _outlet(example: Example) -> str:
    return dict(example.facets)["article"]


def _point(checkpoint: Checkpoint, tested: Sequence[Example]) -> dict[str, Any]:
    provenance = checkpoint.provenance
    return {
        "examples": provenance["steps"] * provenance["recipe"]["batch_size"],
        **_short(StanceClassifier.from_pretrained(checkpoint.path), tested)["all"],
    }


def _trained(config: TrainConfig, out: Path) -> Checkpoint:
    """Train, or open what an earlier call with the same recipe has left."""
    from stance.train.trainer import train  # here: it loads torch

    if (out / MANIFEST).is_file():
        return open_checkpoint(out)
    return train(config, out)


def main() -> int:
    """Run one of the commands from the root of a clone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("command", choices=["controls", "curves", "outlets"])
    parser.add_argument("--public", type=Path, required=True, help="table with the public training sources")
    parser.add_argument("--articles", type=Path, help="folder of the verbatim articles")
    parser.add_argument("--suites", type=Path, help="folder of public evaluation sets")
    options = parser.parse_args()
    prepare_libraries()
    try:
        if options.command == "controls":
            controls(options.public, options.articles, options.suites)
        elif options.command == "curves":
            curves(options.public)
        else:
            outlets(options.public)
    except StanceError as error:
        say(f"studies: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
