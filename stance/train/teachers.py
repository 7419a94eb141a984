"""Knowledge distillation: labels softened by what trained checkpoints make of the same pairs.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from stance.corpus.examples import Example, pairs_digest
from stance.files import atomic_path
from stance.inference.classifier import StanceClassifier
from stance.schema import LABELS
from stance.train.base import find_base
from stance.train.config import TrainConfig
from stance.train.states import SOFT_LABELS

PROBABILITIES, QUESTION = "probabilities", "question"
"""Names in the file that keeps the answers."""


def ask_teachers(
    config: TrainConfig, examples: Sequence[Example], states: Path, digests: Sequence[str]
) -> npt.NDArray[np.float32] | None:
    """Return the labels of a run softened by its teachers, or ``None`` where it has none.

    Parameters
    ----------
    config : TrainConfig
    examples : sequence of Example
    states : Path
        Folder of the run, which keeps the answers: the same question is not asked again.
    digests : sequence of str
        Of the teachers.

    Returns
    -------
    ndarray of shape (n_examples, 3), float32, optional
    """
    if not config.teachers:
        return None
    file = states / SOFT_LABELS
    question = json.dumps([pairs_digest(examples), *digests, config.teacher_weight])
    if not file.is_file() or _question_of(file) != question:
        taught = soft_labels(examples, config.teachers, config.teacher_weight)
        with atomic_path(file) as part:
            save_file({PROBABILITIES: taught}, part, metadata={QUESTION: question})
    answers: npt.NDArray[np.float32] = load_file(file)[PROBABILITIES]
    return answers


def _question_of(file: Path) -> str | None:
    """Return what the answers in a file belong to."""
    with safe_open(file, "numpy") as stored:
        return (stored.metadata() or {}).get(QUESTION)


def soft_labels(
    examples: Sequence[Example], teachers: Sequence[str], weight: float
) -> npt.NDArray[np.float32]:
    """Return what a student shall learn of every pair.

    Where the mean of the teachers' calibrated probabilities has the label on top, it gets a share of
    ``weight`` beside the label; where the teachers are wrong they are not listened to.

    Parameters
    ----------
    examples : sequence of Example
    teachers : sequence of str
        Checkpoints.
    weight : float
        0 is the label alone, 1 the teachers alone.

    Returns
    -------
    ndarray of shape (n_examples, 3), float32
        Columns in the order of ``LABELS``; rows sum to 1.

    Raises
    ------
    CheckpointError
        If a teacher cannot be loaded.
    """
    pairs = list(dict.fromkeys((example.claim, example.sentence) for example in examples))
    loaded = [StanceClassifier.from_pretrained(find_base(teacher)) for teacher in teachers]
    mean = np.mean([teacher.predict_proba(pairs, progress=True) for teacher in loaded], axis=0)
    place = {pair: row for row, pair in enumerate(pairs)}
    taught = mean[[place[example.claim, example.sentence] for example in examples]]
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
