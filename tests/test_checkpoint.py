"""The checkpoint folder: opened only when it is complete, undamaged and of our labels."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from stance.checkpoint import (
    CONFIG,
    FILES,
    GRAPH,
    MANIFEST,
    REQUIRED,
    WEIGHTS,
    Checkpoint,
    check_labels,
    open_checkpoint,
    write_manifest,
)
from stance.errors import CheckpointError

from checkpoints import change, seal

OURS = {"0": "supports", "1": "denies", "2": "neutral"}


@pytest.fixture
def speaking_folder(speaking_checkpoint: Checkpoint, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint that has every file there is, free to be damaged."""
    return Path(shutil.copytree(speaking_checkpoint.path, tmp_path / "speaking"))


def test_a_written_checkpoint_opens_with_its_settings(tiny_checkpoint: Checkpoint) -> None:
    opened = open_checkpoint(str(tiny_checkpoint.path))
    assert (opened.temperature, opened.max_length, opened.provenance) == (1.5, 64, {})
    assert opened.has_graph
    assert opened == tiny_checkpoint


def test_a_checkpoint_is_a_value(tiny_checkpoint: Checkpoint) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        tiny_checkpoint.temperature = 2.0  # type: ignore[misc]


def test_provenance_survives_as_it_was_given(folder: Path) -> None:
    provenance = {"recipe": {"base": "größe 模型"}, "steps": 3, "scores": [0.5, None]}
    sealed = write_manifest(folder, temperature=0.25, max_length=32, provenance=provenance)
    assert sealed == open_checkpoint(folder)
    assert (sealed.provenance, sealed.temperature, sealed.max_length) == (provenance, 0.25, 32)


def test_the_digest_is_of_the_files_and_not_of_the_place(folder: Path, tiny_checkpoint: Checkpoint) -> None:
    assert open_checkpoint(folder).digest == tiny_checkpoint.digest
    (folder / "README.md").write_text("a file of somebody else", encoding="utf-8")
    assert open_checkpoint(folder).digest == tiny_checkpoint.digest
    flip(folder / WEIGHTS)
    assert seal(folder).digest != tiny_checkpoint.digest


@pytest.mark.parametrize(
    "settings", [{"temperature": 3.0, "max_length": 64}, {"temperature": 1.5, "max_length": 32}]
)
def test_another_temperature_or_length_is_another_model(
    folder: Path, tiny_checkpoint: Checkpoint, settings: dict[str, Any]
) -> None:
    assert write_manifest(folder, provenance={}, **settings).digest != tiny_checkpoint.digest


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_in_any_file_is_refused(speaking_folder: Path, name: str) -> None:
    flip(speaking_folder / name)
    with pytest.raises(CheckpointError, match=name):
        open_checkpoint(speaking_folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 100])
def test_a_truncated_file_is_refused(speaking_folder: Path, name: str, keep: int) -> None:
    (speaking_folder / name).write_bytes((speaking_folder / name).read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=name):
        open_checkpoint(speaking_folder)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=rf"lacks {name}; expected a folder written"):
        open_checkpoint(folder)


