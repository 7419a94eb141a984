"""The process of one contender: opens it, then does what it is asked, JSON line by line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.contender import Contender, Settings
from benchmarks.speed.contenders import CONTENDERS
from benchmarks.speed.machine import peak_mb
from benchmarks.speed.options import use_cores
from benchmarks.speed.pairs import read_pairs


def main() -> None:
    """Serve requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    settings = Settings(**json.loads(sys.argv[2]))
    use_cores(settings.threads)
    started = time.perf_counter()
    contender = CONTENDERS[sys.argv[1]](settings)
    opened = {
        "runtime": contender.runtime,
        "batch": contender.batch,
        "open_s": time.perf_counter() - started,
    }
    _send(answers, opened)
    for line in sys.stdin:
        request = json.loads(line)
        _send(answers, ACTIONS[request["do"]](contender, request))


def run(contender: Contender, request: Mapping[str, Any]) -> dict[str, Any]:
    """Classify the pairs of a file and return the seconds; ``to`` keeps the probabilities."""
    pairs = read_pairs(request["pairs"])
    started = time.perf_counter()
    raw = contender(pairs)
    seconds = time.perf_counter() - started
    if "to" in request:
        np.save(request["to"], contender.probabilities(raw))
    return {"seconds": seconds}


def latency(contender: Contender, request: Mapping[str, Any]) -> dict[str, Any]:
    """Classify the pairs one by one and return the seconds of each."""
    seconds = []
    for pair in read_pairs(request["pairs"]):
        started = time.perf_counter()
        contender.one(pair)
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds}


def rates(contender: Contender, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the contender measures by itself."""
    return contender.rates()


def compare(contender: Contender, request: Mapping[str, Any]) -> dict[str, Any]:
    """Hold the claims of a file against articles of its sentences and return the seconds."""
    from stance import Article, Sentence, compare_sources

    claims, sentences = json.loads(Path(request["texts"]).read_text(encoding="utf-8"))
    size = request["per_article"]
    articles = []
    for start in range(0, len(sentences), size):
        ends, parts = 0, []
        for text in sentences[start : start + size]:
            parts.append(Sentence(text, ends, ends + len(text)))
            ends += len(text) + 1
        text = "\n".join(part.text for part in parts)
        articles.append(Article(text, article_id=f"article-{start}", sentences=tuple(parts)))
    started = time.perf_counter()
    compare_sources(contender.predictor, claims, articles)
    return {"seconds": time.perf_counter() - started}


ACTIONS: dict[str, Callable[[Contender, Mapping[str, Any]], dict[str, Any]]] = {
    "run": run,
    "latency": latency,
    "rates": rates,
    "compare": compare,
}


def _send(answers: Any, answer: Mapping[str, Any]) -> None:
    print(json.dumps({**answer, "peak_mb": peak_mb()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
