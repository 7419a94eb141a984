"""The checkpoint on disk: one folder, readable by plain ``transformers`` and by the CPU runtime.

====================  =====================================================================
``config.json``       transformers configuration with the label names
``model.safetensors`` the weights, once, in float16
``tokenizer.json``    the fast tokenizer (``tokenizer_config.json`` beside it)
``graph.xml``         the network for the CPU runtime; its constants point into the weights
``graph.bin``         the few constants that are no weights (axes, masks, scales)
``voice.safetensors`` the head that tells who takes the stance, where the model has one
``stance.json``       format, temperature, longest input, digest of every file, provenance
====================  =====================================================================

``stance.json`` is written last: a folder without it was never finished.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.errors import CheckpointError
from stance.schema import LABELS
from stance.weights import checked_tensors

FORMAT = 1
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
GRAPH = "graph.xml"
GRAPH_CONSTANTS = "graph.bin"
VOICE_HEAD = "voice.safetensors"
MANIFEST = "stance.json"
REQUIRED = (CONFIG, WEIGHTS, TOKENIZER, TOKENIZER_CONFIG)
FILES = (*REQUIRED, GRAPH, GRAPH_CONSTANTS, VOICE_HEAD)
SHORTEST_INPUT = 16
"""Fewest tokens that leave room for a claim and a sentence."""
TEMPERATURE_LIMITS = (0.001, 1000)
"""No temperature that was fitted comes near them; beyond them probabilities overflow or say nothing."""
LONGEST_INPUT = 1_000_000
"""More tokens than any network takes, where the configuration does not say how many it does."""
LARGEST_SETTINGS = 16_000_000
"""Bytes of a settings file; the largest known has some thousand."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An opened and verified checkpoint folder.

    Attributes
    ----------
    path : Path
        The folder.
    temperature : float
        Logits are divided by it before the softmax; fitted on validation data.
    max_length : int
        Longest input in tokens, special tokens included.
    digest : str
        sha256 over the digests of all files and the two settings: the identity of the model.
    provenance : mapping
        How the model came about: recipe, seed, data digests, versions, scores.
    """

    path: Path
    temperature: float
    max_length: int
    digest: str
    provenance: Mapping[str, Any]

    @property
    def has_graph(self) -> bool:
        """Whether the CPU runtime can open it without torch."""
        return (self.path / GRAPH).is_file() and (self.path / GRAPH_CONSTANTS).is_file()

    @property
    def confidence_for_risk(self) -> dict[float, float]:
        """The least confidence that kept the share of wrong labels to a risk on the validation data."""
        recorded = self.provenance.get("confidence_for_risk", {})
        try:
            return {float(risk): float(confidence) for risk, confidence in recorded.items()}
        except (AttributeError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{self.path / MANIFEST}: confidence_for_risk is {recorded!r:.60}; expected risks and numbers"
            ) from error

    @property
    def has_voice(self) -> bool:
        """Whether it tells who takes the stance."""
        return (self.path / VOICE_HEAD).is_file()


def default_checkpoint() -> Checkpoint:
    """Open the checkpoint that is embedded in the package."""
    return open_checkpoint(Path(__file__).parent / "assets" / "default")


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Open a checkpoint folder and verify every file against its recorded digest.

    Raises
    ------
    CheckpointError
        If the folder is missing, incomplete, damaged, its files lie elsewhere, its weights are no sound
        safetensors or not finite, or its labels are not exactly ``supports``, ``denies``, ``neutral`` in
        this order.
    """
    folder = Path(path)
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise CheckpointError(
            f"checkpoint {str(folder)!r} {what}; expected a folder written by 'stance train' "
            "or 'stance export'"
        )
    missing = [name for name in REQUIRED if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(
            f"checkpoint {str(folder)!r} lacks {', '.join(missing)}; expected a folder written "
            "by 'stance train' or 'stance export'"
        )
    _refuse_escapes(folder)
    config = read_json_object(folder / CONFIG)
    check_labels(config, where=str(folder / CONFIG))
    if not (folder / MANIFEST).is_file():
        raise CheckpointError(
            f"checkpoint {str(folder)!r} has no {MANIFEST}: it was never finished, or it is a plain "
            f"transformers model; write one with: stance export {folder} --out NEW_FOLDER"
        )
    manifest = read_json_object(folder / MANIFEST)
    temperature, max_length = _read_settings(manifest, folder / MANIFEST, positions_of(config))
    provenance = manifest.get("provenance", {})
    if not isinstance(provenance, dict):
        raise CheckpointError(f"{folder / MANIFEST}: provenance is {provenance!r:.40}; expected an object")
    files = _verify_files(manifest, folder)
    for name in (WEIGHTS, VOICE_HEAD):
        if name in files:
            checked_tensors(folder / name)
    return Checkpoint(
        path=folder,
        temperature=temperature,
        max_length=max_length,
        digest=_digest_of({**files, "temperature": repr(temperature), "max_length": repr(max_length)}),
        provenance=provenance,
    )


def write_manifest(
    folder: Path, *, temperature: float, max_length: int, provenance: Mapping[str, Any]
) -> Checkpoint:
    """Seal a folder: record settings and the digest of every file, then open it again."""
    files = {name: file_digest(folder / name) for name in FILES if (folder / name).is_file()}
    manifest = {
        "format": FORMAT,
        "temperature": temperature,
        "max_length": max_length,
        "files": files,
        "provenance": dict(provenance),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return open_checkpoint(folder)


def check_labels(config: Mapping[str, Any], where: str) -> None:
    """Refuse a model configuration whose labels are not ours, by name and in our order."""
    expected = [label.value for label in LABELS]
    named = config.get("id2label")
    if not isinstance(named, Mapping) or not named:
        raise CheckpointError(
            f"{where} names no labels (id2label); expected {expected}. A model whose labels are not "
            "named cannot be used: their order would be a guess"
        )
    if {str(key): name for key, name in named.items()} != dict(zip("012", expected, strict=True)):
        raise CheckpointError(
            f"{where} has the labels {dict(named)}; expected {expected}, in this order. "
            "Train or fine-tune with 'stance train' to get a model with these labels"
        )


def file_digest(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _digest_of(files: Mapping[str, str]) -> str:
    text = "\n".join(f"{name} {files[name]}" for name in sorted(files))
    return hashlib.sha256(text.encode()).hexdigest()


def positions_of(config: Mapping[str, Any]) -> int | None:
    """Return how many tokens a network can tell the places of, if its configuration says so."""
    positions = config.get("max_position_embeddings")
    return positions if isinstance(positions, int) and positions > 0 else None


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON object of a checkpoint.

    Raises
    ------
    CheckpointError
        If the file cannot be read, is far too large or holds something else.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_SETTINGS:
            raise CheckpointError(f"{path} has {size:,} bytes; expected settings of a few thousand")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds {type(value).__name__}; expected a JSON object")
    return value


def _read_settings(manifest: Mapping[str, Any], where: Path, positions: int | None) -> tuple[float, int]:
    if manifest.get("format") != FORMAT:
        raise CheckpointError(
            f"{where} has format {manifest.get('format')!r}; this version of stance reads {FORMAT}"
        )
    temperature: Any = manifest.get("temperature")
    max_length: Any = manifest.get("max_length")
    lowest, highest = TEMPERATURE_LIMITS
    if type(temperature) not in (int, float) or not lowest <= temperature < highest:
        raise CheckpointError(
            f"{where}: temperature is {temperature!r:.40}; expected a number above 0, from {lowest} "
            f"to {highest}"
        )
    longest = positions or LONGEST_INPUT
    if type(max_length) is not int or not SHORTEST_INPUT <= max_length <= longest:
        raise CheckpointError(
            f"{where}: max_length is {max_length!r:.40}; expected a whole number >= {SHORTEST_INPUT}"
            + (f" and at most {positions}, the positions of the network" if positions else "")
        )
    return float(temperature), max_length


def _refuse_escapes(folder: Path) -> None:
    """Refuse files that are links to another place; in the hub's cache all are links to its ``blobs``."""
    home = folder.resolve()
    allowed = {home}
    if home.parent.name == "snapshots":
        allowed.add(home.parent.parent / "blobs")
    for name in (*FILES, MANIFEST):
        place = (folder / name).resolve()
        if place.parent not in allowed:
            raise CheckpointError(
                f"{folder / name} is a link to {str(place)!r}, outside the checkpoint; put the "
                "file itself there"
            )


def _verify_files(manifest: Mapping[str, Any], folder: Path) -> dict[str, str]:
    recorded = manifest.get("files")
    if not isinstance(recorded, dict):
        raise CheckpointError(f"{folder / MANIFEST} records no file digests")
    present = {name for name in FILES if (folder / name).is_file()}
    if set(recorded) != present:
        raise CheckpointError(
            f"checkpoint {str(folder)!r} holds {sorted(present)}; its {MANIFEST} records "
            f"{sorted(recorded)}. Fetch or export it again"
        )
    for name, digest in recorded.items():
        if file_digest(folder / name) != digest:
            raise CheckpointError(
                f"{folder / name} is damaged: its content does not match the digest in {MANIFEST}. "
                "Fetch or export the checkpoint again"
            )
    return {str(name): str(digest) for name, digest in recorded.items()}
