"""Predictors that see too little, beside a real one."""

from __future__ import annotations

import random

import numpy as np
from stance.corpus.examples import Example
from stance.corpus.shallow import SHALLOW
from stance.evaluation.controls import FOLDS, control_probabilities
from stance.schema import LABELS


def told_by_the_sentence(count: int, groups: int) -> list[Example]:
    rng = random.Random(count)
    made = []
    for i in range(count):
        label = rng.choice(LABELS)
        made.append(Example(f"The port {i} was closed", f"word{label} it was", label, f"g{i % groups}"))
    return made


def accuracy(examples: list[Example], probabilities: np.ndarray) -> float:
    return float(
        np.mean([LABELS[i] is e.label for i, e in zip(probabilities.argmax(1), examples, strict=True)])
    )


def test_controls_learn_from_the_training_split() -> None:
    tested = told_by_the_sentence(60, 6)
    found = control_probabilities(tested, told_by_the_sentence(90, 9))
    assert tuple(found) == SHALLOW
    assert accuracy(tested, found["sentence only"]) == 1
    assert accuracy(tested, found["claim only"]) < 0.6


def test_without_one_no_group_teaches_what_it_is_tested_on() -> None:
    tested = told_by_the_sentence(90, 9)
    assert accuracy(tested, control_probabilities(tested)["sentence only"]) == 1
    rng = random.Random(1)
    labels = {f"g{i}": rng.choice(LABELS) for i in range(60)}
    memorable = [Example("claim", f"{group} said", label, group) for group, label in labels.items()] * 3
    assert accuracy(memorable, control_probabilities(memorable)["sentence only"]) < 0.6


def test_too_few_groups_or_labels_give_no_control() -> None:
    assert control_probabilities(told_by_the_sentence(20, FOLDS - 1)) == {}
    one_label = [example._replace(label=LABELS[0]) for example in told_by_the_sentence(20, 5)]
    assert control_probabilities(one_label) == {}
