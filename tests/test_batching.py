"""Requests put together into batches: everyone gets exactly the own answers, in turn, or a reason."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance.errors import BusyError, InputError, UnavailableError
from stance.inference.encoding import EncodedPairs
from stance.schema import LABELS, Prediction
from stance.service.batching import Batcher
from stance.service.metrics import Metrics

from conftest import wait_for

Pairs = Sequence[tuple[str, str]]
PATIENCE = 30
ENDING = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def prediction_of(pair: tuple[str, str]) -> Prediction:
    """A prediction that only this pair has."""
    digest = hashlib.sha256("\0".join(pair).encode()).digest()
    weights = [1 + byte for byte in digest[:3]]
    row = [weight / sum(weights) for weight in weights]
    return Prediction(LABELS[row.index(max(row))], dict(zip(LABELS, row, strict=True)), voice=pair[1])


class FakeClassifier:
    """Counts a token a letter of the claim, remembers every batch, stops and fails when told to."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[str, str]]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_computing = threading.Event()

    def encode(self, pairs: Pairs) -> EncodedPairs:
        for index, (claim, sentence) in enumerate(pairs):
            if not sentence:
                raise InputError(f"pair {index}: sentence is empty; expected a text")
            if claim == "uncountable":
                raise RuntimeError("nobody knows how many")
        encodings: Any = [SimpleNamespace(ids=list(claim)) for claim, _ in pairs]
        return EncodedPairs(encodings, np.zeros(len(pairs), np.bool_))

    def classify_encoded(self, pairs: Pairs, encoded: EncodedPairs) -> list[Prediction]:
        assert [len(one.ids) for one in encoded.encodings] == [len(claim) for claim, _ in pairs]
        assert len(encoded.truncated) == len(pairs)
        self.batches.append(list(pairs))
        self.is_computing.set()
        assert self.may_go_on.wait(PATIENCE)
        if any(claim == "poison" for claim, _ in pairs):
            raise RuntimeError("the network is upset")
        return [prediction_of(pair) for pair in pairs if pair[0] != "lost"]


@pytest.fixture
def fake() -> FakeClassifier:
    return FakeClassifier()


class Clients:
    """Callers of a batcher, each in a thread of its own."""

    def __init__(self, fake: FakeClassifier, batcher: Batcher, pool: ThreadPoolExecutor) -> None:
        self.fake, self.batcher, self.pool = fake, batcher, pool

    def submit(self, pairs: Pairs) -> Future[list[Prediction]]:
        """Ask, and return when what is asked waits: the order of calls is that of turns."""
        turns = len(self.batcher._turns)
        answer = self.pool.submit(self.batcher.classify_pairs, pairs)
        if not self.fake.may_go_on.is_set():
            wait_for(lambda: len(self.batcher._turns) > turns or answer.done())
        return answer

    def hold(self) -> Future[list[Prediction]]:
        """Keep the worker at a first request until ``may_go_on`` is set."""
        self.fake.may_go_on.clear()
        first = self.pool.submit(self.batcher.classify_pairs, [("first", "of all")])
        assert self.fake.is_computing.wait(PATIENCE)
        return first


@contextmanager
def clients_of(
    fake: FakeClassifier, *, waiting_pairs: int = 1000, batch_tokens: int = 2048, workers: int = 1
) -> Iterator[Clients]:
    with (
        ThreadPoolExecutor(64) as pool,
        Batcher(
            fake,  # type: ignore[arg-type]
            Metrics(),
            waiting_pairs=waiting_pairs,
            batch_tokens=batch_tokens,
            workers=workers,
        ) as batcher,
    ):
        try:
            yield Clients(fake, batcher, pool)
        finally:
            fake.may_go_on.set()


def pairs_of(name: str, count: int, tokens: int = 5) -> list[tuple[str, str]]:
    return [("c" * tokens, f"{name} {number}") for number in range(count)]


def answers_of(pairs: Pairs) -> list[Prediction]:
    return [prediction_of(pair) for pair in pairs]


# whose answer is whose


def test_a_request_gets_the_answers_to_its_pairs_in_their_order(fake: FakeClassifier) -> None:
    pairs = pairs_of("a", 70)
    with clients_of(fake, batch_tokens=40) as clients:
        assert clients.batcher.classify_pairs(pairs) == answers_of(pairs)
        probabilities = clients.batcher.predict_proba(pairs)
    assert probabilities.tolist() == [
        pytest.approx(list(one.probabilities.values())) for one in answers_of(pairs)
    ]


