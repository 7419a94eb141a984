"""What a training run leaves on disk so that it can go on after an interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stance.checkpoint import MANIFEST, file_digest, read_json_object
from stance.errors import CheckpointError, InputError
from stance.files import sync_file, write_json
from stance.train.config import TrainConfig

STATES = "trainer"
"""Folder inside the output that holds what resuming needs, and the TensorBoard log."""

RECIPE = "recipe.json"
"""The recipe of the run, beside its states."""

BEGINNING = "beginning.json"
"""The digests of the run's data and base, and the checkpoints that it comes from, beside its recipe."""

ANSWERS = "answers"
"""What the teachers of the run said, so that it need not ask them again where it goes on."""

SEAL = "complete.json"
"""The digests of a state's files, written last: a state without it, or with others, is none to go on from."""


def seal_state(folder: Path) -> None:
    """Make sure that the files of a state are on disk, and write down their digests."""
    (folder / SEAL).unlink(missing_ok=True)
    digests = {}
    for name in _files_of(folder):
        sync_file(folder / name)
        digests[name] = file_digest(folder / name)
    write_json(folder / SEAL, digests)


def is_complete(folder: Path) -> bool:
    """Whether a state is what was sealed: neither cut short nor damaged nor half deleted."""
    try:
        recorded = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return bool(recorded == {name: file_digest(folder / name) for name in _files_of(folder)})
    except (OSError, ValueError):
        return False


def _files_of(folder: Path) -> list[str]:
    inside = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in inside if file != folder / SEAL)


def prepare_output(out: Path, states: Path, config: TrainConfig, *, resume: bool) -> str | None:
    """Begin a run in a free folder, or return the state of the same recipe to go on from.

    Where a run was interrupted before its first state was complete, there is nothing to go on from, and it
    begins again.
    """
    if out.is_file():
        raise InputError(f"output {str(out)!r} is a file; expected a folder")
    _refuse_read_only(out)
    last = last_state(states)
    if last is None and (out / MANIFEST).is_file():
        raise CheckpointError(f"{str(out)!r} holds a checkpoint already; choose another --out")
    if last is None:
        return None
    if not resume:
        raise CheckpointError(
            f"{str(out)!r} holds a training run already; go on with --resume, or choose another --out"
        )
    given = _without_places(json.loads(json.dumps(config.to_dict())))
    recipe = states / RECIPE
    recorded = _without_places(read_json_object(recipe)) if recipe.is_file() else {}
    differing = [name for name in given if recorded.get(name) != given[name]]
    if differing:
        raise CheckpointError(
            f"the run in {str(out)!r} had another recipe ({', '.join(differing)}); resume it with the "
            "same one, or choose another --out"
        )
    return last


def _without_places(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe without the paths in it, which may change; what they lead to is told by its digest."""
    kept = {name: value for name, value in recipe.items() if name not in ("base", "public", "teachers")}
    for name in ("train", "validation"):
        parts = kept.get(name, [])
        kept[name] = [{key: value for key, value in part.items() if key != "data"} for part in parts]
    return kept


def begin_or_check(
    states: Path, digests: dict[str, str], origin: Callable[[], dict[str, Any]], *, resumed: bool
) -> dict[str, Any]:
    """Write down what a run begins with, or make sure that one which goes on still has it.

    Parameters
    ----------
    states : Path
    digests : dict of str to str
        Of data and base, by what they are called.
    origin : callable
        Tells which checkpoints the run comes from; asked only where it begins.
    resumed : bool

    Returns
    -------
    dict
        Which checkpoints the run comes from.

    Raises
    ------
    CheckpointError
        If data or base are others than when the run began.
    """
    file = states / BEGINNING
    if not resumed:
        found = origin()
        write_json(file, {"digests": digests, "origin": found})
        return found
    recorded = read_json_object(file) if file.is_file() else {"digests": {}, "origin": {}}
    differing = [name for name in digests if recorded["digests"].get(name) != digests[name]]
    if differing:
        raise CheckpointError(
            f"the {' and '.join(differing)} are not those that the run in {str(states.parent)!r} began "
            "with; put those back, or choose another --out"
        )
    return dict(recorded["origin"])


def _refuse_read_only(out: Path) -> None:
    """Refuse a place where nothing can be written, before anything is computed."""
    existing = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not os.access(existing, os.W_OK):
        raise InputError(f"output {str(out)!r}: {str(existing)!r} cannot be written to; choose another --out")


def last_state(states: Path) -> str | None:
    """Return the last state that is complete."""
    numbered = [
        (int(state.name.rpartition("-")[2]), state)
        for state in states.glob("checkpoint-*")
        if state.name.rpartition("-")[2].isdecimal()
    ]
    for _, state in sorted(numbered, reverse=True):
        if is_complete(state):
            return str(state)
    return None
