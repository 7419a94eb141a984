"""Files on disk: looking a path up without surprises, and writing in one piece or not at all."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stance.errors import InputError, first_line


def existing_file(path: str | Path, what: str, expected: str) -> Path:
    """Return the path if it is a file.

    Parameters
    ----------
    path : str or Path
    what : str
        What the file is to us, for the message: "article", "table".
    expected : str
        What would have been right, for the message.

    Raises
    ------
    InputError
        If there is nothing, a folder, or the path cannot be one.
    """
    shown = repr(str(path)[:120])
    try:
        file = Path(path)
        if file.is_file():
            return file
        is_folder = file.is_dir()
    except (OSError, ValueError, TypeError) as error:  # too long, NUL, not a path at all
        raise InputError(f"{what} {shown} is no usable path ({error}); expected {expected}") from error
    state = "is a folder" if is_folder else "is no regular file" if file.exists() else "does not exist"
    raise InputError(f"{what} {shown} {state}; expected {expected}")


def ending_of(path: str | Path) -> str:
    """Say, for a message, which ending a name has."""
    ending = Path(path).suffix.lower()
    return f"ends in {ending!r}" if ending else "has no ending"


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""What the system says where nothing more can be written."""


@contextmanager
def told_if_full(place: str | Path) -> Iterator[None]:
    """Say what to do where writing to a place fails because there is no room, or none for us.

    Raises
    ------
    InputError
        In place of what the system, safetensors or torch say.
    """
    try:
        yield
    except Exception as error:  # safetensors and torch raise errors of their own, without a number
        if not _is_no_room(error):
            raise
        raise InputError(
            f"cannot write to {str(place)[:120]!r}: {first_line(error)}; make room there or choose another "
            "place (an interrupted run goes on with --resume)"
        ) from error


def _is_no_room(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    signs = [f"(os error {number})" for number in NO_ROOM] + ["inline_container", "PytorchStreamWriter"]
    return any(sign in str(error) for sign in signs)


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary file that takes the place of ``path`` only when the block succeeds.

    Raises
    ------
    InputError
        If nothing can be written there.
    """
    final = Path(path)
    try:
        if final.is_dir():
            raise InputError(f"cannot write {str(final)!r}: it is a folder; give a file name")
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{final.name[:40]}.", suffix=".part", dir=final.parent)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot write {str(final)[:120]!r}: {error}; choose another place") from error
    os.close(handle)
    part = Path(name)
    try:
        with told_if_full(final):
            yield part
            sync_file(part)
        os.chmod(part, 0o666 & ~_umask())
        try:
            move_file(part, final)
        except OSError as error:
            raise InputError(
                f"cannot write {str(final)[:120]!r}: {error.strerror}; choose another place"
            ) from error
    finally:
        part.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Wait until what was written to a file is on the disk."""
    with path.open("rb+") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())


def move_file(source: Path, target: Path) -> None:
    """Let a file take the place of another on the same disk, for good: the folder is synced too."""
    source.replace(target)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file atomically; half a character (a lone surrogate) becomes its number."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file atomically: indented, UTF-8, NaN refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path, what: str) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    InputError
        If it is missing or no JSON; ``what`` names its content in the message.
    """
    file = existing_file(path, what, "a JSON file")
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:  # broken JSON, or bytes that are no UTF-8
        raise InputError(f"{what} {str(file)!r} cannot be read as JSON: {error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