def test_a_request_without_pairs_gets_no_answers(fake: FakeClassifier) -> None:
    with clients_of(fake) as clients:
        assert clients.batcher.classify_pairs([]) == []
        assert clients.batcher.predict_proba([]).shape == (0, 3)
    assert fake.batches == []


def test_fifty_clients_at_once_get_their_own_answers(fake: FakeClassifier) -> None:
    requests = [
        [pairs_of(f"client {c} request {r}", (c * 7 + r) % 23 + 1) for r in range(8)] for c in range(50)
    ]
    with clients_of(fake, waiting_pairs=10_000, batch_tokens=60, workers=2) as clients:

        def work(mine: list[list[tuple[str, str]]]) -> list[list[Prediction]]:
            return [clients.batcher.classify_pairs(pairs) for pairs in mine]

        answers = list(clients.pool.map(work, requests))
    assert answers == [[answers_of(pairs) for pairs in mine] for mine in requests]


@settings(max_examples=60)
@given(
    requests=st.lists(st.lists(st.integers(1, 30), max_size=40), max_size=8),
    budget=st.integers(1, 80),
    workers=st.integers(1, 3),
)
def test_whatever_the_sizes_and_the_budget_nothing_is_mixed_up(
    requests: list[list[int]], budget: int, workers: int
) -> None:
    fake = FakeClassifier()
    sent = [[("c" * n, f"{r}/{i}") for i, n in enumerate(one)] for r, one in enumerate(requests)]
    with clients_of(fake, batch_tokens=budget, workers=workers) as clients:
        futures = [clients.submit(pairs) for pairs in sent]
        assert [future.result(PATIENCE) for future in futures] == [answers_of(pairs) for pairs in sent]
        assert clients.batcher.waiting == 0
    computed = [pair for batch in fake.batches for pair in batch]
    assert sorted(computed) == sorted(pair for pairs in sent for pair in pairs)  # each one once


def test_batches_that_end_in_another_order_leave_the_answers_in_theirs() -> None:
    second_ended = threading.Event()

    class Overtaking(FakeClassifier):
        def classify_encoded(self, pairs: Pairs, encoded: EncodedPairs) -> list[Prediction]:
            if ("c" * 5, "a 0") in pairs:
                assert second_ended.wait(PATIENCE)
            else:
                second_ended.set()
            return super().classify_encoded(pairs, encoded)

    with clients_of(Overtaking(), batch_tokens=40, workers=2) as clients:
        assert clients.batcher.classify_pairs(pairs_of("a", 16)) == answers_of(pairs_of("a", 16))


# how batches are made


def test_what_arrives_while_a_batch_runs_goes_into_the_next(fake: FakeClassifier) -> None:
    sent = [pairs_of(f"client {c}", 2) for c in range(5)]
    with clients_of(fake) as clients:
        clients.hold()
        futures = [clients.submit(pairs) for pairs in sent]
        fake.may_go_on.set()
        assert [future.result(PATIENCE) for future in futures] == [answers_of(pairs) for pairs in sent]
    assert fake.batches[1:] == [[pair for pairs in sent for pair in pairs]]


def test_a_batch_keeps_to_its_tokens(fake: FakeClassifier) -> None:
    with clients_of(fake, batch_tokens=40) as clients:
        clients.hold()
        for c in range(6):
            clients.submit(pairs_of(f"client {c}", 9, tokens=7))
    tokens = [sum(len(claim) for claim, _ in batch) for batch in fake.batches[1:]]
    assert sum(tokens) == 6 * 9 * 7
    assert max(tokens) < 40 + 7  # at most the pair that fills it sticks out
    assert min(tokens[:-1]) >= 40


def test_a_pair_above_the_budget_is_computed_all_the_same(fake: FakeClassifier) -> None:
    pairs = pairs_of("long", 3, tokens=500)
    with clients_of(fake, batch_tokens=40) as clients:
        assert clients.batcher.classify_pairs(pairs) == answers_of(pairs)
    assert [len(batch) for batch in fake.batches] == [1, 1, 1]


def test_a_small_request_does_not_wait_for_all_of_a_large_one(fake: FakeClassifier) -> None:
    sent = {name: pairs_of(name, count) for name, count in (("large", 400), ("a", 2), ("b", 20), ("c", 2))}
    with clients_of(fake, batch_tokens=200) as clients:
        clients.hold()
        answers = {name: clients.submit(pairs) for name, pairs in sent.items()}
        fake.may_go_on.set()
        for name, answer in answers.items():
            assert answer.result(PATIENCE) == answers_of(sent[name])
    # in the first batch after they came every one has its turn
    assert {sentence.partition(" ")[0] for _, sentence in fake.batches[1]} == set(sent)
    computed = [pair for batch in fake.batches[1:] for pair in batch]
    assert all(computed.index(pair) < 60 for name in "abc" for pair in sent[name])


