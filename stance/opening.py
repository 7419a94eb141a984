"""The classifier and the places that the options of a verb ask for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from stance.errors import InputError
from stance.output import say

if TYPE_CHECKING:
    import argparse

    from stance.inference.classifier import StanceClassifier


def open_classifier(options: argparse.Namespace) -> StanceClassifier:
    """Open what ``--model``, ``--device`` and ``--threads`` ask for."""
    from stance.inference.classifier import StanceClassifier

    classifier = StanceClassifier.from_pretrained(
        options.model, device=options.device, threads=options.threads
    )
    if options.verbose:
        say(f"model {classifier.checkpoint.path}, {classifier.runtime}")
    return classifier


def from_clone(place: str | Path, option: str) -> Path:
    """Return a default that only a clone of the project has.

    Raises
    ------
    InputError
        If it is not there: nobody named it, so that it has to be said where it comes from.
    """
    if not os.path.exists(place):
        raise InputError(
            f"there is no {str(place)!r} here, which is the default; run it in a clone of the repository, "
            f"or give {option}"
        )
    return Path(place)
