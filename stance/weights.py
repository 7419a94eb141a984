"""Reading safetensors without trusting them: header, spans and values are checked before they are used."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from io import RawIOBase
from pathlib import Path
from typing import Any, NamedTuple

from stance.errors import CheckpointError

BYTES_OF = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL"), 1),
}
"""The types of values that are read, and how wide they are."""

EXPONENTS = {"F64": 0x7FF0 << 48, "F32": 0xFF << 23, "F16": 0x1F << 10, "BF16": 0xFF << 7}
"""The bits of the exponent; where all of them are set, the number is infinite or none."""

LONGEST_HEADER = 100_000_000
"""As in the safetensors library."""

BLOCK = 1 << 18
"""Bytes that are looked at together: they fit into the cache."""


class Tensor(NamedTuple):
    """Where a tensor lies in its file, in bytes from the beginning, and how it is to be read."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def checked_tensors(file: Path) -> list[Tensor]:
    """Return the tensors of a safetensors file in the order of their bytes.

    Raises
    ------
    CheckpointError
        If it is no safetensors file, a tensor is not as large as type and shape say, tensors overlap or
        leave gaps, or a value is infinite or no number.
    """
    tensors, begin = _read_header(file)
    _check_spans(file, tensors, begin)
    _check_values(file, tensors)
    return tensors


def _read_header(file: Path) -> tuple[list[Tensor], int]:
    """Return the tensors in the order of their bytes, and where the first should begin."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, LONGEST_HEADER):
            raise CheckpointError(
                f"{file} is no safetensors file: it holds {size:,} bytes, less than its header; "
                "fetch or export the checkpoint again"
            )
        try:
            header = json.loads(stream.read(length))
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"{file} is no safetensors file: broken header ({error})") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{file} is no safetensors file: its header is no JSON object")
    header.pop("__metadata__", None)
    begin = 8 + length
    tensors = [_tensor(file, name, value, begin) for name, value in header.items()]
    return sorted(tensors, key=lambda one: (one.start, one.end)), begin


def _tensor(file: Path, name: str, value: Any, base: int) -> Tensor:
    entry = value if isinstance(value, Mapping) else {}
    dtype, shape, span = entry.get("dtype"), _sizes(entry.get("shape")), _sizes(entry.get("data_offsets"))
    if not isinstance(dtype, str) or dtype not in BYTES_OF or shape is None or len(span or ()) != 2:
        raise CheckpointError(
            f"{file}: the header says of {name[:80]!r} {value!r:.120}; expected a shape, two data_offsets "
            f"and a type ({', '.join(BYTES_OF)})"
        )
    start, end = span or (0, 0)
    needed = math.prod(shape) * BYTES_OF[dtype]
    if end - start != needed:
        raise CheckpointError(
            f"{file}: {name[:80]!r} has {end - start:,} bytes; its shape {shape!r:.60} of {dtype} needs "
            f"{needed:,}"
        )
    return Tensor(name, dtype, shape, base + start, base + end)


def _sizes(values: object) -> tuple[int, ...] | None:
    """Return whole numbers of at least 0; anything else is none."""
    if not isinstance(values, list) or not all(type(value) is int and value >= 0 for value in values):
        return None
    return tuple(values)


def _check_spans(file: Path, tensors: list[Tensor], begin: int) -> None:
    size, place = file.stat().st_size, begin
    for one in tensors:
        if one.start != place:
            raise CheckpointError(
                f"{file}: {one.name[:80]!r} begins at byte {one.start:,}, the tensor before it ends at "
                f"{place:,}; expected tensors without gaps and overlaps"
            )
        place = one.end
    if not tensors or place != size:
        raise CheckpointError(f"{file}: its tensors end at byte {place:,}, the file at {size:,}")


def _check_values(file: Path, tensors: list[Tensor]) -> None:
    with file.open("rb", buffering=0) as stream:
        for one in tensors:
            if one.dtype in EXPONENTS and not all(_finite_blocks(stream, one)):
                raise CheckpointError(
                    f"{file}: {one.name[:80]!r} holds values that are not finite; the weights are unusable"
                )


def _finite_blocks(stream: RawIOBase, tensor: Tensor) -> Iterator[bool]:
    """Say of each part of a tensor whether its values are finite; looks at bits, which is fastest."""
    import numpy as np  # here: opening the package needs no library

    unsigned = np.dtype(f"<u{BYTES_OF[tensor.dtype]}")
    bits = unsigned.type(EXPONENTS[tensor.dtype])
    stream.seek(tensor.start)
    left = tensor.end - tensor.start
    while left and (block := stream.read(min(left, BLOCK))):
        left -= len(block)
        yield bool(((np.frombuffer(block, unsigned) & bits) != bits).all())