def test_every_batch_is_counted(fake: FakeClassifier) -> None:
    with clients_of(fake) as clients:
        clients.batcher.classify_pairs(pairs_of("a", 3, tokens=4))
        registry: Any = clients.batcher._metrics.registry
    assert registry.get_sample_value("stance_batch_pairs_sum") == 3
    assert registry.get_sample_value("stance_batch_tokens_sum") == 12
    assert registry.get_sample_value("stance_batch_seconds_count") == 1


# what goes wrong


def test_a_request_that_cannot_be_classified_fails_alone(fake: FakeClassifier) -> None:
    with clients_of(fake) as clients:
        clients.hold()
        bad = clients.submit([("claim", "good"), ("claim", "")])
        uncountable = clients.submit([("uncountable", "x")])
        good = clients.submit(pairs_of("good", 2))
        assert clients.batcher.waiting == 3  # what failed makes room
        fake.may_go_on.set()
        with pytest.raises(InputError, match="pair 1: sentence is empty"):
            bad.result(PATIENCE)
        with pytest.raises(RuntimeError, match="nobody knows"):
            uncountable.result(PATIENCE)
        assert good.result(PATIENCE) == answers_of(pairs_of("good", 2))


def test_a_failure_reaches_the_one_to_blame_and_nobody_else(fake: FakeClassifier) -> None:
    with clients_of(fake, batch_tokens=140) as clients:
        clients.hold()
        good = clients.submit(pairs_of("good", 2))
        bad = clients.submit([("poison", str(number)) for number in range(90)])
        late = clients.submit(pairs_of("late", 2))
        fake.may_go_on.set()
        with pytest.raises(RuntimeError, match="the network is upset"):
            bad.result(PATIENCE)
        assert good.result(PATIENCE) == answers_of(pairs_of("good", 2))
        assert late.result(PATIENCE) == answers_of(pairs_of("late", 2))
        assert clients.batcher.classify_pairs(pairs_of("next", 1)) == answers_of(pairs_of("next", 1))
        assert clients.batcher.waiting == 0
    computed = [pair for batch in fake.batches for pair in batch if pair[0] == "poison"]
    assert len(set(computed)) < 90  # what fails is not computed to the end


def test_a_request_that_fails_in_two_batches_is_told_once(fake: FakeClassifier) -> None:
    with clients_of(fake, batch_tokens=140, workers=2) as clients:
        fake.may_go_on.clear()
        bad = clients.submit([("poison", str(number)) for number in range(90)])
        wait_for(lambda: len(fake.batches) == 2)
        fake.may_go_on.set()
        with pytest.raises(RuntimeError, match="the network is upset"):
            bad.result(PATIENCE)
        assert clients.batcher.classify_pairs(pairs_of("next", 40)) == answers_of(pairs_of("next", 40))
        assert clients.batcher.is_alive
        assert clients.batcher.waiting == 0


def test_an_answer_that_is_missing_is_told(fake: FakeClassifier) -> None:
    with clients_of(fake) as clients:
        clients.hold()
        lost = clients.submit([("lost", "x"), ("found", "y")])
        good = clients.submit(pairs_of("good", 2))
        fake.may_go_on.set()
        with pytest.raises(ValueError, match="shorter"):
            lost.result(PATIENCE)
        assert good.result(PATIENCE) == answers_of(pairs_of("good", 2))
        assert clients.batcher.is_alive


@ENDING
def test_a_thread_that_ends_takes_nobody_with_it_and_nothing_more_is_accepted() -> None:
    class Ending(FakeClassifier):
        def classify_encoded(self, pairs: Pairs, encoded: EncodedPairs) -> list[Prediction]:
            predictions = super().classify_encoded(pairs, encoded)
            if ("c" * 5, "last 0") in pairs:
                raise SystemExit
            return predictions

    fake = Ending()
    with clients_of(fake, batch_tokens=40) as clients:
        first = clients.hold()
        last = clients.submit(pairs_of("last", 20))
        waiting = clients.submit(pairs_of("waiting", 20))
        fake.may_go_on.set()
        assert first.result(PATIENCE) == answers_of([("first", "of all")])
        for request in (last, waiting):
            with pytest.raises(RuntimeError, match="a thread that computes batches has ended: SystemExit"):
                request.result(PATIENCE)
        wait_for(lambda: not clients.batcher.is_alive)
        with pytest.raises(UnavailableError, match="nothing computes here"):
            clients.batcher.classify_pairs(pairs_of("next", 1))
        wait_for(lambda: clients.batcher.waiting == 0)


