"""What to evaluate on: one table or corpus, or every table of a folder of public sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stance.corpus.examples import Example, read_examples
from stance.errors import InputError
from stance.tables import FORMATS


def suite_data(suite: str | None, data: Path | None, split: str) -> Iterator[tuple[str, list[Example]]]:
    """Yield name and examples of every set that an evaluation asks for.

    Parameters
    ----------
    suite : {"public", None}
        ``"public"``: every table in the folder ``data``; rows whose label is null are passed over.
    data : Path, optional
        A table or corpus folder; by default ``data/kremlin_call``.
    split : str
        Which split of a corpus folder.

    Raises
    ------
    InputError
        If there is nothing to evaluate on.
    """
    if suite == "public":
        if data is None or not data.is_dir():
            raise InputError(
                "--suite public needs --data FOLDER with one table (claim, sentence, label) for each set"
            )
        files = sorted(file for file in data.iterdir() if file.suffix in FORMATS)
        if not files:
            raise InputError(f"{str(data)!r} holds no {', '.join(FORMATS)} file")
        for file in files:
            yield file.stem, read_examples(file, skip_unlabelled=True)
        return
    place = data or Path("data/kremlin_call")
    if not place.exists():
        raise InputError(f"{str(place)!r} does not exist; name labelled pairs with --data FILE_OR_FOLDER")
    yield place.stem, read_examples(place, split if place.is_dir() else None)
