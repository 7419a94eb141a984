"""What verbs print: data on stdout, messages on stderr."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from stance.printable import STEERING, printable


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN and infinities, which JSON does not know, become null.

    What would steer the terminal is escaped, as JSON allows.
    """
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    print(STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def say(message: str) -> None:
    """Print a message; what it quotes cannot steer the terminal."""
    print(printable(message), file=sys.stderr)


def is_main_process() -> bool:
    """Return whether this process speaks: of several that torchrun or accelerate started, one does."""
    return os.environ.get("RANK", "0") == "0"


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
