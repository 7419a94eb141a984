"""Controls: predictors that see too little, and the model with one text hidden from it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.corpus.examples import Example, read_examples
from stance.corpus.shallow import SHALLOW, fit_shallow
from stance.corpus.sources import SOURCES, load_source
from stance.inference.classifier import StanceClassifier
from stance.publish import KREMLIN_CALL, NEWSROOM, evaluation_sets
from stance.results import write_result
from stance.schema import Predictor
from stance.studies.runs import RUNS, short_recipe, short_scores, trained
from stance.train.data import hidden

LEARNT_FROM = 40_000
"""Public pairs, drawn at random, that shallow predictors learn from."""

SIDES = {"model, claim only": "sentence", "model, sentence only": "claim"}
"""Which text is hidden from the models that see one only."""

STEPS = 800
"""Steps of the trainings with one text hidden; their loss stands still long before."""

COSINE = "cosine of the untuned encoder"


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
        results[name] = {control: short_scores(one, examples) for control, one in fitted[place].items()}
        for control, classifier in blind.items():
            results[name][control] = short_scores(classifier, hidden(examples, SIDES[control]))
    write_result("controls", {"sets": results})


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


def _trained_blind(side: str, public: Path) -> StanceClassifier:
    """Train the model of the recipe on both corpora with one text hidden from it."""
    config = replace(short_recipe(public, STEPS), hide=side)
    train, validation = (
        tuple(part for part in parts if part.data != "public") for parts in (config.train, config.validation)
    )
    checkpoint = trained(replace(config, train=train, validation=validation), RUNS / f"without-{side}")
    return StanceClassifier.from_pretrained(checkpoint.path)
