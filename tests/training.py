"""Training without a checkpoint in the end, which takes the longest, for tests of what was learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stance.train import trainer as trainer_module
from stance.train.config import TrainConfig
from stance.train.trainer import train

STATES = "trainer"


class SwitchedOff(BaseException):
    """Raised where a test ends a run before the checkpoint is written."""


def train_states(config: TrainConfig, out: Path, patch: pytest.MonkeyPatch, *, resume: bool = False) -> Path:
    """Train without writing a checkpoint and return the folder of the last state."""

    def stop(*_: Any) -> float:
        raise SwitchedOff

    with patch.context() as inner:
        inner.setattr(trainer_module, "fit_temperature", stop)
        with pytest.raises(SwitchedOff):
            train(config, out, resume=resume)
    return last_state(out)


def last_state(out: Path) -> Path:
    """Return the folder of the last state of a run."""
    return max((out / STATES).glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
