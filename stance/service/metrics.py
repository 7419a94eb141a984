"""Counts for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
PAIRS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
TOKENS = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)


class Metrics:
    """What is counted about one service; ``registry`` holds all of it."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "stance_requests", "Requests answered", ("route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "stance_request_seconds",
            "Time to the answer",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._batch_pairs = Histogram(
            "stance_batch_pairs", "Pairs in a batch", buckets=PAIRS, registry=self.registry
        )
        self._batch_tokens = Histogram(
            "stance_batch_tokens", "Tokens in a batch", buckets=TOKENS, registry=self.registry
        )
        self._batch_seconds = Histogram(
            "stance_batch_seconds", "Time for a batch", buckets=SECONDS, registry=self.registry
        )

    def show(self, name: str, about: str, value: Callable[[], float]) -> None:
        """Add a value that is asked for whenever the counts are read."""
        Gauge(name, about, registry=self.registry).set_function(value)

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_batch(self, pairs: int, tokens: int, seconds: float) -> None:
        """Count a batch that was computed."""
        self._batch_pairs.observe(pairs)
        self._batch_tokens.observe(tokens)
        self._batch_seconds.observe(seconds)