@ENDING
def test_what_the_other_thread_computes_is_answered_when_one_ends() -> None:
    other_has_ended = threading.Event()

    class Ending(FakeClassifier):
        def classify_encoded(self, pairs: Pairs, encoded: EncodedPairs) -> list[Prediction]:
            if ("c" * 5, "last 0") in pairs:
                raise SystemExit
            assert other_has_ended.wait(PATIENCE)
            return super().classify_encoded(pairs, encoded)

    with clients_of(Ending(), workers=2) as clients:
        first = clients.pool.submit(clients.batcher.classify_pairs, pairs_of("first", 2))
        wait_for(lambda: clients.batcher.waiting == 2 and not clients.batcher._turns)
        last = clients.pool.submit(clients.batcher.classify_pairs, pairs_of("last", 2))
        with pytest.raises(RuntimeError, match="has ended"):
            last.result(PATIENCE)
        assert not clients.batcher.is_alive
        other_has_ended.set()
        assert first.result(PATIENCE) == answers_of(pairs_of("first", 2))


@ENDING
def test_who_comes_while_a_thread_ends_does_not_wait_for_it() -> None:
    class Slow(FakeClassifier):
        def encode(self, pairs: Pairs) -> EncodedPairs:
            if pairs[0][1].startswith("late"):
                batcher.is_computing.set()
                wait_for(lambda: not clients.batcher.is_alive)
            return super().encode(pairs)

        def classify_encoded(self, pairs: Pairs, encoded: EncodedPairs) -> list[Prediction]:
            assert batcher.is_computing.wait(PATIENCE)
            raise SystemExit

    batcher = Slow()
    with clients_of(batcher) as clients:
        first = clients.pool.submit(clients.batcher.classify_pairs, pairs_of("first", 1))
        late = clients.pool.submit(clients.batcher.classify_pairs, pairs_of("late", 1))
        with pytest.raises(RuntimeError, match="has ended"):
            first.result(PATIENCE)
        with pytest.raises(UnavailableError, match="nothing computes here"):
            late.result(PATIENCE)


def test_more_than_may_wait_is_refused_and_later_taken(fake: FakeClassifier) -> None:
    with clients_of(fake, waiting_pairs=5) as clients:
        clients.hold()
        waiting = clients.submit(pairs_of("fits", 4))
        assert clients.batcher.waiting == 5
        with pytest.raises(BusyError, match="5 pairs are waiting already and 1 more were given; at most 5"):
            clients.batcher.classify_pairs(pairs_of("too much", 1))
        assert clients.batcher.waiting == 5
        fake.may_go_on.set()
        waiting.result(PATIENCE)
        wait_for(lambda: clients.batcher.waiting == 0)
        assert clients.batcher.classify_pairs(pairs_of("now", 5)) == answers_of(pairs_of("now", 5))


# the end


def test_who_is_not_running_says_so_and_can_be_started_again(fake: FakeClassifier) -> None:
    batcher = Batcher(fake, Metrics(), waiting_pairs=9, batch_tokens=9)  # type: ignore[arg-type]
    with pytest.raises(UnavailableError, match="nothing computes here"):
        batcher.classify_pairs(pairs_of("early", 1))
    for _ in range(2):
        with batcher:
            assert batcher.classify_pairs(pairs_of("a", 2)) == answers_of(pairs_of("a", 2))
        with pytest.raises(UnavailableError, match="stopping"):
            batcher.classify_pairs(pairs_of("late", 1))
    assert batcher.waiting == 0


def test_at_the_end_everything_accepted_is_answered(fake: FakeClassifier) -> None:
    with ThreadPoolExecutor(8) as pool, clients_of(fake, batch_tokens=40) as clients:
        batcher = clients.batcher
        first = clients.hold()
        waiting = [clients.submit(pairs_of(f"waiting {k}", 30)) for k in range(5)]
        stopping = pool.submit(batcher.__exit__)
        wait_for(lambda: batcher._stopped)
        with pytest.raises(UnavailableError, match="the service is stopping"):
            batcher.classify_pairs([("too", "late")])
        assert batcher.is_alive
        fake.may_go_on.set()
        stopping.result(PATIENCE)
        assert not batcher.is_alive
        assert first.result(0) == answers_of([("first", "of all")])
        for k, future in enumerate(waiting):
            assert future.result(PATIENCE) == answers_of(pairs_of(f"waiting {k}", 30))
        assert batcher.waiting == 0
