"""Training, top to bottom: data, model, transformers' Trainer, calibration, checkpoint.

Runs on one CPU, one GPU, or many under ``accelerate launch`` / ``torchrun`` without a change.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from datasets import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    EvalPrediction,
    PretrainedConfig,
    Trainer,
    TrainingArguments,
    set_seed,
)

from stance.checkpoint import Checkpoint, open_checkpoint
from stance.corpus.examples import Example, pairs_digest
from stance.corpus.mixture import Mixture
from stance.errors import CheckpointError, ConfigError, InputError, first_line
from stance.evaluation.calibration import fit_temperature
from stance.files import told_if_full, write_json
from stance.output import is_main_process, say
from stance.schema import LABELS
from stance.train.arguments import training_arguments
from stance.train.base import open_base
from stance.train.config import TrainConfig
from stance.train.data import describe, load_data
from stance.train.dropout import share_dropout
from stance.train.export import write_checkpoint
from stance.train.memory import keep_freed_memory
from stance.train.record import (
    base_digest,
    circumstances,
    confidence_for_risk,
    logits_of,
    origin_of,
    scores,
)
from stance.train.resumable import NEVER, ResumableTrainer, Stop, Stopwatch
from stance.train.states import RECIPE, STATES, begin_or_check, prepare_output
from stance.train.teachers import Lessons, ask_teachers, soft_cross_entropy
from stance.train.tokenizer import open_tokenizer
from stance.train.voice import WithVoice, load_head, span_of_tokens


def train(config: TrainConfig, out: str | Path, *, resume: bool = False) -> Checkpoint:
    """Fine-tune an encoder on labelled pairs and write a calibrated checkpoint.

    Parameters
    ----------
    config : TrainConfig
    out : str or Path
        Folder of the checkpoint; training states go to its subfolder ``trainer``.
    resume : bool
        Go on from the last complete state in ``out``; from the beginning where there is none.

    Returns
    -------
    Checkpoint
        The best state by macro-F1 on the validation data, verified and ready for inference.

    Raises
    ------
    StanceError
        If a recipe, its data or the base model cannot be used.
    """
    stopwatch = Stopwatch()
    out = Path(out)
    states = out / STATES
    last = prepare_output(out, states, config, resume=resume)
    if resume:
        _say(f"going on from {last}" if last else f"{out} holds no complete state: from the beginning")
    set_seed(config.seed)
    keep_freed_memory()

    mixture, validation = _load_and_tell(config)
    digests = {
        "training data": pairs_digest(mixture.examples),
        "validation data": pairs_digest(validation),
        "weights of the base": base_digest(config.base),
    }
    origin = begin_or_check(states, digests, partial(origin_of, config), resumed=last is not None)
    write_json(states / RECIPE, config.to_dict())
    arguments = training_arguments(config, states)
    teachers = [teacher["digest"] for teacher in origin.get("taught_by", [])]
    with arguments.main_process_first(local=False):  # of several processes one asks, the others read
        lessons = ask_teachers(config, mixture, states, teachers)
    trainer = _build_trainer(config, arguments, lessons, validation, stopwatch)
    with redirect_stdout(sys.stderr), told_if_full(out):  # where the Trainer's progress belongs
        trainer.train(resume_from_checkpoint=last)
        predicted = trainer.predict(trainer.eval_dataset)  # type: ignore[arg-type]

    if trainer.is_world_process_zero():  # of several processes one writes
        known = {
            "recipe": config.to_dict(),
            **origin,
            "data": {"train": describe(mixture.examples), "validation": describe(validation)},
            "base_sha256": digests["weights of the base"],
            "crossed": len(mixture.unlabelled),
            "dropped": mixture.dropped,
        }
        write_checkpoint(trainer.model, trainer.processing_class, out, _seal(trainer, predicted, known))
    trainer.accelerator.wait_for_everyone()
    return open_checkpoint(out)


def _seal(trainer: Trainer, predicted: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint says of itself, from what the best state predicts for the validation data."""
    # in the order of length groups, not of the data set: labels are taken from the same output
    logits, labels = logits_of(predicted.predictions), np.asarray(predicted.label_ids)
    temperature = fit_temperature(logits, labels)
    provenance = {
        **known,
        "validation": scores(EvalPrediction(logits, labels)),
        "confidence_for_risk": confidence_for_risk(logits / temperature, labels),
        "minutes": round(Stopwatch.of(trainer).seconds / 60, 1),
        **circumstances(trainer),
    }
    max_length = known["recipe"]["max_length"]
    return {"temperature": temperature, "max_length": max_length, "provenance": provenance}


def _load_and_tell(config: TrainConfig) -> tuple[Mixture, list[Example]]:
    mixture, validation = load_data(config)
    if not mixture.examples:
        raise InputError(f"no training pair is left (left out: {mixture.dropped}); check the recipe's data")
    _say(f"{len(mixture.examples):,} training pairs, {len(validation):,} validation pairs")
    for reason, count in mixture.dropped.items():
        _say(f"left out of training: {count:,} ({reason})")
    if config.teachers:
        _say(f"asking the teachers about these and {len(mixture.unlabelled):,} pairs without a label")
    return mixture, validation


