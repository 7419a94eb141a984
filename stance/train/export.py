"""Turns a transformers model into a checkpoint that the CPU runtime opens without torch.

OpenVINO converts the network; its constants are then pointed into ``model.safetensors``, so that
the weights are stored once and both runtimes compute with the same numbers.
"""

from __future__ import annotations

import hashlib
import json
import struct
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from stance.checkpoint import GRAPH, GRAPH_CONSTANTS, WEIGHTS
from stance.errors import CheckpointError, require


def save_weights(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write the transformers part of a checkpoint: configuration, float16 weights, tokenizer.

    Raises
    ------
    CheckpointError
        If a weight is not finite in float16.
    """
    torch = require("torch", "train")
    half = {name: value.to(torch.float16) for name, value in model.state_dict().items()}
    broken = [name for name, value in half.items() if not torch.isfinite(value).all()]
    if broken:
        raise CheckpointError(f"weights are not finite in float16: {', '.join(broken[:5])}")
    model.config.dtype = "float16"
    model.save_pretrained(folder, state_dict=half)
    tokenizer.save_pretrained(folder)


def export_graph(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write ``graph.xml`` and ``graph.bin`` beside the weights of a saved model.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        In float32, with the very values that ``folder`` holds in float16.
    tokenizer : transformers.PreTrainedTokenizerBase
    folder : Path
        Holds ``model.safetensors``.
    """
    openvino = require("openvino", "train")
    torch = require("torch", "train")
    example = dict(tokenizer("a claim", "a sentence", return_tensors="pt"))
    model.eval()
    with torch.no_grad():
        network = openvino.convert_model(model, example_input=example)
    for port in network.inputs:
        port.get_node().set_partial_shape(openvino.PartialShape([-1, -1]))
    network.validate_nodes_and_infer_types()
    with tempfile.TemporaryDirectory() as scratch:
        xml = Path(scratch) / "graph.xml"
        openvino.save_model(network, xml, compress_to_fp16=True)
        _share_weights(xml, folder)


def _share_weights(xml: Path, folder: Path) -> None:
    """Point the constants of an OpenVINO graph into ``model.safetensors`` where it holds them.

    At load time the runtime is given the weights followed by ``graph.bin`` as one block of bytes;
    an offset below the size of the weights is a weight, one above it an own constant.
    """
    weights = (folder / WEIGHTS).read_bytes()
    stored = {digest: span for span, digest in _tensor_digests(weights)}
    constants = xml.with_suffix(".bin").read_bytes()
    own = bytearray()
    tree = ET.parse(xml)
    for layer in tree.iter("layer"):
        data = layer.find("data")
        if layer.get("type") != "Const" or data is None:
            continue
        start, size = int(data.attrib["offset"]), int(data.attrib["size"])
        value = constants[start : start + size]
        span = stored.get(hashlib.sha256(value).digest())
        if span is None:
            own.extend(bytes(-len(own) % 64))  # keep every own constant aligned
            data.set("offset", str(len(weights) + len(own)))
            own.extend(value)
        else:
            data.set("offset", str(span))
    tree.write(folder / GRAPH, encoding="utf-8", xml_declaration=True)
    (folder / GRAPH_CONSTANTS).write_bytes(own)


def _tensor_digests(weights: bytes) -> list[tuple[int, bytes]]:
    """Return (offset in the file, sha256 of the bytes) for every tensor of a safetensors file."""
    (header_size,) = struct.unpack("<Q", weights[:8])
    header = json.loads(weights[8 : 8 + header_size])
    header.pop("__metadata__", None)
    base = 8 + header_size
    spans = [(base + start, base + end) for start, end in (t["data_offsets"] for t in header.values())]
    return [(start, hashlib.sha256(weights[start:end]).digest()) for start, end in spans]
