"""Turns a transformers model into a checkpoint that the CPU runtime opens without torch.

OpenVINO converts the network; its constants are then pointed into ``model.safetensors``, so that
the weights are stored once and both runtimes compute with the same numbers.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stance.checkpoint import (
    CONFIG,
    FILES,
    GRAPH,
    GRAPH_CONSTANTS,
    MANIFEST,
    WEIGHTS,
    Checkpoint,
    check_labels,
    open_checkpoint,
    positions_of,
    read_json_object,
    write_manifest,
)
from stance.errors import CheckpointError, InputError, first_line, require
from stance.files import told_if_full
from stance.inference.answers import softmax
from stance.inference.cpu import CpuBackend
from stance.inference.encoding import PairEncoder, padded, token_batches
from stance.inference.gpu import TorchBackend, open_network
from stance.inference.openvino_import import import_openvino
from stance.train.tokenizer import plain_tokenizer
from stance.train.voice import BothOutputs, WithVoice, load_head, save_head
from stance.weights import checked_tensors

ASIDE = ".unfinished"
"""Folder inside the output in which a checkpoint grows until it is complete."""

DEFAULT_LENGTH = 256
"""Longest input of a model that does not come with one, where it has as many positions."""

TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")

LARGEST_GAP = 0.005
"""Largest difference in probability between the CPU runtime and torch that passes."""

PARITY_PAIRS = [
    ("The two leaders spoke.", "The ministry rejected reports that the two leaders had spoken."),
    ("The two leaders spoke.", "They talked for an hour."),
    ("The budget rose to 3.5 million.", "No figure was given."),
    ("It rained.", "In the capital it had been dry since the spring, farmers said. " * 12),
]


def export_checkpoint(source: str | Path, out: str | Path) -> Checkpoint:
    """Turn a transformers folder with our three labels into a complete checkpoint.

    Parameters
    ----------
    source : str or Path
        A folder that ``AutoModelForSequenceClassification`` can open, in safetensors. If it is a
        stance checkpoint already, temperature and provenance are kept.
    out : str or Path
        A new or empty folder.

    Raises
    ------
    CheckpointError
        If the source is no such model, its labels are not ours, or ``out`` is not empty.
    """
    source, out = Path(source), Path(out)
    if not (source / CONFIG).is_file() or not (source / WEIGHTS).is_file():
        raise CheckpointError(f"{str(source)!r} lacks {CONFIG} or {WEIGHTS}; expected a transformers folder")
    config = read_json_object(source / CONFIG)
    check_labels(config, str(source / CONFIG))
    if not any((source / name).is_file() for name in TOKENIZER_FILES):
        raise CheckpointError(f"{str(source)!r} has no tokenizer ({' or '.join(TOKENIZER_FILES)})")
    if out.is_file() or (out.is_dir() and any(file.name != ASIDE for file in out.iterdir())):
        raise CheckpointError(f"{str(out)!r} is not empty; choose a new folder")
    model = open_network(source)
    head = load_head(source, model.config.hidden_size)
    if head is not None:
        model = WithVoice(model)
        model.voice.load_state_dict(head.state_dict())
    tokenizer = plain_tokenizer(str(source))
    longest = min(DEFAULT_LENGTH, positions_of(config) or DEFAULT_LENGTH)
    seal: dict[str, Any] = {"temperature": 1.0, "max_length": longest, "provenance": {}}
    if (source / MANIFEST).is_file():
        known = read_json_object(source / MANIFEST)
        seal = {name: known.get(name, default) for name, default in seal.items()}
    return write_checkpoint(model, tokenizer, out, seal)


def write_checkpoint(model: Any, tokenizer: Any, out: Path, seal: Mapping[str, Any]) -> Checkpoint:
    """Write and seal a checkpoint aside, check it, then move it into place, the seal last.

    Parameters
    ----------
    model : transformers.PreTrainedModel or WithVoice
    tokenizer : transformers.PreTrainedTokenizerBase
    out : Path
        Folder of the checkpoint.
    seal : mapping
        ``temperature``, ``max_length`` and ``provenance``, as :func:`write_manifest` takes them.

    Raises
    ------
    CheckpointError
        If weights are not finite, or the CPU runtime does not repeat what torch computes.
    InputError
        If the disk is full or read-only.
    """
    with told_if_full(out):
        return _write_aside(model, tokenizer, out, seal)


def _write_aside(model: Any, tokenizer: Any, out: Path, seal: Mapping[str, Any]) -> Checkpoint:
    torch = require("torch", "train")
    aside = out / ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"cannot write {str(out)!r}: {error}; choose another place") from error
    head = None
    if isinstance(model, WithVoice):
        save_head(model, aside)
        model = model.classifier
        head = load_head(aside, model.config.hidden_size)
    save_weights(model, tokenizer, aside)
    # what the runtime computes with is what was written, not what was trained
    written = open_network(aside, dtype=torch.float32)
    export_graph(written, tokenizer, aside, head)
    check_parity(write_manifest(aside, **seal))
    (out / MANIFEST).unlink(missing_ok=True)
    for name in (*FILES, MANIFEST):
        if (aside / name).is_file():
            (aside / name).chmod(0o644)  # safetensors writes files that only their owner can read
            (aside / name).replace(out / name)
    shutil.rmtree(aside)
    return open_checkpoint(out)


def check_parity(checkpoint: Checkpoint) -> None:
    """Compare the CPU runtime with torch on a few pairs and refuse a graph that differs."""
    encoded = PairEncoder(checkpoint).encode(PARITY_PAIRS)
    backend = CpuBackend(checkpoint, precision="f32")
    batches = list(token_batches(padded(encoded.lengths, checkpoint.max_length), backend.tokens_per_batch))
    ours = backend.compute(encoded.encodings, batches)
    theirs = TorchBackend(checkpoint, device="cpu").compute(encoded.encodings, batches)
    gap = float(np.abs(softmax(ours.logits) - softmax(theirs.logits)).max())
    for one, other in zip(ours.spans or [], theirs.spans or [], strict=True):
        gap = max(gap, float(np.abs(softmax(one.T) - softmax(other.T)).max()))
    if not gap <= LARGEST_GAP:
        raise CheckpointError(
            f"the exported network differs from torch by up to {gap:.4f} in probability; expected at most "
            f"{LARGEST_GAP}. Please report the model's family and the versions of openvino and transformers"
        )


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


def export_graph(model: Any, tokenizer: Any, folder: Path, head: Any = None) -> None:
    """Write ``graph.xml`` and ``graph.bin`` beside the weights of a saved model.

    Parameters
    ----------
    model : transformers.PreTrainedModel or WithVoice
        In float32, with the very values that ``folder`` holds in float16.
    tokenizer : transformers.PreTrainedTokenizerBase
    folder : Path
        Holds ``model.safetensors``.
    head : torch.nn.Linear, optional
        The voice head, in float32; the graph then has two outputs.
    """
    openvino = import_openvino()
    torch = require("torch", "train")
    texts = (["a claim", "another claim"], ["a sentence", "another sentence, longer than the first"])
    example = dict(tokenizer(*texts, padding=True, return_tensors="pt"))
    free = {name: dict.fromkeys((0, 1), torch.export.Dim.AUTO) for name in example}
    with warnings.catch_warnings():
        # torch and OpenVINO deprecate parts of each other; check_parity judges what comes out
        warnings.simplefilter("ignore", category=DeprecationWarning)
        warnings.simplefilter("ignore", category=FutureWarning)
        whole = model.eval() if head is None else BothOutputs(model, head).eval()
        try:
            program = torch.export.export(whole, args=(), kwargs=example, dynamic_shapes=free)
            network = openvino.convert_model(program)
        except Exception as error:  # neither raises anything narrower
            raise CheckpointError(
                f"the CPU runtime cannot convert a {model.config.model_type} model ({first_line(error)}); "
                f"its weights and tokenizer are kept in {str(folder)!r}, which transformers opens"
            ) from error
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
    stored = {
        hashlib.sha256(weights[one.start : one.end]).digest(): one.start
        for one in checked_tensors(folder / WEIGHTS)
    }
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
