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
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from stance.corpus.examples import Example
from stance.corpus.mixture import Mixture, TextPair
from stance.files import atomic_path
from stance.inference.classifier import StanceClassifier
from stance.schema import LABELS
from stance.train.base import find_base
from stance.train.config import TrainConfig
from stance.train.states import ANSWERS

PROBABILITIES, QUESTION = "probabilities", "question"
"""Names in the file that keeps the answers."""


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
        Its pairs without a label get the most probable one; they stand behind the examples.
    states : Path
        Folder of the run, which keeps the answers: the same question is not asked again.
    digests : sequence of str
        Of the teachers.
    """
    if not config.teachers:
        return Lessons(mixture.examples, None)
    pairs = [*((one.claim, one.sentence) for one in mixture.examples), *mixture.unlabelled]
    file = states / ANSWERS
    question = hashlib.sha256(json.dumps([digests, pairs]).encode()).hexdigest()
    if not file.is_file() or _question_of(file) != question:
        answers = mean_answers(pairs, config.teachers)
        with atomic_path(file) as part:
            save_file({PROBABILITIES: answers}, part, metadata={QUESTION: question})
    taught: npt.NDArray[np.float32] = load_file(file)[PROBABILITIES]
    known = len(mixture.examples)
    guessed = [
        Example(claim, sentence, LABELS[int(row.argmax())])
        for (claim, sentence), row in zip(mixture.unlabelled, taught[known:], strict=True)
    ]
    softened = soften(mixture.examples, taught[:known], config.teacher_weight)
    return Lessons([*mixture.examples, *guessed], np.concatenate([softened, taught[known:]]))


def _question_of(file: Path) -> str | None:
    """Return what the answers in a file belong to."""
    with safe_open(file, "numpy") as stored:
        return (stored.metadata() or {}).get(QUESTION)


def mean_answers(pairs: Sequence[TextPair], teachers: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return the mean of the calibrated probabilities of checkpoints, each asked once about a pair.

    Parameters
    ----------
    pairs : sequence of (claim, sentence)
    teachers : sequence of str

    Returns
    -------
    ndarray of shape (n_pairs, 3), float32
        Columns in the order of ``LABELS``; rows sum to 1.

    Raises
    ------
    CheckpointError
        If a teacher cannot be loaded.
    """
    different = list(dict.fromkeys(pairs))
    loaded = [StanceClassifier.from_pretrained(find_base(teacher)) for teacher in teachers]
    answers = [teacher.predict_proba(different, progress=True) for teacher in loaded]
    mean: npt.NDArray[np.float32] = np.mean(answers, axis=0, dtype=np.float32)
    place = {pair: row for row, pair in enumerate(different)}
    return mean[[place[pair] for pair in pairs]]


def soften(
    examples: Sequence[Example], taught: npt.NDArray[np.float32], weight: float
) -> npt.NDArray[np.float32]:
    """Return labels with a share for what teachers say.

    Where they have the label on top, what they say gets a share of ``weight`` beside the label; where they
    are wrong they are not listened to.

    Parameters
    ----------
    examples : sequence of Example
    taught : ndarray of shape (n_examples, 3)
        The teachers' probabilities.
    weight : float
        0 is the label alone, 1 the teachers alone.

    Returns
    -------
    ndarray of shape (n_examples, 3), float32
        Columns in the order of ``LABELS``; rows sum to 1.
    """
    gold = np.array([LABELS.index(example.label) for example in examples])
    heard = np.where(taught.argmax(axis=1) == gold, weight, 0.0)[:, np.newaxis]
    soft: npt.NDArray[np.float32] = ((1 - heard) * np.eye(len(LABELS))[gold] + heard * taught).astype(
        np.float32
    )
    return soft


def soft_cross_entropy(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the mean loss of a classifier of transformers whose own takes no probabilities as labels."""
    return torch.nn.functional.cross_entropy(outputs.logits.float(), labels)
