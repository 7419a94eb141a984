"""What one request may ask for, and how much may wait at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from stance.errors import InputError
from stance.tables.row import SURROGATE


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep a request from taking more than its share.

    Attributes
    ----------
    body_bytes : int
        Length of a request's body.
    pairs : int
        Pairs in a request; of a comparison, claims times the sentences of all articles.
    characters : int
        Length of any one text: claim, sentence, article.
    requests : int
        Requests that are read, waiting or computed at the same time.
    waiting_pairs : int
        Pairs accepted and not answered yet, of all requests together.
    batch_tokens : int
        Tokens computed together: enough to keep the machine busy, few enough that the next batch
        begins soon.

    Raises
    ------
    InputError
        If one is below 1, or fewer pairs may wait than a request may bring.
    """

    body_bytes: int = 2 * 1024 * 1024
    pairs: int = 2_000
    characters: int = 50_000
    requests: int = 128
    waiting_pairs: int = 10_000
    batch_tokens: int = 8_192

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) < 1:
                raise InputError(f"the limit {one.name} is {getattr(self, one.name)}; expected at least 1")
        if self.waiting_pairs < self.pairs:
            raise InputError(
                f"only {self.waiting_pairs:,} pairs may wait, but a single request may bring {self.pairs:,}; "
                "raise the first or lower the second"
            )

    def check_texts(self, request: Any) -> None:
        """Refuse a request, given as plain values, with a text that is too long or no valid text.

        Raises
        ------
        InputError
            Names the place of the text in the request.
        """
        for place, text in _texts(request):
            if len(text) > self.characters:
                raise InputError(
                    f"{place} has {len(text):,} characters; this service takes texts of at most "
                    f"{self.characters:,}: shorten it"
                )
            if not text.isascii() and SURROGATE.search(text):
                raise InputError(f"{place} holds a lone surrogate, which is no valid text; send UTF-8")

    def check_pairs(self, count: int) -> None:
        """Refuse a request with too many pairs.

        Raises
        ------
        InputError
        """
        if count > self.pairs:
            raise InputError(
                f"the request makes {count:,} or more pairs of a claim and a sentence; this service takes "
                f"at most {self.pairs:,} at a time: divide the request"
            )


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in nested lists and objects, with its place, as ``pairs[3].claim``."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{index}]")
