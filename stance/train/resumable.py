"""transformers' Trainer, made to end in the same place whether it was interrupted or not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import torch
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback
from transformers.trainer_callback import ExportableState
from transformers.trainer_pt_utils import LengthGroupedSampler

from stance.train.states import seal_state

NEVER = sys.maxsize
"""A patience that is never spent."""


class Stop(EarlyStoppingCallback):
    """Ends a run when its patience is spent or its steps are done, also one that is resumed after that."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Tell a run that has ended already not to go on."""
        super().on_train_begin(args, state, control, **others)  # type: ignore[no-untyped-call]
        is_spent = self.early_stopping_patience_counter >= self.early_stopping_patience
        control.should_training_stop = is_spent or 0 < state.max_steps <= state.global_step


class Stopwatch(TrainerCallback, ExportableState):
    """Counts the seconds of a run over all its interruptions.

    Parameters
    ----------
    earlier : float
        Seconds until the state from which the run goes on.
    """

    def __init__(self, earlier: float = 0.0) -> None:
        self._earlier, self._started = earlier, time.monotonic()

    @staticmethod
    def of(trainer: Trainer) -> Stopwatch:
        """Return the one of a trainer, which exchanges it for a stored one when it resumes."""
        return next(one for one in trainer.callback_handler.callbacks if isinstance(one, Stopwatch))

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return self._earlier + time.monotonic() - self._started

    def state(self) -> dict[str, Any]:
        """Return what the Trainer keeps with every state."""
        return {"args": {"earlier": self.seconds}, "attributes": {}}


class EpochSampler(LengthGroupedSampler):
    """Draws the order of an epoch from the seed and the epoch alone.

    transformers draws it from whatever the random numbers have come to, which a run that is resumed in the
    middle of a later epoch, or another process beside it, cannot repeat.

    Parameters
    ----------
    sampler : LengthGroupedSampler
        Groups examples of alike length.
    seed : int
    epoch : callable
        Tells the number of the epoch.
    """

    def __init__(self, sampler: LengthGroupedSampler, seed: int, epoch: Callable[[], int]) -> None:
        super().__init__(sampler.batch_size, lengths=sampler.lengths)
        self._seed, self._epoch = seed, epoch

    def __iter__(self) -> Iterator[int]:
        self.generator = torch.Generator().manual_seed(self._seed + self._epoch())
        order: Iterator[int] = super().__iter__()  # type: ignore[no-untyped-call]
        return order


class ResumableTrainer(Trainer):
    """Orders every epoch anew by its number, and seals every state as soon as all its files are written."""

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochSampler:
        # a state is saved with the share of the epoch that is done; 2.0 is the beginning of the third
        grouped = cast(LengthGroupedSampler, super()._get_train_sampler(train_dataset))
        return EpochSampler(grouped, self.args.seed, lambda: int(self.state.epoch or 0))

    def _run_epoch(self, *given: Any, **named: Any) -> None:
        if not self.control.should_training_stop:  # said before the first step of a run that had ended
            super()._run_epoch(*given, **named)  # type: ignore[no-untyped-call]

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()  # every process has files of its own in it
        if self.is_world_process_zero():
            seal_state(Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}")
