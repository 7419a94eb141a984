"""The pairs that are classified: real claims and sentences of ``data/newsroom``."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stance.corpus.examples import Example, read_examples
from stance.tables import read_table

NEWSROOM = Path("data/newsroom")
SEED = 13
TOKENS_OF_CLAIM = 12
"""Most tokens of the claim in a pair whose length is asked for."""

Pair = tuple[str, str]


def labelled_pairs(count: int = 0) -> list[Example]:
    """Return so many test pairs in an order that is always the same; 0 for all of them."""
    examples = read_examples(NEWSROOM, "test")
    random.Random(SEED).shuffle(examples)
    return examples[: count or None]


def real_pairs(count: int) -> list[Pair]:
    """Return so many pairs of test claims and test sentences.

    The first ones are the labelled pairs of the split; where more are asked for, claims meet
    sentences of other events.
    """
    examples = labelled_pairs()
    pairs = [(one.claim, one.sentence) for one in examples[:count]]
    rng = random.Random(SEED)
    while len(pairs) < count:
        pairs.append((rng.choice(examples).claim, rng.choice(examples).sentence))
    return pairs


def claims_and_sentences(claims: int, sentences: int) -> tuple[list[str], list[str]]:
    """Return different claims and different sentences, those of the test split first."""
    found: tuple[dict[str, None], dict[str, None]] = {}, {}  # in the order in which they are met
    splits = (NEWSROOM / f"{split}.parquet" for split in ("test", "validation", "train"))
    for row in (row.values for file in splits for row in read_table(file)):
        if len(found[0]) >= claims and len(found[1]) >= sentences:
            break
        found[0][row["claim"]] = found[1][row["sentence"]] = None
    return list(found[0])[:claims], list(found[1])[:sentences]


def pairs_of_length(tokenizer: Any, tokens: int, count: int) -> list[Pair]:
    """Return pairs that are exactly so many tokens long, special tokens included.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Its truncation and padding are switched off.
    tokens, count : int
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()
    examples = labelled_pairs()
    rng = random.Random(SEED + tokens)
    pairs: list[Pair] = []
    while len(pairs) < count:
        claim = _first_tokens(tokenizer, rng.choice(examples).claim, TOKENS_OF_CLAIM)
        texts = [rng.choice(examples).sentence for _ in range(1 + tokens // 8)]
        rest = tokens - len(tokenizer.encode(claim, "").ids)
        pair = (claim, _first_tokens(tokenizer, " ".join(texts), rest))
        if len(tokenizer.encode(*pair).ids) == tokens:  # a cut within a word can change its tokens
            pairs.append(pair)
    return pairs


def write_pairs(pairs: Sequence[Pair], file: Path) -> Path:
    """Write pairs where a contender's process can read them, and return the path."""
    file.write_text(json.dumps(pairs), encoding="utf-8")
    return file


def read_pairs(file: str | Path) -> list[Pair]:
    """Read what :func:`write_pairs` has written."""
    return [(claim, sentence) for claim, sentence in json.loads(Path(file).read_text(encoding="utf-8"))]


def _first_tokens(tokenizer: Any, text: str, tokens: int) -> str:
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets[:tokens]
    return text[: offsets[-1][1]]
