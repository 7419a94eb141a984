"""The torch backend: CUDA where there is one, or the CPU when asked (extra: train)."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stance.checkpoint import VOICE_HEAD, Checkpoint
from stance.errors import CheckpointError, InputError, first_line, require
from stance.inference.encoding import INPUTS, Outputs, keep_spans, pad_batch, pad_id_of
from stance.inference.precision import instruction_set

if TYPE_CHECKING:
    from tokenizers import Encoding

CUDA_DRIVERS = ("/dev/nvidiactl", "/dev/dxg")
"""Device files of NVIDIA's driver, on Linux and under WSL."""

TOKENS_PER_BATCH = 1 << 15
"""Padded tokens in one batch: what a GPU needs to be busy."""


def cuda_is_there() -> bool:
    """Whether torch sees a CUDA device; torch is not even imported where there is no driver."""
    has_driver = sys.platform == "win32" or any(os.path.exists(device) for device in CUDA_DRIVERS)
    if not has_driver or find_spec("torch") is None or find_spec("transformers") is None:
        return False
    return bool(require("torch", "train").cuda.is_available())


class TorchBackend:
    """Runs the network of a checkpoint with torch and transformers.

    Parameters
    ----------
    checkpoint : Checkpoint
    device : str
        ``"cuda"`` (float16) or ``"cpu"`` (float32, the reference that other runtimes are held to).
    """

    def __init__(self, checkpoint: Checkpoint, *, device: str = "cuda") -> None:
        self._torch = require("torch", "train")
        if device == "cuda" and not self._torch.cuda.is_available():
            raise InputError(
                "device is 'cuda', but torch sees no CUDA device; use the device 'cpu' or 'auto'"
            )
        dtype = self._torch.float16 if device == "cuda" else self._torch.float32
        model = open_network(checkpoint.path, dtype=dtype)
        self._checkpoint = checkpoint
        self._device = device
        self._model = model.to(device).eval()
        self._head: dict[str, Any] | None = None
        if checkpoint.has_voice:
            load_file = require("safetensors.torch", "train").load_file
            stored = load_file(checkpoint.path / VOICE_HEAD, device=device)
            self._head = {name: value.to(dtype) for name, value in stored.items()}
        self._names = _input_names(model)
        self._pad_id = pad_id_of(checkpoint)

    def __reduce__(self) -> tuple[Callable[[], TorchBackend], tuple[()]]:
        return partial(TorchBackend, self._checkpoint, device=self._device), ()

    @property
    def description(self) -> str:
        """Runtime, precision and device, for people."""
        return f"torch on {self._device}, {str(self._model.dtype).removeprefix('torch.')}"

    @property
    def arithmetic(self) -> str:
        """Runtime, its version, precision and device: what decides the last digits."""
        cuda = self._torch.cuda
        name = cuda.get_device_name(self._device) if self._device.startswith("cuda") else instruction_set()
        return f"{self.description}, torch {self._torch.__version__}, {name}"

    @property
    def at_once(self) -> int:
        """Batches that are computed side by side."""
        return 1

    @property
    def tokens_per_batch(self) -> int:
        """Padded tokens that a batch should hold at most."""
        return TOKENS_PER_BATCH

    def compute(self, encodings: Sequence[Encoding], batches: Sequence[npt.NDArray[np.int64]]) -> Outputs:
        """Compute logits, and spans where the checkpoint has a voice head."""
        logits = np.empty((len(encodings), 3), dtype=np.float32)
        spans: list[npt.NDArray[np.float32]] = [np.empty((0, 2), np.float32)] * len(encodings)
        with self._torch.inference_mode():
            computed = [self._compute_batch([encodings[i] for i in indices]) for indices in batches]
            for indices, (given, states) in zip(batches, computed, strict=True):
                logits[indices] = given.float().cpu().numpy()  # only now is a device waited for
                if states is not None:
                    keep_spans(spans, states.float().cpu().numpy(), encodings, indices)
        return Outputs(logits, spans if self._head is not None else None)

    def _compute_batch(self, encodings: Sequence[Encoding]) -> tuple[Any, Any]:
        """Return logits, and spans where there is a voice head, as tensors on the device."""
        arrays = pad_batch(encodings, self._names, self._checkpoint.max_length, self._pad_id)
        out = self._model(
            **{name: self._moved(array) for name, array in arrays.items()},
            output_hidden_states=self._head is not None,
        )
        if self._head is None:
            return out.logits, None
        return out.logits, out.hidden_states[-1] @ self._head["weight"].T + self._head["bias"]

    def _moved(self, array: npt.NDArray[np.int64]) -> Any:
        tensor = self._torch.from_numpy(array)
        if self._device == "cpu":
            return tensor
        return tensor.pin_memory().to(self._device, non_blocking=True)


def open_network(folder: Path, *, dtype: Any = None) -> Any:
    """Open the network of a folder with transformers: from safetensors, whole, and without code of its own.

    Parameters
    ----------
    folder : Path
    dtype : torch.dtype, optional
        By default the one that the weights are stored in.

    Raises
    ------
    CheckpointError
        If configuration and weights do not fit together, or weights are missing.
    """
    transformers = require("transformers", "train")
    try:
        model, loading = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:  # transformers raises nothing narrower of what a folder can do to it
        raise CheckpointError(
            f"the network of {str(folder)!r} cannot be opened with transformers ({first_line(error)}); "
            "expected config.json and weights of one model that needs no code of its own"
        ) from error
    if loading["missing_keys"]:
        raise CheckpointError(
            f"{str(folder)!r} lacks the weights {', '.join(sorted(loading['missing_keys'])[:5])}; without "
            "them the labels would be random: train it first with stance train"
        )
    return model


def _input_names(model: Any) -> list[str]:
    """Return the inputs that the model's forward takes, of those a tokenizer can give."""
    accepted = inspect.signature(model.forward).parameters
    return [name for name in INPUTS if name in accepted]
