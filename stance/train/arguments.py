"""From a recipe to the arguments of transformers' Trainer."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from transformers import TrainingArguments

from stance.train.config import TrainConfig

LONGEST_WAIT = 24 * 60 * 60
"""Seconds for which processes on several GPUs wait for the one that asks the teachers, or exports.

That can take longer than the 30 minutes of transformers. Where a process dies, nobody waits: the launcher
ends the others.
"""


def training_arguments(config: TrainConfig, states: Path) -> TrainingArguments:
    """Return the arguments of a run whose states go to a folder."""
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(states / "tensorboard")
    interval = min(1 / config.evaluations, 0.999999)  # a share of all steps; 1 would mean each step
    return TrainingArguments(
        output_dir=str(states),
        seed=config.seed,
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=2 * config.batch_size,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule if config.schedule == "linear" else "constant_with_warmup",
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        label_smoothing_factor=config.label_smoothing,
        bf16=_uses_bf16(config.precision),
        use_cpu=not torch.cuda.is_available(),
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        average_tokens_across_devices=False,  # a loss is the mean over its own batch
        dataloader_pin_memory=torch.cuda.is_available(),
        ddp_timeout=LONGEST_WAIT,
        eval_strategy="steps",
        eval_steps=interval,
        save_strategy="steps",
        save_steps=interval,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="macro_f1",
        logging_steps=1 / (10 * config.evaluations),
        report_to="tensorboard",
        restore_callback_states_from_checkpoint=True,
    )


def _uses_bf16(precision: str) -> bool:
    if precision != "auto":
        return precision == "bf16"
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    # AVX-512 multiplies bf16 too, more slowly than fp32
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
