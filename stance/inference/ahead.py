"""Preparing the next piece of work while the present one is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def one_ahead(make: Callable[[Given], Made], things: Iterable[Given]) -> Iterator[Made]:
    """Yield ``make(thing)`` for all things in order; while one is used, the next is made in a thread.

    An error of ``make`` is raised where its result would have come.
    """
    coming: Future[Made] | None = None
    with ThreadPoolExecutor(1) as thread:
        for thing in things:
            before, coming = coming, thread.submit(make, thing)
            if before is not None:
                yield before.result()
        if coming is not None:
            yield coming.result()
