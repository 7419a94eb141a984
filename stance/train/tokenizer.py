"""The tokenizer of a base, taught that typography says nothing."""

from __future__ import annotations

import json
from typing import Any

from tokenizers import normalizers

from stance.errors import CheckpointError, first_line

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
    tokenizer = plain_tokenizer(place)
    inner = tokenizer.backend_tokenizer
    if "“" not in json.dumps(json.loads(inner.to_str())["normalizer"], ensure_ascii=False):
        steps = [normalizers.Replace(sign, plain) for sign, plain in SAME.items()]
        inner.normalizer = normalizers.Sequence([*steps, *([inner.normalizer] if inner.normalizer else [])])
    return tokenizer


def plain_tokenizer(place: str) -> Any:
    """Open a tokenizer as it is, without any code that may lie beside it.

    Raises
    ------
    CheckpointError
        If its files are missing or broken.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(place, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise CheckpointError(f"the tokenizer of {place!r} cannot be opened: {first_line(error)}") from error
