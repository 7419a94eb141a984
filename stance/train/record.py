"""What a training run writes down about itself: scores, origin, hardware, versions."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import EvalPrediction, Trainer

from stance.checkpoint import MANIFEST, WEIGHTS, file_digest, open_checkpoint
from stance.evaluation.metrics import classification_metrics
from stance.evaluation.selective import risk_coverage
from stance.inference.answers import softmax
from stance.questions import RISKS
from stance.schema import LABELS
from stance.train.base import find_base
from stance.train.config import TrainConfig


def scores(prediction: EvalPrediction) -> dict[str, float]:
    """Return what a state of the training is judged by."""
    names = [label.value for label in LABELS]
    predicted = [names[i] for i in logits_of(prediction.predictions).argmax(axis=1)]
    reference = [names[i] for i in np.asarray(prediction.label_ids)]
    metrics = classification_metrics(reference, predicted)
    return {name: metrics[name] for name in ("macro_f1", "denies_f1", "accuracy")}


def logits_of(predictions: Any) -> npt.NDArray[np.floating]:
    """Return the logits of the labels; a model with a voice head gives spans besides."""
    return np.asarray(predictions[0] if isinstance(predictions, tuple) else predictions)


def confidence_for_risk(
    logits: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]
) -> dict[str, float]:
    """Return the least confidence that keeps to each risk on the validation data."""
    probabilities = softmax(logits)
    curve = risk_coverage(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    return {str(risk): curve.confidence_for(risk) for risk in RISKS}


def origin_of(config: TrainConfig) -> dict[str, Any]:
    """Return digest and provenance of the checkpoints that training started from and learned from, if any."""
    origin: dict[str, Any] = {}
    base = find_base(config.base)
    if (Path(base) / MANIFEST).is_file():
        origin["started_from"] = _known_of(base)
    if config.teachers:
        origin["taught_by"] = [_known_of(find_base(teacher)) for teacher in config.teachers]
    return origin


def base_digest(name: str) -> str:
    """Return what tells the base of a recipe from others: the digest of its weights, or its hub id."""
    weights = Path(find_base(name)) / WEIGHTS
    return file_digest(weights) if weights.is_file() else name


def _known_of(checkpoint: Path | str) -> dict[str, Any]:
    opened = open_checkpoint(checkpoint)
    return {"digest": opened.digest, "provenance": dict(opened.provenance)}


def circumstances(trainer: Trainer) -> dict[str, Any]:
    """Return how far the run went, with the scores along the way, on what hardware, with which versions."""
    on_cuda = torch.cuda.is_available()
    packages = ("claim-stance", "torch", "transformers", "datasets", "tokenizers", "openvino", "numpy")
    return {
        "steps": trainer.state.global_step,
        "history": _history(trainer),
        "hardware": {
            "device": torch.cuda.get_device_name(0) if on_cuda else platform.machine() + " CPU",
            "threads": torch.get_num_threads(),
            "processes": trainer.args.world_size,
            "precision": "bf16" if trainer.args.bf16 else "fp32",
        },
        "versions": {
            "python": platform.python_version(),
            **{package: metadata.version(package) for package in packages},
        },
    }


def _history(trainer: Trainer) -> list[dict[str, float]]:
    """Return the validation scores along the way, by examples seen."""
    batch = trainer.args.train_batch_size * trainer.args.world_size
    return [
        {
            "examples": entry["step"] * batch,
            **{name: entry[f"eval_{name}"] for name in ("loss", "macro_f1", "denies_f1")},
        }
        for entry in trainer.state.log_history
        if "eval_macro_f1" in entry
    ]
