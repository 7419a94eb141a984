"""``python -m stance.studies``: what stands around the scores of the embedded checkpoint.

Every training is ``training/news.toml``, cut to few steps: what is compared took as many.
Checkpoints stay in ``runs/studies``, so that a study that was interrupted goes on with the next training.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from stance.errors import StanceError
from stance.output import say
from stance.studies.bigger import bigger
from stance.studies.context import context
from stance.studies.controls import controls
from stance.studies.curves import curves
from stance.studies.forgetting import forgetting
from stance.studies.outlets import outlets
from stance.train.libraries import prepare_libraries

STUDIES: dict[str, Callable[..., None]] = {
    "controls": controls,
    "curves": curves,
    "outlets": outlets,
    "forgetting": forgetting,
    "context": context,
    "bigger": bigger,
}


def main() -> int:
    """Run one study from the root of a clone."""
    parser = argparse.ArgumentParser(prog="stance.studies", description=__doc__)
    studies = parser.add_subparsers(dest="study", required=True)
    for study, text in (
        ("controls", "score predictors that see too little on every evaluation set"),
        ("curves", "train with part of the events, and with part of the examples"),
        ("outlets", "train without each outlet of kremlin_call in turn"),
        ("forgetting", "fine-tune on few pairs of one's own: what is learnt, and what is lost"),
        ("context", "put the sentence before in front of sentences that lean on it"),
        ("bigger", "score a bigger checkpoint beside the embedded one"),
    ):
        one = studies.add_parser(study, help=text, description=text)
        if study in ("controls", "curves", "outlets"):
            one.add_argument("--public", type=Path, required=True, help="table of public training pairs")
        if study == "bigger":
            one.add_argument("--model", type=Path, required=True, help="folder of the checkpoint")
        if study in ("controls", "bigger"):
            one.add_argument("--articles", type=Path, help="folder of the verbatim articles")
            one.add_argument("--suites", type=Path, help="folder of public evaluation sets")
        if study == "forgetting":
            one.add_argument("--pairs", type=Path, required=True, help="table of labelled pairs")
            one.add_argument("--other", type=Path, required=True, help="table of quite other labelled pairs")
    options = vars(parser.parse_args())
    study = options.pop("study")
    prepare_libraries()
    try:
        STUDIES[study](**options)
    except StanceError as error:
        say(f"studies: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
