"""Knowledge distillation: labels softened by what trained checkpoints make of the same pairs.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file, save_file

from stance.corpus.examples import Example
from stance.files import atomic_path
from stance.inference.classifier import StanceClassifier
from stance.schema import LABELS
from stance.train.base import find_base
from stance.train.config import TrainConfig
from stance.train.states import SOFT_LABELS

PROBABILITIES = "probabilities"


def ask_teachers(
    config: TrainConfig, examples: Sequence[Example], states: Path, *, known: bool
) -> npt.NDArray[np.float32] | None:
    """Return the labels of a run softened by its teachers, or ``None`` where it has none.

    Parameters
    ----------
    config : TrainConfig
    examples : sequence of Example
    states : Path
        Folder of the run, which keeps the answers.
    known : bool
        Take the answers that are kept there, if any are.

    Returns
    -------
    ndarray of shape (n_examples, 3), float32, optional
    """
    if not config.teachers:
        return None
    file = states / SOFT_LABELS
    if not (known and file.is_file()):
        taught = soft_labels(examples, config.teachers, config.teacher_weight)
        with atomic_path(file) as part:
            save_file({PROBABILITIES: taught}, part)
    answers: npt.NDArray[np.float32] = load_file(file)[PROBABILITIES]
    return answers


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
