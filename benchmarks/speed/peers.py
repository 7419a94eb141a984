"""The other software, each opened on the same weights as its users would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from stance.schema import LABELS

from benchmarks.speed.contender import Contender, Probabilities, Settings
from benchmarks.speed.pairs import Pair

ONNX_FILE, ONNX_INT8_FILE = "model.onnx", "model.int8.onnx"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Pipeline(Contender):
    """``transformers.pipeline("text-classification")``."""

    runtime = "torch f32, transformers.pipeline"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        use_threads(settings.threads)
        import torch
        from transformers import pipeline

        self._size = settings.batch
        self.batch = str(self._size)
        self._pipeline = pipeline(
            "text-classification", model=settings.checkpoint, device=settings.device, dtype=torch.float32
        )

    def __call__(self, pairs: Sequence[Pair]) -> Any:
        """Classify pairs."""
        return self._pipeline(
            [{"text": claim, "text_pair": sentence} for claim, sentence in pairs],
            batch_size=self._size,
            truncation="only_second",
            max_length=self.checkpoint.max_length,
            top_k=None,
            function_to_apply="none",
        )

    def probabilities(self, raw: Any) -> Probabilities:
        """Put the scores, which come sorted, into the order of the labels."""
        scores = [{one["label"]: one["score"] for one in answer} for answer in raw]
        return super().probabilities([[one[label.value] for label in LABELS] for one in scores])


class PipelineOneByOne(Pipeline):
    """The same without batches, which is how it is used where nobody says otherwise."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._size, self.batch = 1, "1"


class SentenceTransformers(Contender):
    """``sentence_transformers.CrossEncoder``."""

    runtime = "torch f32, CrossEncoder"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        use_threads(settings.threads)
        from sentence_transformers import CrossEncoder

        self.batch = str(settings.batch)
        self._model = CrossEncoder(
            settings.checkpoint, device=settings.device, max_length=self.checkpoint.max_length
        )

    def __call__(self, pairs: Sequence[Pair]) -> Any:
        """Classify pairs."""
        return self._model.predict(
            list(pairs), batch_size=self.settings.batch, show_progress_bar=False, convert_to_numpy=True
        )


class Sorted(Contender):
    """A network behind transformers' tokenizer, in batches of alike length: the usual careful way."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        use_threads(settings.threads)
        from transformers import AutoTokenizer

        self.batch = f"{settings.batch}, sorted"
        self._tokenizer = AutoTokenizer.from_pretrained(settings.checkpoint)

    def network(self, inputs: dict[str, Any]) -> Any:
        """Return the logits of padded inputs, each an array of shape (n_pairs, n_tokens)."""
        raise NotImplementedError

    def __call__(self, pairs: Sequence[Pair]) -> Any:
        """Classify pairs."""
        logits = np.empty((len(pairs), len(LABELS)), dtype=np.float32)
        for indices, inputs in self._batches(pairs):
            logits[indices] = self.network(inputs)
        return logits

    def _batches(self, pairs: Sequence[Pair]) -> Iterator[tuple[Any, dict[str, Any]]]:
        encoded = self._tokenizer(
            [claim for claim, _ in pairs],
            [sentence for _, sentence in pairs],
            truncation="only_second",
            max_length=self.checkpoint.max_length,
        )
        order = np.argsort([-len(ids) for ids in encoded["input_ids"]], kind="stable")
        for start in range(0, len(order), self.settings.batch):
            indices = order[start : start + self.settings.batch]
            rows = {name: [encoded[name][i] for i in indices] for name in INPUTS}
            yield indices, dict(self._tokenizer.pad(rows, return_tensors="np"))


class Torch(Sorted):
    """Plain torch in f32: what all others are held to."""

    runtime = "torch f32"
    autocast = False

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import torch
        from transformers import AutoModelForSequenceClassification

        self._torch = torch
        self._model = AutoModelForSequenceClassification.from_pretrained(
            settings.checkpoint, dtype=torch.float32
        ).eval()

    def network(self, inputs: dict[str, Any]) -> Any:
        """Return the logits."""
        torch = self._torch
        tensors = {name: torch.from_numpy(inputs[name]) for name in INPUTS}
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return self._model(**tensors).logits.float().numpy()


class TorchBf16(Torch):
    """torch with bf16 autocast."""

    runtime = "torch bf16 autocast"
    autocast = True


class Onnx(Sorted):
    """ONNX Runtime in f32."""

    runtime = "ONNX Runtime f32"
    file = ONNX_FILE

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.threads
        self._session = onnxruntime.InferenceSession(
            str(Path(settings.onnx) / self.file), options, providers=["CPUExecutionProvider"]
        )

    def network(self, inputs: dict[str, Any]) -> Any:
        """Return the logits."""
        return self._session.run(None, {name: inputs[name].astype(np.int64) for name in INPUTS})[0]


class OnnxInt8(Onnx):
    """ONNX Runtime with weights in int8 and activations quantised on the way."""

    runtime = "ONNX Runtime dynamic int8"
    file = ONNX_INT8_FILE


def use_threads(threads: int) -> None:
    """Keep torch to so many threads."""
    import torch

    torch.set_num_threads(threads)
