"""The classifier that the options of a verb ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
