"""Preparing the next piece of work while the present one is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def one_ahead(make: Callable[[Given], Made], things: Iterable[Given]) -> Iterator[Made]:
    """Yield ``make(thing)`` for all things in order; while one is used, the next is made in a thread.

    An error of ``make`` is raised where its result would have come.
    """
    remaining = iter(things)
    for first in remaining:
        made = make(first)
        break
    else:
        return
    with ThreadPoolExecutor(1) as thread:  # which is not started for a single thing
        for thing in remaining:
            coming = _begun(thread, make, thing)
            yield made
            made = coming()
    yield made


def _begun(thread: ThreadPoolExecutor, make: Callable[[Given], Made], thing: Given) -> Callable[[], Made]:
    try:
        return thread.submit(make, thing).result
    except RuntimeError:  # no thread may be started any more once the main one has ended
        return partial(make, thing)