def tokenised(
    examples: Sequence[Example],
    tokenizer: Any,
    max_length: int,
    *,
    voices: bool = False,
    soft_labels: npt.NDArray[np.float32] | None = None,
) -> Dataset:
    """Return a dataset with token ids, ``labels`` and ``length``; only the sentence is cut.

    With ``voices`` also ``voice_span``, first and last token of the voice. ``soft_labels`` of shape
    ``(n, 3)`` take the place of the labels.
    """

    def encode(batch: dict[str, list[Any]]) -> dict[str, Any]:
        encoded = tokenizer(
            batch["claim"],
            batch["sentence"],
            truncation="only_second",
            max_length=max_length,
            split_special_tokens=True,  # a "[SEP]" in a text is text, as in inference
            return_offsets_mapping=voices,
        )
        columns = {**encoded, "length": [len(ids) for ids in encoded["input_ids"]]}
        if voices:
            offsets = columns.pop("offset_mapping")
            columns["voice_span"] = [
                span_of_tokens(voice and tuple(voice), offsets[row], encoded.sequence_ids(row))
                for row, voice in enumerate(batch["voice"])
            ]
        return columns

    columns = {
        "claim": [example.claim for example in examples],
        "sentence": [example.sentence for example in examples],
        "labels": [LABELS.index(one.label) for one in examples] if soft_labels is None else soft_labels,
        "voice": [example.voice for example in examples],
    }
    try:
        return Dataset.from_dict(columns).map(
            encode, batched=True, remove_columns=["claim", "sentence", "voice"], desc="tokenising"
        )
    except Exception as error:  # the tokenizer raises a bare Exception when a claim does not fit
        if "too short" not in str(error):
            raise
        longest = max(examples, key=lambda example: len(example.claim)).claim
        raise InputError(
            f"a claim alone fills max_length = {max_length} tokens ({longest[:60]!r}...); a claim is never "
            "cut: raise max_length in the recipe or shorten the claim"
        ) from error


def _build_trainer(
    config: TrainConfig,
    arguments: TrainingArguments,
    lessons: Lessons,
    validation: Sequence[Example],
    stopwatch: Stopwatch,
) -> Trainer:
    base = open_base(config.base, config.max_length)
    tokenizer = open_tokenizer(str(base.name_or_path))
    return ResumableTrainer(
        model=_build_model(base, config),
        args=arguments,
        train_dataset=tokenised(
            lessons.examples,
            tokenizer,
            config.max_length,
            voices=config.voice_weight > 0,
            soft_labels=lessons.soft_labels,
        ),
        eval_dataset=tokenised(validation, tokenizer, config.max_length),
        data_collator=DataCollatorWithPadding(tokenizer, pad_to_multiple_of=8),
        processing_class=tokenizer,
        compute_loss_func=soft_cross_entropy if config.teachers and not config.voice_weight else None,
        compute_metrics=scores,
        callbacks=[Stop(config.patience or NEVER), stopwatch],
    )


def _build_model(base: PretrainedConfig, config: TrainConfig) -> Any:
    attention = config.attention
    if attention == "auto":
        attention = "sdpa" if torch.cuda.is_available() else "eager"
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            str(base.name_or_path),
            num_labels=len(LABELS),
            id2label={i: label.value for i, label in enumerate(LABELS)},
            label2id={label.value: i for i, label in enumerate(LABELS)},
            dtype=torch.float32,
            attn_implementation=attention,
            trust_remote_code=False,
            use_safetensors=True,
            **_dropouts(base, config.dropout),
        )
    except Exception as error:  # transformers raises nothing narrower of what a folder can do to it
        raise CheckpointError(
            f"the weights of {config.base!r} cannot be opened: {first_line(error)}"
        ) from error
    if config.shared_dropout and not share_dropout(model, config.shared_dropout):
        raise ConfigError(f"shared_dropout is {config.shared_dropout}, but {base.model_type} has no dropout")
    for name, parameter in model.named_parameters():
        if any(frozen in name for frozen in config.freeze):
            parameter.requires_grad = False
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ConfigError(f"freeze = {list(config.freeze)} leaves no parameter to train")
    if not config.voice_weight:
        return model
    with_voice = WithVoice(model, config.voice_weight)
    known = load_head(Path(str(base.name_or_path)), base.hidden_size)
    if known is not None:
        with_voice.voice.load_state_dict(known.state_dict())
    return with_voice


def _dropouts(base: PretrainedConfig, value: float) -> dict[str, float]:
    """Return every dropout setting of the encoder's configuration, whatever its family calls it."""
    return {
        name: value
        for name, given in base.to_dict().items()
        if "dropout" in name and type(given) in (int, float, type(None))
    }


def _say(message: str) -> None:
    if is_main_process():
        say(message)
