"""Knowledge distillation: labels softened by what trained checkpoints make of the same pairs.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import track

from stance.corpus.examples import Example
from stance.corpus.mixture import Mixture, TextPair
from stance.inference.classifier import StanceClassifier
from stance.output import is_main_process
from stance.parts import Parts
from stance.schema import LABELS
from stance.train.base import find_base
from stance.train.config import TrainConfig
from stance.train.states import ANSWERS

PAIRS_PER_PART = 10_240
"""Pairs whose answers are kept together; what an interruption costs at most."""


class Lessons(NamedTuple):
    """What a student learns.

    Attributes
    ----------
    examples : list of Example
    soft_labels : ndarray of shape (n_examples, 3), float32, optional
        Columns in the order of ``LABELS``, rows sum to 1; ``None`` where the labels alone are learnt.
    """

    examples: list[Example]
    soft_labels: npt.NDArray[np.float32] | None


def ask_teachers(config: TrainConfig, mixture: Mixture, states: Path, digests: Sequence[str]) -> Lessons:
    """Return what a run learns: its examples, and where it has teachers what they say of these and of more.

    Parameters
    ----------
    config : TrainConfig
    mixture : Mixture
        Its pairs without a label get the most probable one; they stand behind the examples. Those that a
        teacher cannot read are left out.
    states : Path
        Folder of the run, which keeps the answers: nothing is asked twice, even after an interruption.
    digests : sequence of str
        Of the teachers.

    Raises
    ------
    CheckpointError
        If a teacher cannot be loaded.
    InputError
        If the folder keeps answers to other questions.
    """
    if not config.teachers:
        return Lessons(mixture.examples, None)
    pairs = [*((one.claim, one.sentence) for one in mixture.examples), *mixture.unlabelled]
    different = list(dict.fromkeys(pairs))
    question = hashlib.sha256(json.dumps([digests, different]).encode()).hexdigest()
    kept = Parts(states / ANSWERS, resume=True)
    kept.open({"question": question})
    answers = dict(zip(different, _answers(different, config.teachers, kept), strict=True))

    guessed = [pair for pair in mixture.unlabelled if answers[pair].any()]
    labels = [LABELS[int(answers[pair].argmax())] for pair in guessed]
    examples = [Example(*pair, label) for pair, label in zip(guessed, labels, strict=True)]
    taught = np.array([answers[pair] for pair in [*pairs[: len(mixture.examples)], *guessed]])
    known = len(mixture.examples)
    softened = soften(mixture.examples, taught[:known], config.teacher_weight)
    return Lessons([*mixture.examples, *examples], np.concatenate([softened, taught[known:]]))


def _answers(pairs: Sequence[TextPair], teachers: Sequence[str], kept: Parts) -> npt.NDArray[np.float32]:
    """Return what teachers say of different pairs, asking what is not kept yet."""
    classifiers: list[StanceClassifier] = []
    rows: list[list[float]] = []
    starts = range(0, len(pairs), PAIRS_PER_PART)
    shown = track(starts, "asking", console=Console(stderr=True), disable=not is_main_process())
    for number, start in enumerate(shown):
        answered = kept.load(number)
        if answered is None:
            classifiers = classifiers or list(map(_open, teachers))
            answered = mean_answers(pairs[start : start + PAIRS_PER_PART], classifiers).tolist()
            kept.save(number, answered)
        rows += answered
    return np.array(rows, dtype=np.float32)


def _open(teacher: str) -> StanceClassifier:
    return StanceClassifier.from_pretrained(find_base(teacher))


def mean_answers(
    pairs: Sequence[TextPair], classifiers: Sequence[StanceClassifier]
) -> npt.NDArray[np.float32]:
    """Return the mean of the calibrated probabilities of classifiers.

    Parameters
    ----------
    pairs : sequence of (claim, sentence)
    classifiers : sequence of StanceClassifier

    Returns
    -------
    ndarray of shape (n_pairs, 3), float32
        Columns in the order of ``LABELS``; rows sum to 1, and are 0 where one of them cannot read the pair:
        a claim that the training cuts is too long for it.
    """
    readable = [not any(one.pair_problem(*pair) for one in classifiers) for pair in pairs]
    asked = [pair for pair, can_be_read in zip(pairs, readable, strict=True) if can_be_read]
    mean = np.zeros((len(pairs), len(LABELS)), np.float32)
    mean[readable] = np.mean([one.predict_proba(asked) for one in classifiers], axis=0)
    return mean


def soften(
    examples: Sequence[Example], taught: npt.NDArray[np.float32], weight: float
) -> npt.NDArray[np.float32]:
    """Return labels with a share for what teachers say.

    Where they have the label on top, what they say gets a share of ``weight`` beside the label; where they
    are wrong or say nothing the label stands alone.

    Parameters
    ----------
    examples : sequence of Example
    taught : ndarray of shape (n_examples, 3)
        The teachers' probabilities, 0 where they say nothing.
    weight : float
        0 is the label alone, 1 the teachers alone.

    Returns
    -------
    ndarray of shape (n_examples, 3), float32
        Columns in the order of ``LABELS``; rows sum to 1.
    """
    gold = np.array([LABELS.index(example.label) for example in examples])
    is_heard = (taught.argmax(axis=1) == gold) & taught.any(axis=1)
    heard = np.where(is_heard, weight, 0.0)[:, np.newaxis]
    soft: npt.NDArray[np.float32] = ((1 - heard) * np.eye(len(LABELS))[gold] + heard * taught).astype(
        np.float32
    )
    return soft


def soft_cross_entropy(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the mean loss of a classifier of transformers whose own takes no probabilities as labels."""
    return torch.nn.functional.cross_entropy(outputs.logits.float(), labels)
