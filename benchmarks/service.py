"""The HTTP service against the direct call: throughput, and how long clients wait.

Starts ``stance serve`` with the embedded checkpoint on this machine and asks it for pairs of
``data/newsroom``. Every answer is compared with the direct call, and any error ends the benchmark:

* *throughput*: 50 clients with requests of eight pairs, in turn with one direct call that gets all of the
  pairs at once;
* *waiting*: 50 clients, a single client, and five clients beside a request of 1,000 pairs; one pair
  a request, one request after the other.

    make bench-service

Clients and service share the cores. Writes ``benchmarks/results/service.json``, one entry for every runtime:
how much a service adds depends on how fast the network is.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from stance import StanceClassifier
from stance.corpus.examples import read_examples
from stance.files import write_json
from stance.schema import LABELS, Prediction

HERE = Path(__file__).parent
CLIENTS = 50
PAIRS_PER_REQUEST = 8
CLOSE = 1e-3
"""Beside other pairs in a batch, a probability may differ by this much."""
PACKAGES = ("claim-stance", "openvino", "tokenizers", "fastapi", "uvicorn")


class Ask(NamedTuple):
    """A pair, and what the direct call says of it."""

    claim: str
    sentence: str
    expected: Prediction


class Client:
    """One client with a connection of its own."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=600)

    def ask(self, asks: Sequence[Ask]) -> float:
        """Return the seconds to the answer, which has to be that of the direct call."""
        body = json.dumps({"pairs": [{"claim": ask.claim, "sentence": ask.sentence} for ask in asks]})
        started = time.perf_counter()
        self._connection.request("POST", "/classify", body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answers = json.loads(response.read())
        seconds = time.perf_counter() - started
        if response.status != 200:
            raise SystemExit(f"the service answered {response.status}: {answers['error']}")
        for ask, answer in zip(asks, answers, strict=True):
            check(ask, answer)
        return seconds


def check(ask: Ask, answer: dict[str, Any]) -> None:
    """End the benchmark where an answer is another one than that of the direct call."""
    expected = ask.expected
    shifts = [abs(answer["probabilities"][label.value] - expected.probabilities[label]) for label in LABELS]
    top = sorted(expected.probabilities.values())
    is_clear = top[-1] - top[-2] > 2 * CLOSE
    if max(shifts) > CLOSE or (is_clear and answer["label"] != expected.label.value):
        raise SystemExit(f"{ask} was answered {answer}")
    if answer["truncated"] != expected.truncated:
        raise SystemExit(f"{ask} was answered {answer}")


@contextmanager
def serving() -> Iterator[str]:
    """Run the service and give its address."""
    command = [sys.executable, "-m", "stance", "serve", "--json", "--port", "0", "--device", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    told = ""
    while not told.endswith("}\n"):
        line = process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise SystemExit("the service did not start")
        told += line
    try:
        yield urlsplit(json.loads(told)["url"]).netloc
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def send(address: str, asks: Sequence[Ask], clients: int, size: int) -> tuple[list[float], float]:
    """Send pairs in requests of a size; return the seconds of each request, and of all together."""
    requests = [asks[start : start + size] for start in range(0, len(asks), size)]
    local = threading.local()

    def ask(request: Sequence[Ask]) -> float:
        if not hasattr(local, "client"):
            local.client = Client(address)
        return local.client.ask(request)  # type: ignore[no-any-return]

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        each = list(pool.map(ask, requests))
    return each, time.perf_counter() - started


def throughput(clf: StanceClassifier, address: str, asks: Sequence[Ask], rounds: int) -> dict[str, Any]:
    """Compare the service with one direct call, in turn."""
    direct, service, each = [], [], []
    pairs = [(ask.claim, ask.sentence) for ask in asks]
    for _ in range(rounds):
        started = time.perf_counter()
        clf.classify_pairs(pairs)
        direct.append(len(pairs) / (time.perf_counter() - started))
        some, seconds = send(address, asks, CLIENTS, PAIRS_PER_REQUEST)
        each += some
        service.append(len(pairs) / seconds)
    ratios = [ours / theirs for ours, theirs in zip(service, direct, strict=True)]
    return {
        "pairs": len(pairs),
        "tokens": int(clf.encode(pairs).lengths.sum()),
        "pairs_per_request": PAIRS_PER_REQUEST,
        "rounds": rounds,
        "direct_pairs_per_second": round(median(direct), 1),
        "service_pairs_per_second": round(median(service), 1),
        "ratio": round(median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        **waits(CLIENTS, each),
    }


def beside_a_large_request(address: str, asks: Sequence[Ask], clients: int) -> dict[str, Any]:
    """Ask for single pairs as long as a large request is computed."""
    ended = threading.Event()

    def ask(number: int) -> list[float]:
        client = Client(address)
        each = []
        while not ended.is_set():
            each.append(client.ask([asks[(number + 7 * len(each)) % len(asks)]]))
        return each

    with ThreadPoolExecutor(clients) as pool:
        small = [pool.submit(ask, number) for number in range(clients)]
        try:
            seconds = Client(address).ask(asks)
        finally:
            ended.set()
        each = [one for future in small for one in future.result()]
    return {**waits(clients, each), "pairs": len(asks), "seconds": round(seconds, 1)}


def waits(clients: int, each: Sequence[float]) -> dict[str, Any]:
    """Describe how long requests took."""
    p50, p99 = (round(1000 * float(np.percentile(each, share)), 1) for share in (50, 99))
    return {"clients": clients, "requests": len(each), "p50_ms": p50, "p99_ms": p99}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1000, help="how many pairs (default 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="direct and service in turn (default 5)")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "service.json")
    options = parser.parse_args()
    examples = read_examples(HERE.parent / "data" / "newsroom")
    chosen = random.Random(13).sample(examples, options.pairs)
    clf = StanceClassifier.from_pretrained(device="cpu")
    expected = clf.classify_pairs([(one.claim, one.sentence) for one in chosen])
    asks = [Ask(one.claim, one.sentence, said) for one, said in zip(chosen, expected, strict=True)]
    results: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "runtime": clf.runtime},
        "checkpoint": clf.checkpoint.digest,
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }
    with serving() as address:
        send(address, asks[:64], CLIENTS, 1)  # connections and caches are warm
        results["throughput"] = throughput(clf, address, asks, options.rounds)
        print("throughput", results["throughput"], flush=True)
        results["waiting"] = {
            "many_clients": waits(CLIENTS, send(address, asks, CLIENTS, 1)[0]),
            "one_client": waits(1, send(address, asks[:200], 1, 1)[0]),
            "beside_a_large_request": beside_a_large_request(address, asks, 5),
        }
        print("waiting", results["waiting"], flush=True)
    known = json.loads(options.out.read_text(encoding="utf-8"))["runs"] if options.out.is_file() else []
    others = [one for one in known if one["machine"]["runtime"] != clf.runtime]
    runs = sorted([*others, results], key=lambda one: str(one["machine"]["runtime"]))
    write_json(options.out, {"runs": runs})


if __name__ == "__main__":
    main()
