"""Files behind URLs (``s3://``, ``hf://``, ``https://``), through fsspec; local paths pass through.

Whatever is read is first copied to the temporary folder, whatever is written is written there first:
a URL costs the disk space of one file at a time and no memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from stance.errors import InputError


def is_url(path: str | Path) -> bool:
    """Whether it names a file by its protocol."""
    return "://" in str(path)


class Listed(NamedTuple):
    """The files that a URL stands for, and the URL of the folder if it is one, with a slash at its end."""

    urls: list[str]
    folder: str | None = None


def listed_urls(url: str) -> Listed:
    """Return the files that a URL stands for, sorted: those of a pattern or a folder, else itself."""
    with _guarded(url) as (files, name):
        if "*" in name:
            found = files.glob(name, detail=True).items()
            matching = sorted(one for one, about in found if about["type"] == "file")
            return Listed([str(files.unstrip_protocol(one)) for one in matching])
        if not files.isdir(name):
            return Listed([url])
        urls = [str(files.unstrip_protocol(one)) for one in sorted(files.find(name))]
        return Listed(urls, str(files.unstrip_protocol(name)).rstrip("/") + "/")


def names_in(folder: str | Path) -> set[str]:
    """Return the names in a folder; none where there is no folder."""
    if not is_url(folder):
        return {path.name for path in Path(folder).iterdir()} if Path(folder).is_dir() else set()
    with _guarded(str(folder)) as (files, name):
        files.invalidate_cache()
        if not files.exists(name):
            return set()
        return {PurePosixPath(one).name for one in files.ls(name, detail=False)}


@contextmanager
def local_copy(path: str | Path) -> Iterator[Path]:
    """Give a local file with the content of ``path``: itself, or a copy that goes away afterwards."""
    if not is_url(path):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / PurePosixPath(str(path)).name
        with _guarded(str(path)) as (files, name):
            files.get_file(name, str(copy))
        try:
            yield copy
        except InputError as error:  # nobody knows the copy
            raise InputError(str(error).replace(str(copy), str(path))) from error


@contextmanager
def place_for(path: str | Path) -> Iterator[Path]:
    """Give a local path to write ``path`` to: itself, or one that is copied there when the block succeeds."""
    if not is_url(path):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / PurePosixPath(str(path)).name
        yield place
        with _guarded(str(path)) as (files, name):
            files.makedirs(files._parent(name), exist_ok=True)
            files.put_file(str(place), name)


@contextmanager
def _guarded(url: str) -> Iterator[tuple[Any, str]]:
    """Give the file system of a URL and the name in it; its failures become errors of ours."""
    import fsspec

    try:
        files, name = fsspec.url_to_fs(url)
        yield files, str(name)
    except Exception as error:  # file systems raise whatever their clients raise
        raise InputError(
            f"{url[:200]!r} cannot be used: {str(error) or type(error).__name__}; expected the URL of a file "
            "system that fsspec knows, whose package is installed and which can be reached"
        ) from error