def test_a_folder_in_place_of_a_file_counts_as_missing(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()
    with pytest.raises(CheckpointError, match=f"lacks {WEIGHTS}"):
        open_checkpoint(folder)


def test_a_recorded_file_that_is_gone_is_refused(folder: Path) -> None:
    (folder / GRAPH).unlink()
    with pytest.raises(CheckpointError, match="Fetch or export it again"):
        open_checkpoint(folder)


def test_a_file_that_was_never_recorded_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    del manifest["files"][GRAPH]
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(CheckpointError, match="records"):
        open_checkpoint(folder)


def test_a_checkpoint_without_graph_opens_and_says_so(folder: Path) -> None:
    (folder / GRAPH).unlink()
    assert not seal(folder).has_graph


def test_a_folder_without_seal_was_never_finished(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(CheckpointError, match=r"never finished.*stance export"):
        open_checkpoint(folder)


def test_an_empty_folder_lacks_everything(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"lacks config\.json, model\.safetensors, tokenizer\.json"):
        open_checkpoint(tmp_path)


def test_no_folder_and_a_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere' does not exist; expected a folder"):
        open_checkpoint(tmp_path / "nowhere")
    file = tmp_path / "model.bin"
    file.touch()
    with pytest.raises(CheckpointError, match=r"is a file; expected a folder"):
        open_checkpoint(file)


@pytest.mark.parametrize("name", [CONFIG, MANIFEST])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_settings_file_that_is_no_json_object_is_refused(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=name):
        open_checkpoint(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": 2}, r"format 2; this version of stance reads 1"),
        ({"format": None}, "format None"),
        ({"temperature": 0}, "temperature is 0; expected a number above 0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"temperature": "1.5"}, "temperature is '1.5'"),
        ({"temperature": None}, "temperature is None"),
        pytest.param(
            {"temperature": True},
            "temperature is True",
        ),
        pytest.param(
            {"temperature": 10**400},
            "temperature is",
        ),
        ({"max_length": 0}, "max_length is 0; expected a whole number >= 16"),
        ({"max_length": 64.0}, "max_length is 64.0"),
        ({"max_length": "64"}, "max_length is '64'"),
        ({"max_length": True}, "max_length is True"),
        ({"max_length": None}, "max_length is None"),
        ({"files": None}, "records no file digests"),
        ({"files": {}}, "records"),
    ],
)
def test_settings_that_make_no_sense_are_refused(folder: Path, values: dict[str, Any], message: str) -> None:
    change(folder / MANIFEST, **values)
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(folder)


def test_a_length_that_leaves_no_room_for_a_claim_is_refused(folder: Path) -> None:
    change(folder / MANIFEST, max_length=8)
    with pytest.raises(CheckpointError, match="max_length is 8"):
        open_checkpoint(folder)


def test_a_length_beyond_the_positions_of_the_network_is_refused(folder: Path) -> None:
    change(folder / MANIFEST, max_length=161)  # the tiny model has 160 positions
    with pytest.raises(CheckpointError, match="max_length is 161"):
        open_checkpoint(folder)


# law 7: label names map by name; anything else is an error, never a guess


def test_our_labels_pass() -> None:
    check_labels({"id2label": OURS}, "config.json")
    check_labels({"id2label": dict(reversed(OURS.items()))}, "config.json")
    check_labels({"id2label": {0: "supports", 1: "denies", 2: "neutral"}}, "config.json")


@pytest.mark.parametrize(
    "config",
    [{}, {"id2label": {}}, {"id2label": None}, {"id2label": ["supports", "denies", "neutral"]}],
    ids=["absent", "empty", "null", "list"],
)
def test_missing_label_names_are_an_error(config: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match=r"names no labels.*guess"):
        check_labels(config, "config.json")


@pytest.mark.parametrize(
    "labels",
    [
        {"0": "denies", "1": "supports", "2": "neutral"},
        {"2": "supports", "1": "denies", "0": "neutral"},
        {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"},
        {"0": "entailment", "1": "contradiction", "2": "neutral"},
        {"0": "supports", "1": "denies"},
        {**OURS, "3": "unknown"},
        {"0": "Supports", "1": "Denies", "2": "Neutral"},
        {"0": None, "1": None, "2": None},
        {"0": "supports", "1": "denies", "2": "neutral "},
        pytest.param(
            {"a": "supports", "b": "denies", "c": "neutral"},
        ),
        pytest.param(
            {"0": "supports", "1": "denies", "3": "neutral"},
        ),
    ],
)
def test_unknown_permuted_or_incomplete_labels_are_an_error(labels: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match=r"the labels .* expected \['supports', 'denies', 'neutral'\]"):
        check_labels({"id2label": labels}, "config.json")


def test_a_sealed_folder_with_permuted_labels_does_not_open(folder: Path) -> None:
    change(folder / CONFIG, id2label={"0": "denies", "1": "supports", "2": "neutral"})
    with pytest.raises(CheckpointError, match=r"labels {'0': 'denies', '1': 'supports', '2': 'neutral'}"):
        seal(folder)
