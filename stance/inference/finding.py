"""Finding a checkpoint: the embedded one, a folder, or one on the Hugging Face hub."""

from __future__ import annotations

import os
import re
from pathlib import Path

from stance.checkpoint import FILES, MANIFEST, Checkpoint, default_checkpoint, open_checkpoint
from stance.errors import CheckpointError, first_line

HUB_ID = re.compile(r"(?P<name>[^./~][^/@]*/[^/@]+)(@(?P<revision>.+))?")


def find_checkpoint(path_or_hub_id: str | Path | None) -> Checkpoint:
    """Open a checkpoint by folder or by hub id; ``None`` is the embedded one.

    ``ID@REVISION`` is one state of a repository on the hub: a branch, a tag or a commit.
    """
    if path_or_hub_id is None:
        return default_checkpoint()
    text = str(path_or_hub_id)
    hub_id = HUB_ID.fullmatch(text) if isinstance(path_or_hub_id, str) else None
    if Path(text).exists() or hub_id is None:
        return open_checkpoint(Path(os.path.expanduser(text)))
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            hub_id["name"], revision=hub_id["revision"], allow_patterns=[*FILES, MANIFEST]
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"{text!r} is no folder here and could not be fetched from the Hugging Face hub "
            f"({first_line(error)}); give a checkpoint folder or a hub id"
        ) from error
    return open_checkpoint(folder)
