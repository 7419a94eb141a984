"""The tokenizer of a base, taught that typography says nothing."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import normalizers

SAME = {
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"',
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "‹": "'", "›": "'",
    "–": "-", "—": "-", "―": "-", "−": "-", "‐": "-", "‑": "-",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ",
}  # fmt: skip
"""Signs that are read as another one: quotation marks, dashes, spaces. One for one, so that offsets stay."""


def open_tokenizer(place: str) -> Any:
    """Open the tokenizer of a base model; what it reads as the same stands in its ``tokenizer.json``.

    So plain transformers reads texts the same way as training and inference here.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(place)
    inner = tokenizer.backend_tokenizer
    if "“" not in json.dumps(json.loads(inner.to_str())["normalizer"], ensure_ascii=False):
        steps = [normalizers.Replace(sign, plain) for sign, plain in SAME.items()]
        inner.normalizer = normalizers.Sequence([*steps, *([inner.normalizer] if inner.normalizer else [])])
    return tokenizer
