"""Many requests, one classifier: what waits is put together into batches by tokens.

Whatever arrives while a batch is computed goes into the next ones. Two threads take turns: while the network
computes the batch of one, the other turns texts into tokens or numbers into answers. Requests take turns,
too: each gives a few pairs to a batch before the next one has its turn, so that a small request does not wait
for all of a large one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from stance.errors import BusyError, UnavailableError
from stance.inference.classifier import StanceClassifier
from stance.inference.encoding import EncodedPairs
from stance.schema import Prediction
from stance.service.metrics import Metrics

Pairs = Sequence[tuple[str, str]]

PAIRS_PER_TURN = 16

WORKERS = 2

IDLE = (
    "nothing computes here: the service was not started, or failed; look at its log (an app that is mounted "
    "in another one is not started by it)"
)


@dataclass(eq=False, slots=True)
class _Request:
    """Pairs of one caller; they are taken from first to last, and answered as batches end."""

    pairs: Pairs
    encoded: EncodedPairs
    tokens: list[int]
    taken: int = 0
    predictions: dict[int, Prediction] = field(default_factory=dict)
    answer: Future[list[Prediction]] = field(default_factory=Future)

    @property
    def is_taken(self) -> bool:
        return self.taken == len(self.pairs)

    def add(self, place: int, prediction: Prediction) -> None:
        self.predictions[place] = prediction
        if len(self.predictions) == len(self.pairs):
            self.answer.set_result([self.predictions[k] for k in range(len(self.pairs))])


_Batch = list[tuple[_Request, int]]  # the request and the place of every pair


def _gathered(batch: _Batch) -> tuple[Pairs, EncodedPairs]:
    encodings = [request.encoded.encodings[k] for request, k in batch]
    truncated = np.array([request.encoded.truncated[k] for request, k in batch], dtype=np.bool_)
    return [request.pairs[k] for request, k in batch], EncodedPairs(encodings, truncated)


class Batcher:
    """A predictor for many threads, which computes what they ask together.

    Use it as a context manager: at the end what was accepted is finished.

    Parameters
    ----------
    classifier : StanceClassifier
    metrics : Metrics
    waiting_pairs : int
        Pairs that may be accepted and not answered yet.
    batch_tokens : int
    workers : int
        Batches that are under way at a time.
    """

    def __init__(
        self,
        classifier: StanceClassifier,
        metrics: Metrics,
        *,
        waiting_pairs: int,
        batch_tokens: int,
        workers: int = WORKERS,
    ) -> None:
        self._classifier = classifier
        self._metrics = metrics
        self._most_waiting = waiting_pairs
        self._budget = batch_tokens
        self._changed = threading.Condition()  # of the four below and of every request
        self._turns: deque[_Request] = deque()  # with pairs that are not taken; the next one first
        self._waiting = 0
        self._stopped = False
        self._failed = False
        self._number = workers
        self._workers: list[threading.Thread] = []

    def __enter__(self) -> Batcher:
        self._stopped = self._failed = False
        self._workers = [
            threading.Thread(target=self._work, name=f"stance-batches-{number}", daemon=True)
            for number in range(self._number)
        ]
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()

    @property
    def is_alive(self) -> bool:
        """Whether requests are being answered."""
        are_there = bool(self._workers) and all(worker.is_alive() for worker in self._workers)
        return are_there and not self._failed

    @property
    def waiting(self) -> int:
        """Pairs accepted and not answered yet."""
        return self._waiting

    def classify_pairs(self, pairs: Pairs) -> list[Prediction]:
        """Return everything that is known of each pair, when its turn has come.

        Raises
        ------
        InputError
            If a pair cannot be classified.
        BusyError
            If too many pairs are waiting already.
        UnavailableError
            If nothing is computed: not started, stopping, or failed.
        """
        self._accept(len(pairs))
        try:
            if not pairs:
                return []
            encoded = self._classifier.encode(pairs)
            request = _Request(pairs, encoded, encoded.lengths.tolist())
            with self._changed:
                if self._failed:
                    raise UnavailableError(IDLE)
                self._turns.append(request)
                self._changed.notify_all()
            return request.answer.result()
        finally:
            with self._changed:
                self._waiting -= len(pairs)
                self._changed.notify_all()

    def predict_proba(self, pairs: Pairs) -> npt.NDArray[np.float32]:
        """Return probabilities of shape ``(n_pairs, 3)``."""
        rows = [list(one.probabilities.values()) for one in self.classify_pairs(pairs)]
        return np.array(rows, dtype=np.float32).reshape(-1, 3)

    def _accept(self, count: int) -> None:
        with self._changed:
            if self._stopped:
                raise UnavailableError("the service is stopping; try again when it is back")
            if not self.is_alive:
                raise UnavailableError(IDLE)
            if self._waiting + count > self._most_waiting:
                raise BusyError(
                    f"{self._waiting:,} pairs are waiting already and {count:,} more were given; at most "
                    f"{self._most_waiting:,} may wait: try again later"
                )
            self._waiting += count

    def _work(self) -> None:
        batch: _Batch = []
        try:
            while batch := self._next_batch():
                self._compute(batch)
        except BaseException as error:  # this thread ends: nobody may wait for what it would have computed
            self._give_up(batch, error)
            raise

    def _give_up(self, batch: _Batch, error: BaseException) -> None:
        """Fail what was being computed and what waits; from now on nothing more is accepted."""
        failure = RuntimeError(f"a thread that computes batches has ended: {error!r}")
        with self._changed:
            self._failed = True
            for request in {*self._turns, *(request for request, _ in batch)}:
                if not request.answer.done():
                    request.answer.set_exception(failure)
            self._turns.clear()

    def _next_batch(self) -> _Batch:
        """Return the pairs whose turn it is; none when all is done and nothing more will come."""
        batch: _Batch = []
        tokens = 0
        with self._changed:
            self._changed.wait_for(lambda: self._turns or (self._stopped and not self._waiting))
            while self._turns and tokens < self._budget:
                request = self._turns[0]
                batch.append((request, request.taken))
                tokens += request.tokens[request.taken]
                request.taken += 1
                if request.is_taken:
                    self._turns.popleft()
                elif request.taken % PAIRS_PER_TURN == 0:
                    self._turns.rotate(-1)
        return batch

    def _compute(self, batch: _Batch) -> None:
        started = time.perf_counter()
        try:
            predictions = self._classifier.classify_encoded(*_gathered(batch))
            answers = list(zip(batch, predictions, strict=True))
            seconds = time.perf_counter() - started
            self._metrics.count_batch(len(batch), sum(request.tokens[k] for request, k in batch), seconds)
        except Exception as error:  # whatever it is, the callers are told
            self._fail(batch, error)
            return
        with self._changed:
            for (request, k), prediction in answers:
                request.add(k, prediction)

    def _fail(self, batch: _Batch, error: Exception) -> None:
        """Fail the request that is to blame, and no other: its pairs fail alone, too."""
        requests = dict.fromkeys(request for request, _ in batch)
        if len(requests) > 1:
            for one in requests:
                self._compute([(request, k) for request, k in batch if request is one])
            return
        (request,) = requests
        with self._changed:
            if request in self._turns:
                self._turns.remove(request)
            if not request.answer.done():  # another batch of it may have failed before
                request.answer.set_exception(error)
