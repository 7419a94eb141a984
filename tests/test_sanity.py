"""Plain cases: a model that fails them is opened and doubted, a sound one says nothing."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from stance.checkpoint import WEIGHTS, Checkpoint, default_checkpoint, write_manifest
from stance.inference.classifier import StanceClassifier
from stance.inference.sanity import CLAIM, PLAIN_CASES, doubts_about
from stance.schema import LABELS


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "stance"]


@pytest.mark.parametrize("path", [None, default_checkpoint().path], ids=["by default", "by its folder"])
def test_the_embedded_model_passes_the_plain_cases(
    path: Path | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert doubts_about(StanceClassifier.from_pretrained(path, device="cpu")) == []
    assert warnings_of(caplog) == []


def test_the_plain_cases_hold_every_label() -> None:
    assert tuple(label for _, _, label in PLAIN_CASES) == LABELS
    assert PLAIN_CASES[0][1] == CLAIM


def test_labels_that_were_swapped_in_the_weights_are_told_once_and_the_model_is_usable(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = Path(shutil.copytree(default_checkpoint().path, tmp_path / "swapped"))
    weights = load_file(folder / WEIGHTS)
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = np.ascontiguousarray(weights[name][[1, 0, 2]])
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    write_manifest(folder, temperature=1.0, max_length=128, provenance={})
    with caplog.at_level(logging.WARNING):
        swapped = StanceClassifier.from_pretrained(folder, device="cpu")
    (told,) = warnings_of(caplog)
    assert str(folder) in told
    assert "the claim itself is labelled denies, expected supports" in told
    assert "an explicit denial is labelled supports, expected denies" in told
    assert "stance evaluate" in told
    swapped.predict([("They met.", "They met.")] * 3)
    assert len(warnings_of(caplog)) == 1


def test_a_model_without_room_for_the_cases_is_not_doubted(
    tiny_checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = Path(shutil.copytree(tiny_checkpoint.path, tmp_path / "short"))
    write_manifest(folder, temperature=1.0, max_length=16, provenance={})
    short = StanceClassifier.from_pretrained(folder, device="cpu")
    assert short.pair_problem(CLAIM, CLAIM)
    assert doubts_about(short) == []
    assert warnings_of(caplog) == []
