"""Partial results of a long run on disk, so that it can go on where it was interrupted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stance.errors import InputError
from stance.files import write_json, write_text

MANIFEST = "manifest.json"


class Parts:
    """A folder of partial results under a manifest that says what they belong to.

    Nothing is written before :meth:`open`.

    Parameters
    ----------
    folder : str or Path
    resume : bool
        Whether the folder may hold an interrupted run, to go on with.
    """

    def __init__(self, folder: str | Path, *, resume: bool = False) -> None:
        self.folder = Path(folder)
        self._resume = resume
        self._is_open = False

    def open(self, manifest: Mapping[str, Any]) -> None:
        """Begin a run, or make sure that the one to resume is the same.

        Raises
        ------
        InputError
            If an interrupted run stands in the way, or the one to resume had another manifest.
        """
        shown = repr(str(self.folder))
        if self.folder.is_file():
            raise InputError(f"{shown} is a file, but partial results belong there; move it away")
        file = self.folder / MANIFEST
        if not file.exists():
            if self.folder.exists() and any(self.folder.iterdir()):
                raise InputError(f"{shown} holds no interrupted run; name an empty or a new folder")
            write_json(file, dict(manifest))
            self._is_open = True
            return
        if not self._resume:
            raise InputError(
                f"{shown} holds an interrupted run; go on with --resume, or delete it to start again"
            )
        recorded = self._read(file, dict, "delete the folder to start again")
        differing = [name for name in manifest if recorded.get(name) != manifest[name]]
        if differing:
            raise InputError(
                f"the interrupted run in {shown} had another {' and '.join(differing)}; delete the folder "
                "to start again"
            )
        self._is_open = True

    def load(self, number: int) -> Any:
        """Return a partial result, or ``None`` if it is not there.

        Raises
        ------
        InputError
            If it is damaged.
        """
        file = self._file(number)
        return self._read(file, list, "delete it and go on with --resume") if file.exists() else None

    def save(self, number: int, value: Any) -> None:
        """Write a partial result in one piece."""
        write_text(self._file(number), json.dumps(value, ensure_ascii=False, allow_nan=False))

    def discard(self) -> None:
        """Remove the partial results, once they are where they belong; whatever else is there stays.

        A run that kept none leaves those of others alone.
        """
        if not self._is_open:
            return
        for file in [*self.folder.glob("[0-9]*.json"), self.folder / MANIFEST]:
            file.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:08d}.json"

    @staticmethod
    def _read(file: Path, kind: type, remedy: str) -> Any:
        try:
            value = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{str(file)!r} is damaged; {remedy}") from error
        if not isinstance(value, kind):
            raise InputError(f"{str(file)!r} is damaged; {remedy}")
        return value
