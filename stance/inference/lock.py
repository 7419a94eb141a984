"""One run at a time in a folder; whoever comes second is told who is there.

The lock is the system's: it ends with the process that holds it, however that ends. So a run that was killed
is resumed at once, and no number of a process has to be believed, which another one may have by now.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stance.errors import InputError
from stance.remote import is_url

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


@contextmanager
def alone_in(folder: str) -> Iterator[None]:
    """Keep other runs out of a folder, which is made if it is missing and goes away if nothing is put there.

    Behind a URL, on Windows and on disks without locks nobody is kept out.

    Parameters
    ----------
    folder : str

    Raises
    ------
    InputError
        If another run is there, or nothing can be written.
    """
    if is_url(folder):
        yield
        return
    place = Path(folder)
    try:
        made = [one for one in (place, *place.parents) if not one.exists()]
        place.mkdir(parents=True, exist_ok=True)
        handle = _locked(place / LOCK)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot write to {folder[:120]!r}: {error}; choose another place") from error
    try:
        yield
    finally:
        try:
            _release(place / LOCK, handle)
        finally:
            if handle is not None:
                os.close(handle)
        with suppress(OSError):  # there is something in it, or another run has just come
            for one in made:
                one.rmdir()


def _locked(file: Path) -> int | None:
    """Lock a file and write into it who did; nothing where there are no locks."""
    while fcntl is not None:
        file.parent.mkdir(parents=True, exist_ok=True)  # a run that ends may take it along
        try:
            handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 200, 0).decode("utf-8", "replace") or "a process that has just begun"
            os.close(handle)
            raise InputError(
                f"another run is writing to {str(file.parent)!r} ({holder}); wait for its end, or stop it "
                f"and go on with --resume. Should there be no such process any more, delete {str(file)!r}"
            ) from error
        except OSError:  # this disk has no locks
            return handle
        if _is(file, handle):
            with suppress(OSError):  # a full disk is told where it matters
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
            return handle
        os.close(handle)  # it was removed by the run that had it
    return None


def _is(file: Path, handle: int) -> bool:
    """Whether a file is still the one that was opened."""
    try:
        return os.path.samestat(file.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _release(file: Path, handle: int | None) -> None:
    if handle is not None and _is(file, handle):
        file.unlink(missing_ok=True)
