"""transformers' Trainer, made to end in the same place whether it was interrupted or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import torch
from transformers import Trainer
from transformers.trainer_pt_utils import LengthGroupedSampler

from stance.train.states import seal_state


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

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()  # every process has files of its own in it
        if self.is_world_process_zero():
            seal_state(Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}")
