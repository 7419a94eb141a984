"""What stands around the scores of the embedded checkpoint: controls, and learning curves.

``python -m stance.studies controls``
    scores predictors that see too little, and models trained with one text hidden, on every
    evaluation set: ``training/results/controls.json``
``python -m stance.studies curves``
    trains with part of the data: ``training/results/curves.json`` and ``curves.png``
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.checkpoint import MANIFEST, Checkpoint, open_checkpoint
from stance.corpus.examples import Example, read_examples
from stance.corpus.shallow import SHALLOW, fit_shallow
from stance.corpus.sources import SOURCES, load_source
from stance.errors import StanceError
from stance.evaluation.harness import evaluate_classifier
from stance.evaluation.plots import plot_curves
from stance.files import write_json
from stance.inference.classifier import StanceClassifier
from stance.output import say
from stance.pages import RESULTS
from stance.publish import KREMLIN_CALL, NEWSROOM, evaluation_sets
from stance.schema import Predictor
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
EVENT_SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
EXAMPLES = (25_000, 50_000, 100_000, 200_000)
CURVE_PUBLIC = 30_000
"""Public pairs beside the events of the learning curve over events."""


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

    Every run over part of the events takes as many steps as the one over all of them.
    """
    config = replace(load_config(RECIPE), public=str(public))
    tested = read_examples(NEWSROOM, "validation")
    events = len({example.group for example in read_examples(NEWSROOM, "train")})
    results = {
        "events": [
            {
                "events": round(share * events),
                **_point(_with_events(config, share), f"events-{share:g}", tested),
            }
            for share in EVENT_SHARES
        ],
        "examples": [
            _point(replace(config, max_steps=count // config.batch_size), f"examples-{count}", tested)
            for count in EXAMPLES
        ],
    }
    write_json(RESULTS / "curves.json", results)
    plot_curves(results, RESULTS / "curves.png")


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


def _short(predictor: Predictor, examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    metrics = evaluate_classifier(predictor, examples).metrics
    return {
        part: {key: values[key] for key in ("macro_f1", "denies_f1", "accuracy")}
        for part, values in metrics.items()
    }


def _trained_blind(side: str, public: Path) -> StanceClassifier:
    """Train the model of the recipe on both corpora with one text hidden from it."""
    config = replace(load_config(RECIPE), public=str(public), hide=side)
    train, validation = (
        tuple(part for part in parts if part.data != "public") for parts in (config.train, config.validation)
    )
    checkpoint = _trained(replace(config, train=train, validation=validation), RUNS / f"without-{side}")
    return StanceClassifier.from_pretrained(checkpoint.path)


def _with_events(config: TrainConfig, share: float) -> TrainConfig:
    """Use a share of the events, each so often that the number of steps stays the same."""

    def changed(part: DataPart) -> DataPart:
        if part.data == "public":
            return replace(part, max_rows=CURVE_PUBLIC)
        if Path(part.data).name == NEWSROOM.name:
            return replace(part, group_share=share, repeat=round(1 / share))
        return part

    return replace(config, train=tuple(map(changed, config.train)))


def _point(config: TrainConfig, name: str, tested: Sequence[Example]) -> dict[str, Any]:
    checkpoint = _trained(config, RUNS / name)
    report = evaluate_classifier(StanceClassifier.from_pretrained(checkpoint.path), tested)
    metrics = report.metrics["all"]
    return {
        "examples": checkpoint.provenance["steps"] * config.batch_size,
        **{key: metrics[key] for key in ("macro_f1", "denies_f1", "interval")},
    }


def _trained(config: TrainConfig, out: Path) -> Checkpoint:
    """Train, or open what an earlier call with the same recipe has left."""
    from stance.train.trainer import train  # here: it loads torch

    if (out / MANIFEST).is_file():
        return open_checkpoint(out)
    return train(config, out)


def main() -> int:
    """Run one of the two commands from the root of a clone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("command", choices=["controls", "curves"])
    parser.add_argument("--public", type=Path, required=True, help="table with the public training sources")
    parser.add_argument("--articles", type=Path, help="folder of the verbatim articles")
    parser.add_argument("--suites", type=Path, help="folder of public evaluation sets")
    options = parser.parse_args()
    prepare_libraries()
    try:
        if options.command == "controls":
            controls(options.public, options.articles, options.suites)
        else:
            curves(options.public)
    except StanceError as error:
        say(f"studies: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
