"""``python -m benchmarks.speed.export CHECKPOINT FOLDER``: the weights as ONNX networks, f32 and int8."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from benchmarks.speed.peers import INPUTS, ONNX_FILE, ONNX_INT8_FILE


def export(checkpoint: str, folder: Path) -> None:
    """Write both networks."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(checkpoint, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    example = tokenizer([("a claim", "a longer sentence"), ("a", "b")], padding=True, return_tensors="pt")

    class Logits(torch.nn.Module):
        """The network with its inputs in a fixed order."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            """Return the logits."""
            return self.model(**dict(zip(INPUTS, tensors, strict=True))).logits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own: tracing, and that a newer one exists
        torch.onnx.export(
            Logits(),
            tuple(example[name] for name in INPUTS),
            str(folder / ONNX_FILE),
            input_names=list(INPUTS),
            output_names=["logits"],
            dynamic_axes={name: {0: "pairs", 1: "tokens"} for name in INPUTS},
            dynamo=False,  # what the newer exporter writes, quantize_dynamic cannot read
        )
    quantize_dynamic(folder / ONNX_FILE, folder / ONNX_INT8_FILE, weight_type=QuantType.QInt8)


if __name__ == "__main__":
    export(sys.argv[1], Path(sys.argv[2]))
