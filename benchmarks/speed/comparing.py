"""Claims held against articles through ``compare_sources``, beside the plain rate on such pairs."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.speed.contender import Settings
from benchmarks.speed.options import Options
from benchmarks.speed.pairs import SEED, claims_and_sentences, write_pairs
from benchmarks.speed.process import Worker, interleaved, medians, opened

PER_ARTICLE = 40
"""Sentences of an article."""


def measure(options: Options) -> dict[str, Any]:
    """Compare sources and classify as many plain pairs as the other benchmarks do, by turns."""
    claims, sentences = claims_and_sentences(options.claims, options.sentences)
    product = [(claim, sentence) for claim in claims for sentence in sentences]
    plain = random.Random(SEED).sample(product, min(options.pairs, len(product)))
    settings = Settings(str(options.checkpoint), options.threads)
    with tempfile.TemporaryDirectory() as name:
        file, texts = write_pairs(plain, Path(name) / "pairs.json"), Path(name) / "texts.json"
        texts.write_text(json.dumps([claims, sentences]), encoding="utf-8")
        with opened({one: Worker("stance", settings) for one in ("compare", "plain")}) as workers:
            answers = interleaved(
                workers,
                {
                    "compare": {"do": "compare", "texts": str(texts), "per_article": PER_ARTICLE},
                    "plain": {"do": "run", "pairs": str(file)},
                },
                options.few_rounds,
            )
            opened_mb = workers["compare"].opened["peak_mb"]
    seconds = medians(answers)
    return {
        "claims": len(claims),
        "sentences": len(sentences),
        "pairs": len(product),
        "seconds": seconds["compare"],
        "pairs_per_second": len(product) / seconds["compare"],
        "plain_pairs": len(plain),
        "plain_pairs_per_second": len(plain) / seconds["plain"],
        "rate_over_plain": len(product) * seconds["plain"] / (seconds["compare"] * len(plain)),
        "opened_mb": opened_mb,
        "peak_mb": max(one["peak_mb"] for one in answers["compare"]),
        "plain_peak_mb": max(one["peak_mb"] for one in answers["plain"]),
    }
