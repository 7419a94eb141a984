"""Errors of the package.

One ``except StanceError`` catches everything that is raised on purpose::

    StanceError
    ├── InputError         a text, a pair, a table or an argument given by the user
    ├── DataError          a corpus, an article or an annotation that does not hold together
    ├── CheckpointError    a model folder that is incomplete, damaged or of another kind
    ├── ConfigError        a training recipe or a ``--set`` option
    ├── BusyError          more work than the service takes at a time
    ├── UnavailableError   a service that does not compute: not started, stopping or failed
    └── MissingExtraError  an optional dependency that is not installed

Every message says what was given, what was expected and what to do about it.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType


class StanceError(Exception):
    """Base of every error that the package raises on purpose."""


class InputError(StanceError, ValueError):
    """A text, a pair, a table or an argument cannot be used."""


class DataError(StanceError):
    """A corpus, an article or an annotation does not hold together."""


class CheckpointError(StanceError):
    """A checkpoint folder is incomplete, damaged or not a stance model."""


class ConfigError(StanceError):
    """A training recipe or one of its options is wrong."""


class BusyError(StanceError):
    """More work is waiting than the service takes at a time."""


class UnavailableError(StanceError):
    """The service does not compute: it was not started, is stopping or has failed."""


class MissingExtraError(StanceError, ImportError):
    """A feature needs an optional dependency that is not installed."""


def refuse(problems: Sequence[str]) -> None:
    """Raise a :class:`DataError` with the first of the problems of a corpus, if there are any."""
    if problems:
        others = (
            f" (and {len(problems) - 1:,} more; stance corpus validate lists them)" if problems[1:] else ""
        )
        raise DataError(problems[0] + others)


def first_line(error: BaseException) -> str:
    """Return the first line of what somebody else's error says, or its kind where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__


def require(module: str, extra: str) -> ModuleType:
    """Import an optional dependency, or say how to get it.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra of ``claim-stance`` that brings it.

    Raises
    ------
    MissingExtraError
        If the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if not module.startswith(missing):
            raise  # the module is there, something that it imports is not: do not hide that
        raise MissingExtraError(
            f"this needs the Python module {missing!r}, which is not installed; "
            f"install it with: pip install 'claim-stance[{extra}]' (in a clone: pip install '.[{extra}]')"
        ) from error
