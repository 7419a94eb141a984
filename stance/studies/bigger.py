"""What a bigger network reaches by the same recipes: the teacher of the embedded checkpoint, for one."""

from __future__ import annotations

from pathlib import Path

from stance.checkpoint import open_checkpoint
from stance.inference.classifier import StanceClassifier
from stance.publish import evaluation_sets
from stance.results import write_result
from stance.studies.runs import short_scores


def bigger(model: Path, articles: Path | None, suites: Path | None) -> None:
    """Score a bigger checkpoint on every evaluation set and write ``bigger.json``.

    Parameters
    ----------
    model : Path
        Folder of the checkpoint.
    articles, suites : Path, optional
        As in :func:`stance.publish.score`.
    """
    checkpoint = open_checkpoint(model)
    classifier = StanceClassifier.from_pretrained(model)
    results = {
        "digest": checkpoint.digest,
        "training": dict(checkpoint.provenance),
        "sets": {
            name: short_scores(classifier, examples) for name, examples in evaluation_sets(articles, suites)
        },
    }
    write_result("bigger", results)
