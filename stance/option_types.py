"""What options of the command line may be, for argparse: a value, or the reason why it is none."""

from __future__ import annotations

from argparse import ArgumentTypeError


def positive(text: str) -> int:
    """Read a number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is no positive number; expected 1 or more")
    return number


def worker_counts(text: str) -> tuple[int, int]:
    """Read ``2`` as exactly two workers, ``2:16`` as two to sixteen."""
    least, _, most = text.partition(":")
    try:
        counts = int(least), int(most or least)
    except ValueError:
        counts = (0, 0)
    if not 1 <= counts[0] <= counts[1]:
        raise ArgumentTypeError(f"{text!r}; expected a number such as 4, or a range such as 2:16")
    return counts
