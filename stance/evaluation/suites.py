"""What to evaluate on: one table or corpus, or every table of a folder of public sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stance.corpus.examples import Example, read_examples
from stance.errors import InputError
from stance.tables import FORMATS, table_columns


def suite_data(suite: str | None, data: Path | None, split: str) -> Iterator[tuple[str, list[Example]]]:
    """Yield name and examples of every set that an evaluation asks for.

    Parameters
    ----------
    suite : {"public", None}
        ``"public"``: every table in the folder ``data``; rows whose label is null are passed over.
    data : Path, optional
        A table or corpus folder; by default ``data/kremlin_call``.
    split : str
        Which split of a corpus folder, or of a table with a column ``split``.

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
        files = sorted(file for file in data.iterdir() if file.suffix.lower() in FORMATS)
        if not files:
            raise InputError(f"{str(data)!r} holds no {', '.join(FORMATS)} file")
        twice = [stem for stem, count in Counter(file.stem for file in files).items() if count > 1]
        if twice:
            raise InputError(f"{str(data)!r} holds two sets named {twice[0]!r}; rename one")
        for file in files:
            yield file.stem, read_examples(file, skip_unlabelled=True)
        return
    place = data or Path("data/kremlin_call")
    if not place.exists():
        raise InputError(f"{str(place)!r} does not exist; name labelled pairs with --data FILE_OR_FOLDER")
    has_splits = place.is_dir() or "split" in table_columns(place)
    yield place.stem, read_examples(place, split if has_splits else None)


def other_split(data: Path | None, split: str) -> list[Example]:
    """Return another split of the folder that is evaluated; empty where it has none."""
    place = data or Path("data/kremlin_call")
    has_split = place.is_dir() and (
        (place / "dataset_dict.json").is_file()
        or any((place / f"{split}{ending}").is_file() for ending in FORMATS)
    )
    return read_examples(place, split) if has_split else []
