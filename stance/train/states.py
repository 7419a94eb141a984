"""What a training run leaves on disk so that it can go on after an interruption."""

from __future__ import annotations

import json
from pathlib import Path

from stance.checkpoint import MANIFEST, read_json_object
from stance.errors import CheckpointError, InputError
from stance.train.config import TrainConfig

STATES = "trainer"
"""Folder inside the output that holds what resuming needs, and the TensorBoard log."""

RECIPE = "recipe.json"
"""The recipe of the run, beside its states."""


def prepare_output(out: Path, states: Path, config: TrainConfig, *, resume: bool) -> None:
    """Begin a run in a free folder, or make sure that the one to go on with had the same recipe."""
    if out.is_file():
        raise InputError(f"output {str(out)!r} is a file; expected a folder")
    recipe = states / RECIPE
    last = last_state(states)
    if resume:
        if last is None:
            raise CheckpointError(
                f"{str(out)!r} holds no training state to resume from; start without --resume"
            )
        given = json.loads(json.dumps(config.to_dict()))
        recorded = read_json_object(recipe) if recipe.is_file() else {}
        differing = [name for name in given if recorded.get(name) != given[name]]
        if differing:
            raise CheckpointError(
                f"the run in {str(out)!r} had another recipe ({', '.join(differing)}); resume it with the "
                "same one, or choose another --out"
            )
        return
    if last is not None:
        raise CheckpointError(
            f"{str(out)!r} holds a training run already; go on with --resume, or choose another --out"
        )
    if (out / MANIFEST).is_file():
        raise CheckpointError(f"{str(out)!r} holds a checkpoint already; choose another --out")


def last_state(states: Path) -> str | None:
    """Return the last state that was written completely: its ``trainer_state.json`` comes last."""
    complete = [
        (int(state.name.rpartition("-")[2]), str(state))
        for state in states.glob("checkpoint-*")
        if (state / "trainer_state.json").is_file()
    ]
    return max(complete)[1] if complete else None
