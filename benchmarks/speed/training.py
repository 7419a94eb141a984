"""Training steps a second of this package, beside transformers' Trainer as it comes, on the same batches.

Both start from the embedded weights, see the same pairs in the same order at the same learning rate,
and drop nothing out. Ours is ``stance.train`` with its defaults; the other one is f32 with the
attention, the padding and the memory settings that transformers has where nobody says otherwise.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stance.train.config import DataPart, TrainConfig

from benchmarks.speed.machine import peak_mb
from benchmarks.speed.options import Options, use_cores
from benchmarks.speed.pairs import NEWSROOM
from benchmarks.speed.process import environment_for

TRAINERS = ("stance", "stock")
UNCOUNTED = 5
"""Steps at the beginning whose time does not count."""

ROWS = 6000
"""Training pairs."""


def measure(options: Options) -> dict[str, Any]:
    """Train by turns, each time in a new process."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in TRAINERS}
    for number in range(options.few_rounds):
        for name in TRAINERS[number % 2 :] + TRAINERS[: number % 2]:
            runs[name].append(_run(name, options))
    losses = {name: found[0]["losses"] for name, found in runs.items()}
    rates = {
        name: statistics.median(one["steps_per_second"] for one in found) for name, found in runs.items()
    }
    return {
        "steps": options.steps,
        "batch": options.batch,
        "steps_per_second": rates,
        "stance_over_stock": rates["stance"] / rates["stock"],
        "mean_loss": {name: statistics.mean(values) for name, values in losses.items()},
        "last_losses": {name: statistics.mean(values[-10:]) for name, values in losses.items()},
        "largest_difference_of_a_step": max(
            abs(ours - theirs) for ours, theirs in zip(losses["stance"], losses["stock"], strict=True)
        ),
        "precision": {name: found[0]["precision"] for name, found in runs.items()},
        "peak_mb": {name: max(one["peak_mb"] for one in found) for name, found in runs.items()},
        "losses": losses,
    }


def train(name: str, options: Options) -> dict[str, Any]:
    """Train a few steps in this process and return speed and losses."""
    from stance.train.data import load_data
    from stance.train.libraries import prepare_libraries
    from stance.train.memory import keep_freed_memory
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        """Notes when each step ended."""

        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_step_end(self, *_: Any, **__: Any) -> None:
            """Note the time."""
            self.ends.append(time.perf_counter())

    prepare_libraries()
    config = recipe(options.steps, options.batch)
    examples = load_data(config)[0].examples[:ROWS]
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        if name == "stance":
            keep_freed_memory()
            trainer = _ours(config, examples, Path(folder))
        else:
            trainer = _stock(config, examples, Path(folder))
        trainer.add_callback(clock)
        trainer.train()
    first = min(UNCOUNTED, options.steps - 1)
    steps = clock.ends[first - 1 :] if first else clock.ends
    return {
        "steps_per_second": (len(steps) - 1) / (steps[-1] - steps[0]),
        "losses": [one["loss"] for one in trainer.state.log_history if "loss" in one],
        "precision": "bf16" if trainer.args.bf16 else "f32",
        "peak_mb": peak_mb(),
    }


def recipe(steps: int, batch: int) -> TrainConfig:
    """Return the recipe that both follow."""
    return TrainConfig(
        base="embedded",
        train=(DataPart(data=str(NEWSROOM)),),
        validation=(DataPart(data=str(NEWSROOM), split="validation", max_rows=100),),
        max_steps=steps,
        batch_size=batch,
        learning_rate=5e-5,
        patience=0,
    )


def _ours(config: TrainConfig, examples: Sequence[Any], folder: Path) -> Any:
    from stance.train.trainer import _build_trainer
    from transformers.trainer_utils import IntervalStrategy, SaveStrategy

    trainer = _build_trainer(config, folder, examples, examples[:1])
    trainer.args.eval_strategy = IntervalStrategy.NO  # only the steps are timed
    trainer.args.save_strategy = SaveStrategy.NO
    trainer.args.load_best_model_at_end = False
    trainer.args.logging_steps = 1
    return trainer


def _stock(config: TrainConfig, examples: Sequence[Any], folder: Path) -> Any:
    import torch
    from stance.checkpoint import default_checkpoint
    from stance.train.trainer import tokenised
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    class OrderedTrainer(Trainer):
        """Draws the batches that ours draws in its first epoch."""

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            sampler = super()._get_train_sampler(train_dataset)
            sampler.generator = torch.Generator().manual_seed(config.seed)
            return sampler

    place = default_checkpoint().path
    tokenizer = AutoTokenizer.from_pretrained(place)
    arguments = TrainingArguments(
        output_dir=str(folder),
        seed=config.seed,
        max_steps=config.max_steps,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        save_strategy="no",
        logging_steps=1,
        report_to="none",
    )
    return OrderedTrainer(
        model=AutoModelForSequenceClassification.from_pretrained(place, dtype=torch.float32),
        args=arguments,
        train_dataset=tokenised(examples, tokenizer, config.max_length),
        data_collator=DataCollatorWithPadding(tokenizer),
        processing_class=tokenizer,
    )


def _run(name: str, options: Options) -> dict[str, Any]:
    asked = {key: getattr(options, key) for key in ("steps", "batch", "threads")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.training", name, json.dumps(asked)],
        check=True,
        env={**environment_for(options.threads), "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    given = dataclasses.replace(Options(), **json.loads(sys.argv[2]))
    use_cores(given.threads)
    print(json.dumps(train(sys.argv[1], given)))
