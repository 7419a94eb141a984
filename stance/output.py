"""What verbs print: data on stdout, messages on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

from stance.printable import printable


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN and infinities, which JSON does not know, become null."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def say(message: str) -> None:
    """Print a message; what it quotes cannot steer the terminal."""
    print(printable(message), file=sys.stderr)


def _finite(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not abs(value) < float("inf"):  # NaN is smaller than nothing
        return None
    return value
