"""What the base encoder knows before any training: a control for the fine-tuned model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel

from stance.errors import DataError, require
from stance.schema import LABELS, Label
from stance.train.base import find_base
from stance.train.config import BASE_MODEL
from stance.train.tokenizer import plain_tokenizer

TEXTS_AT_ONCE = 128
LONGEST_TEXT = 256
"""In tokens."""

Pairs = Sequence[tuple[str, str]]


class EncoderCosine:
    """Labels a pair by the cosine of the two sentence embeddings of the untuned base encoder.

    A logistic regression, labels weighted equally, turns the cosine into three probabilities.

    Parameters
    ----------
    base : str
        As in a recipe; its token states are averaged, as sentence-transformers does it.
    """

    def __init__(self, base: str = BASE_MODEL) -> None:
        place = find_base(base)
        self._tokenizer: Any = plain_tokenizer(str(place))
        self._encoder: Any = AutoModel.from_pretrained(
            place, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        ).eval()
        self._embedded: dict[str, npt.NDArray[np.float32]] = {}
        self._model: Any = None

    def fit(self, pairs: Pairs, labels: Sequence[Label]) -> EncoderCosine:
        """Learn what cosine goes with what label, and return the predictor itself."""
        linear = require("sklearn.linear_model", "train")
        self._model = linear.LogisticRegression(class_weight="balanced")
        self._model.fit(self.cosines(pairs), [LABELS.index(label) for label in labels])
        return self

    def predict_proba(self, pairs: Pairs) -> npt.NDArray[np.float32]:
        """Return probabilities of shape ``(n_pairs, 3)`` in the order of ``LABELS``."""
        if self._model is None:
            raise DataError("the cosine has not been fitted to labels; call fit(pairs, labels) first")
        probabilities = np.zeros((len(pairs), len(LABELS)), dtype=np.float32)
        probabilities[:, self._model.classes_] = self._model.predict_proba(self.cosines(pairs))
        return probabilities

    def cosines(self, pairs: Pairs) -> npt.NDArray[np.float32]:
        """Return the cosine of claim and sentence, and its square: shape ``(n_pairs, 2)``."""
        self._embed({text for pair in pairs for text in pair} - self._embedded.keys())
        cosine = np.array(
            [self._embedded[claim] @ self._embedded[sentence] for claim, sentence in pairs], dtype=np.float32
        )
        return np.stack([cosine, cosine**2], axis=1)

    def _embed(self, texts: set[str]) -> None:
        ordered = sorted(texts, key=lambda text: (len(text), text))
        for start in range(0, len(ordered), TEXTS_AT_ONCE):
            batch = ordered[start : start + TEXTS_AT_ONCE]
            inputs = self._tokenizer(
                batch, padding=True, truncation=True, max_length=LONGEST_TEXT, return_tensors="pt"
            )
            with torch.inference_mode():
                states = self._encoder(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
            self._embedded.update(zip(batch, torch.nn.functional.normalize(mean, dim=1).numpy(), strict=True))
