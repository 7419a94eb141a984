"""Safetensors of somebody else: read only where header, spans and values hold together."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from stance.errors import CheckpointError
from stance.weights import BLOCK, checked_tensors

TENSORS = {
    "a": np.arange(6, dtype=np.float16).reshape(2, 3),
    "b": np.arange(4, dtype=np.float32),
    "c": np.zeros((0, 2), np.float64),
    "d": np.array(3, dtype=np.int64),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_file(TENSORS, path, metadata={"format": "pt"})
    return path


def with_header(file: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Rewrite the header and leave the values as they are."""
    content = file.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.dumps(change(json.loads(content[8 : 8 + size]))).encode()
    file.write_bytes(struct.pack("<Q", len(header)) + header + content[8 + size :])
    return file


def with_entry(name: str, **values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda header: {**header, name: {**header[name], **values}}


def test_sound_tensors_are_told_with_their_places(file: Path) -> None:
    content = file.read_bytes()
    found = {one.name: one for one in checked_tensors(file)}
    assert found.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert found[name].shape == value.shape
        assert content[found[name].start : found[name].end] == value.tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, BLOCK, -1], ids=["first", "in a later block", "last"])
def test_a_value_that_is_not_finite_is_refused_wherever_it_is(
    tmp_path: Path, dtype: type, value: float, place: int
) -> None:
    tensor = np.ones(2 * BLOCK, dtype=dtype)
    tensor[place] = value
    save_file({"sound": np.ones(3, np.float32), "broken": tensor}, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="'broken' holds values that are not finite"):
        checked_tensors(tmp_path / "w.safetensors")


@settings(max_examples=40)
@given(bits=st.integers(0, 0xFFFF))
def test_a_float16_is_refused_exactly_where_it_is_not_finite(
    tmp_path_factory: pytest.TempPathFactory, bits: int
) -> None:
    path = tmp_path_factory.mktemp("w") / "w.safetensors"
    value = np.array([bits], dtype=np.uint16).view(np.float16)
    save_file({"a": value}, path)
    if np.isfinite(value).all():
        checked_tensors(path)
    else:
        with pytest.raises(CheckpointError, match="not finite"):
            checked_tensors(path)


def test_bfloat16_is_looked_at_too(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file as save_tensors

    path = tmp_path / "w.safetensors"
    save_tensors({"a": torch.tensor([1.0, 3e38], dtype=torch.bfloat16)}, path)
    checked_tensors(path)
    save_tensors({"a": torch.tensor([1.0, torch.inf], dtype=torch.bfloat16)}, path)
    with pytest.raises(CheckpointError, match="not finite"):
        checked_tensors(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_entry("a", shape=[2, 4]), r"'a' has 12 bytes; its shape .2, 4. of F16 needs 16"),
        (with_entry("a", shape=[10**30, 0]), "the tensor before it ends|needs 0"),
        (with_entry("a", shape=[-2, -3]), "the header says of 'a'"),
        (with_entry("a", shape="6"), "the header says of 'a'"),
        (with_entry("a", shape=[2.0, 3.0]), "the header says of 'a'"),
        (with_entry("a", dtype="F32"), r"'a' has 12 bytes; its shape .* of F32 needs 24"),
        (with_entry("a", dtype="PICKLE"), "expected a shape, two data_offsets and a type"),
        (with_entry("a", dtype=None), "the header says of 'a'"),
        (with_entry("a", data_offsets=[-8, 4]), "the header says of 'a'"),
        (with_entry("a", data_offsets=[0, 10**12]), "bytes; its shape"),
        (with_entry("a", data_offsets=[12, 0]), "bytes; its shape"),
        (with_entry("a", data_offsets=[0]), "the header says of 'a'"),
        (with_entry("a", data_offsets=[10**9, 10**9 + 12]), "without gaps and overlaps"),
        (with_entry("b", data_offsets=[0, 16]), "without gaps and overlaps"),
        (lambda header: {**header, "a": 5}, "the header says of 'a' 5"),
        (lambda header: {k: v for k, v in header.items() if k != "b"}, "without gaps|the file at"),
        (lambda header: {}, "tensors end at byte"),
        (lambda header: [header], "no JSON object"),
        (lambda header: None, "no JSON object"),
    ],
)
def test_a_header_that_does_not_fit_the_bytes_is_refused(
    file: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        checked_tensors(with_header(file, change))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04K\x01.",  # a pickle
        b"PK\x03\x04" + bytes(40),  # a zip, as torch.save writes it
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 3) + b"{} ",
        struct.pack("<Q", 4) + b"\xff\xfe{}",
        struct.pack("<Q", 100_000) + b"[" * 100_000,
        b"version https://git-lfs.github.com/spec/v1\n",
    ],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"no safetensors file|tensors end at byte"):
        checked_tensors(path)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_is_too_short_or_too_long_is_refused(file: Path, change: int) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] if change < 0 else content + b"\0")
    with pytest.raises(CheckpointError, match="its tensors end at byte"):
        checked_tensors(file)


ALIKE = {name: np.arange(6, dtype=np.float16).reshape(2, 3) for name in "abc"}
"""Of twelve bytes each, so that much of what a header may say instead fits them too."""

entries = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(["F16", "I16", "U16", "F32", "U8", "BOOL", "F128"]),
        "shape": st.sampled_from([[6], [1, 6], [3, 2], [6, 1, 1], [3], [12], [4], [0, 6], [], [-2, -3]]),
        "data_offsets": st.sampled_from([[0, 12], [12, 24], [24, 36], [0, 6], [36, 48]]),
    },
)


@settings(max_examples=120)
@given(changes=st.dictionaries(st.sampled_from(sorted(ALIKE)), entries, min_size=1, max_size=2))
def test_whatever_is_accepted_is_what_the_library_reads(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("w") / "w.safetensors"
    save_file(ALIKE, path)
    for name, values in changes.items():
        with_header(path, with_entry(name, **values))
    try:
        found = checked_tensors(path)
    except CheckpointError:
        return
    content, read = path.read_bytes(), load_file(path)
    assert {one.name for one in found} == read.keys()
    for one in found:
        assert read[one.name].shape == one.shape
        assert read[one.name].tobytes() == content[one.start : one.end]
