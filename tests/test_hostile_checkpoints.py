"""Checkpoints of somebody who means harm: sealed with sound digests, and refused all the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from stance.checkpoint import (
    CONFIG,
    GRAPH,
    GRAPH_CONSTANTS,
    MANIFEST,
    TOKENIZER,
    WEIGHTS,
    Checkpoint,
    open_checkpoint,
)
from stance.errors import CheckpointError, InputError
from stance.inference.classifier import StanceClassifier
from stance.inference.gpu import TorchBackend
from stance.train.export import export_checkpoint

from checkpoints import change, seal
from conftest import ROOT

Attack = Callable[[Path], object]


def in_json(name: str, **values: Any) -> Attack:
    return lambda folder: change(folder / name, **values)


def in_graph(pattern: str, replacement: str) -> Attack:
    def change(folder: Path) -> None:
        text = (folder / GRAPH).read_text("utf-8")
        changed = re.sub(pattern, replacement, text)
        assert changed != text
        (folder / GRAPH).write_text(changed, "utf-8")

    return change


def in_weights(change: Callable[[dict[str, Any]], object]) -> Attack:
    def write(folder: Path) -> None:
        weights = dict(load_file(folder / WEIGHTS))
        change(weights)
        save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})

    return write


def tokens_beyond_the_network(folder: Path) -> None:
    content = json.loads((folder / TOKENIZER).read_text("utf-8"))
    vocabulary = content["model"]["vocab"]
    content["model"]["vocab"] = {word: n if n < 5 else n + 10**6 for word, n in vocabulary.items()}
    (folder / TOKENIZER).write_text(json.dumps(content), "utf-8")


ATTACKS: dict[str, Attack] = {
    "weights of another shape": in_weights(
        lambda w: w.update({"classifier.weight": w["classifier.weight"][:2]})
    ),
    "a pickle as weights": lambda folder: (folder / WEIGHTS).write_bytes(
        b"\x80\x04cos\nsystem\n(S'true'\ntR."
    ),
    "no graph constants": lambda folder: (folder / GRAPH_CONSTANTS).write_bytes(b""),
    "graph beyond the weights": in_graph(r'offset="\d+"', 'offset="99999999999"'),
    "graph before the weights": in_graph(r'offset="\d+"', 'offset="-8"'),
    "graph with constants of any size": in_graph(r' size="\d+"', ' size="99999999999"'),
    "graph with an unknown operation": in_graph('type="MatMul"', 'type="Evil"'),
    "graph with another input": in_graph("input_ids", "evil_ids"),
    "graph that is a path": lambda folder: (folder / GRAPH).write_text("/etc/passwd"),
    "graph 100,000 deep": lambda folder: (folder / GRAPH).write_text("<net>" * 100_000),
    "padding that is no token": in_json(CONFIG, pad_token_id=10**30),
    "padding below the tokens": in_json(CONFIG, pad_token_id=-1),
    "tokens beyond the network": tokens_beyond_the_network,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_sealed_checkpoint_that_does_not_hold_together_is_refused(folder: Path, attack: Attack) -> None:
    def use() -> None:
        seal(folder)
        StanceClassifier.from_pretrained(folder, device="cpu").predict([("they met", "no talks")])

    use()
    attack(folder)
    with pytest.raises(CheckpointError):
        use()


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 1e-9},
        {"temperature": 1e9},
        {"max_length": 10**30},
        {"max_length": 10**7},
    ],
)
def test_settings_that_would_overflow_are_refused(folder: Path, settings: dict[str, Any]) -> None:
    in_json(CONFIG, max_position_embeddings=None)(folder)
    with pytest.raises(CheckpointError, match=r"temperature is|max_length is"):
        seal(folder, **settings)


@pytest.mark.parametrize("provenance", [[1], "text", 5, None])
def test_a_provenance_that_is_no_object_is_refused(folder: Path, provenance: Any) -> None:
    in_json(MANIFEST, provenance=provenance)(folder)
    with pytest.raises(CheckpointError, match=r"provenance is .*expected an object"):
        open_checkpoint(folder)


@pytest.mark.parametrize("recorded", [[1], "text", {"often": 0.9}, {"0.05": None}, {"0.05": [1]}])
def test_risks_that_are_no_numbers_are_refused_where_they_are_asked_for(folder: Path, recorded: Any) -> None:
    seal(folder, provenance={"confidence_for_risk": recorded})
    clf = StanceClassifier.from_pretrained(folder, device="cpu")
    assert clf.predict([("a", "b")])
    with pytest.raises(CheckpointError, match="confidence_for_risk is"):
        clf.predict([("a", "b")], max_risk=0.05)


@pytest.mark.parametrize("name", [CONFIG, MANIFEST])
def test_a_settings_file_of_any_size_is_refused_in_time(folder: Path, name: str) -> None:
    with (folder / name).open("r+b") as file:
        file.truncate(10**10)  # ten gigabytes of nothing, which take no room on disk
    with pytest.raises(CheckpointError, match=rf"{name} has 10,000,000,000 bytes"):
        open_checkpoint(folder)


@pytest.mark.parametrize("name", [WEIGHTS, TOKENIZER, CONFIG, MANIFEST, GRAPH])
def test_a_link_to_another_place_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.move(folder / name, tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match=rf"{name} is a link to .*elsewhere', outside the checkpoint"):
        open_checkpoint(folder)


def test_names_in_the_manifest_open_no_other_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", "utf-8")
    files = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    in_json(MANIFEST, files={**files, "../secret": "0" * 64})(folder)
    with pytest.raises(CheckpointError, match="records"):
        open_checkpoint(folder)


def test_the_links_of_the_hubs_cache_are_followed(tiny_checkpoint: Checkpoint, tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "models--a--b" / "blobs", tmp_path / "models--a--b" / "snapshots" / "1"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for number, file in enumerate(sorted(path for path in tiny_checkpoint.path.iterdir() if path.is_file())):
        shutil.copy(file, blobs / str(number))
        (snapshot / file.name).symlink_to(Path("../../blobs") / str(number))
    assert open_checkpoint(snapshot).digest == tiny_checkpoint.digest


def test_a_folder_that_is_a_link_itself_is_opened(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert open_checkpoint(tmp_path / "link").digest == open_checkpoint(folder).digest


# with transformers


def with_code(folder: Path) -> None:
    code = f"from pathlib import Path\nPath({str(folder / 'ran')!r}).touch()\nclass Evil: pass\n"
    (folder / "evil.py").write_text(code, "utf-8")
    names = ("AutoConfig", "AutoModel", "AutoModelForSequenceClassification", "AutoTokenizer")
    in_json(CONFIG, model_type="evil", auto_map=dict.fromkeys(names, "evil.Evil"))(folder)


def test_code_beside_a_model_is_never_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise AssertionError("somebody was asked whether to run the code")

    monkeypatch.setattr("builtins.input", refuse)
    with_code(folder)
    checkpoint = seal(folder)
    with pytest.raises(CheckpointError, match="needs no code of its own"):
        TorchBackend(checkpoint, device="cpu")
    with pytest.raises(CheckpointError, match="needs no code of its own"):
        export_checkpoint(folder, tmp_path / "out")
    StanceClassifier.from_pretrained(folder, device="cpu").predict([("a", "b")])
    assert not (folder / "ran").exists()


def drop_head(weights: dict[str, Any]) -> None:
    del weights["classifier.weight"]


def widen_head(weights: dict[str, Any]) -> None:
    weights["classifier.weight"] = np.zeros((4, 32), np.float16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_head, "lacks the weights classifier.weight"),
        (widen_head, "config.json and weights of one model"),
    ],
)
def test_torch_refuses_weights_that_are_missing_or_of_another_shape(
    folder: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    in_weights(change)(folder)
    with pytest.raises(CheckpointError, match=message):
        TorchBackend(seal(folder), device="cpu")


def test_weights_in_a_pickle_are_not_taken(folder: Path, tmp_path: Path) -> None:
    import torch

    weights = {name: torch.from_numpy(value.copy()) for name, value in load_file(folder / WEIGHTS).items()}
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match=r"lacks .*model\.safetensors"):
        export_checkpoint(folder, tmp_path / "out")
    with pytest.raises(CheckpointError, match=r"lacks model\.safetensors"):
        open_checkpoint(folder)


# places that cannot be written


def test_an_export_into_a_place_that_is_no_folder_is_an_input_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot write .*choose another place"):
        export_checkpoint(folder, tmp_path / "file" / "out")


def test_a_home_that_cannot_be_written_is_no_hindrance(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "home").touch()  # a file: nothing can be made inside it, not even by root
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))}
    environment = {**kept, "HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "stance",
        "classify",
        "--claim",
        "It rained.",
        "--sentence",
        "It rained.",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("supports")
