"""Writing checkpoints: whole or not at all, and the CPU runtime repeats what torch computes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stance.checkpoint import (
    CONFIG,
    FILES,
    GRAPH_CONSTANTS,
    MANIFEST,
    TOKENIZER,
    TOKENIZER_CONFIG,
    VOICE_HEAD,
    WEIGHTS,
    Checkpoint,
    file_digest,
    open_checkpoint,
    write_manifest,
)
from stance.errors import CheckpointError
from stance.inference.classifier import StanceClassifier
from stance.inference.openvino_import import import_openvino
from stance.train.export import ASIDE, check_parity, export_checkpoint, save_weights, write_checkpoint

from checkpoints import change
from conftest import tiny_model

PAIRS = [("they met", "the ministry denied it"), ("the budget rose", "no talks took place " * 40)]
SEAL = {"temperature": 1.5, "max_length": 64, "provenance": {"recipe": "tiny"}}


def test_a_checkpoint_is_its_files_and_nothing_else(tiny_checkpoint: Checkpoint) -> None:
    assert sorted(p.name for p in tiny_checkpoint.path.iterdir()) == sorted({*FILES, MANIFEST} - {VOICE_HEAD})


def test_weights_are_stored_once_and_in_float16(tiny_checkpoint: Checkpoint) -> None:
    from safetensors.numpy import load_file

    tensors = load_file(tiny_checkpoint.path / WEIGHTS)
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float16)}
    largest = max(tensor.nbytes for tensor in tensors.values())
    assert (tiny_checkpoint.path / GRAPH_CONSTANTS).stat().st_size < largest


@pytest.fixture(scope="module")
def exported(
    tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Checkpoint]:
    """A sealed folder and its export, which was repeated into the same place after it had failed."""
    from safetensors.numpy import load_file, save_file

    place = tmp_path_factory.mktemp("exported")
    source, out = Path(shutil.copytree(tiny_checkpoint.path, place / "source")), place / "a" / "b"
    write_manifest(source, **SEAL)
    sound, tensors = (source / WEIGHTS).read_bytes(), load_file(source / WEIGHTS)
    broken = {**tensors, "classifier.bias": np.full(3, np.nan, np.float16)}
    save_file(broken, source / WEIGHTS, {"format": "pt"})
    with pytest.raises(CheckpointError, match="not finite"):
        export_checkpoint(source, out)
    (source / WEIGHTS).write_bytes(sound)
    return source, export_checkpoint(source, str(out))


def test_exporting_a_checkpoint_again_keeps_weights_settings_and_answers(
    exported: tuple[Path, Checkpoint],
) -> None:
    source, again = exported
    known = open_checkpoint(source)
    for name in ("temperature", "max_length", "provenance"):
        assert getattr(again, name) == getattr(known, name)
    assert file_digest(again.path / WEIGHTS) == file_digest(source / WEIGHTS)
    answers = [
        StanceClassifier.from_pretrained(p, device="cpu").predict_proba(PAIRS) for p in (source, again.path)
    ]
    np.testing.assert_allclose(*answers, atol=1e-5)


def test_a_failed_export_can_be_repeated(exported: tuple[Path, Checkpoint]) -> None:
    source, again = exported
    assert again.has_graph
    assert again == open_checkpoint(source.parent / "a" / "b")


@pytest.mark.slow
def test_a_plain_transformers_folder_is_exported_with_a_length_that_it_can_take(tmp_path: Path) -> None:
    model, tokenizer = tiny_model()
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path / "plain")  # type: ignore[attr-defined]
    exported = export_checkpoint(tmp_path / "plain", tmp_path / "out")
    assert (exported.temperature, exported.provenance) == (1.0, {})
    assert 8 <= exported.max_length <= 160


# what is refused


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_source_without_configuration_or_weights_is_refused(
    folder: Path, tmp_path: Path, name: str
) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=r"copy' lacks config\.json or model\.safetensors"):
        export_checkpoint(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="expected a transformers folder"):
        export_checkpoint(tmp_path / "nowhere", tmp_path / "out")


@pytest.mark.parametrize(
    "labels",
    [
        {"0": "entailment", "1": "contradiction", "2": "neutral"},
        {"0": "denies", "1": "supports", "2": "neutral"},
        {"0": "supports", "1": "denies"},
        None,
    ],
)
def test_labels_that_are_not_ours_are_refused(folder: Path, tmp_path: Path, labels: Any) -> None:
    change(folder / CONFIG, id2label=labels)
    with pytest.raises(CheckpointError, match=r"expected \['supports', 'denies', 'neutral'\]"):
        export_checkpoint(folder, tmp_path / "out")


def test_a_folder_that_holds_something_is_no_output(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", encoding="utf-8")
    for place in (out, out / "thesis.txt", folder):
        with pytest.raises(CheckpointError, match="is not empty; choose a new folder"):
            export_checkpoint(folder, place)
    assert (out / "thesis.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.parametrize("name", [CONFIG, MANIFEST])
def test_a_broken_settings_file_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match=name):
        export_checkpoint(folder, tmp_path / "out")


def test_a_source_without_tokenizer_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in (TOKENIZER, TOKENIZER_CONFIG):
        (folder / name).unlink()
    with pytest.raises(CheckpointError, match="tokenizer"):
        export_checkpoint(folder, tmp_path / "out")


def test_an_encoder_without_a_trained_head_is_refused(folder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / WEIGHTS)
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("classifier")}
    assert len(kept) < len(tensors)
    save_file(kept, folder / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="classifier"):
        export_checkpoint(folder, tmp_path / "out")


# a checkpoint appears whole or not at all


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e6])
def test_weights_that_float16_cannot_hold_are_refused(tmp_path: Path, value: float) -> None:
    model, tokenizer = tiny_model()
    model.classifier.bias.data[1] = value  # type: ignore[attr-defined]
    with pytest.raises(CheckpointError, match=r"not finite in float16: classifier\.bias"):
        save_weights(model, tokenizer, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_checkpoint_as_it_was(folder: Path) -> None:
    before = open_checkpoint(folder)
    model, tokenizer = tiny_model()
    model.classifier.bias.data[1] = float("nan")  # type: ignore[attr-defined]
    with pytest.raises(CheckpointError, match="not finite"):
        write_checkpoint(model, tokenizer, folder, SEAL)
    assert open_checkpoint(folder) == before


def test_a_family_that_cannot_be_converted_leaves_its_weights(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(program: object) -> None:
        raise RuntimeError("no conversion rule\nfor this")

    monkeypatch.setattr(import_openvino(), "convert_model", refuse)
    with pytest.raises(
        CheckpointError, match=r"cannot convert a bert model \(no conversion rule\).*are kept in"
    ):
        export_checkpoint(folder, tmp_path / "out")
    kept = tmp_path / "out" / ASIDE
    assert {path.name for path in kept.iterdir()} >= {CONFIG, WEIGHTS, "tokenizer.json"}


def test_a_graph_that_differs_from_torch_is_refused(folder: Path) -> None:
    change(folder / CONFIG, layer_norm_eps=10.0)  # now torch computes something else
    with pytest.raises(CheckpointError, match=r"differs from torch by up to 0\.\d+.*expected at most 0\.005"):
        check_parity(write_manifest(folder, **SEAL))
