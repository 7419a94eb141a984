"""Texts of strangers on a terminal: nothing in them may steer it."""

from __future__ import annotations

import re

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and line feed, signs that turn the direction of writing, lone surrogates."""


def printable(text: str) -> str:
    r"""Return a text with whatever steers a terminal written as a number: ``\x1b``, ``\u202e``."""
    return STEERING.sub(lambda found: ascii(found[0])[1:-1], text)
