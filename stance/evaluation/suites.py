"""What to evaluate on: tables, corpus folders, and folders of public sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from stance.corpus.examples import SPLITS, Example, read_examples, read_split
from stance.corpus.sources import HUB_TESTS, load_hub_test
from stance.errors import InputError
from stance.tables import FORMATS, table_columns


class EvaluationSet(NamedTuple):
    """Labelled pairs under a name, read when asked for; ``corpus`` is the folder of their other splits."""

    name: str
    read: Callable[[], list[Example]]
    corpus: Path | None = None

    def other_split(self, split: str) -> list[Example]:
        """Return another split of the corpus; empty where there is none."""
        return read_split(self.corpus, split) if self.corpus else []


def evaluation_data(
    places: Sequence[Path], split: str = "test", *, suite: str | None = None
) -> list[EvaluationSet]:
    """Find every set that an evaluation asks for, before the first is read.

    Parameters
    ----------
    places : sequence of Path
        Tables, corpus folders, and folders of tables that are no splits: in these every table is a set
        under its own name, and rows whose label is null are passed over.
    split : str
        Which split of a corpus folder, or of a table with a column ``split``.
    suite : {"public", None}
        ``"public"``: every place must be a folder of tables; without a place the test splits on the
        Hugging Face hub (``stance.corpus.sources.HUB_TESTS``).

    Raises
    ------
    InputError
        If there is nothing to evaluate on, or two sets have one name.
    """
    if suite == "public" and not places:
        return [EvaluationSet(name, partial(load_hub_test, name)) for name in HUB_TESTS]
    found: dict[str, tuple[EvaluationSet, Path]] = {}
    for place in places:
        for one, file in _sets(place, split, is_suite=suite == "public"):
            if one.name in found:
                _, other = found[one.name]
                raise InputError(f"{str(other)!r} and {str(file)!r} are both named {one.name!r}; rename one")
            found[one.name] = one, file
    return [one for one, _ in found.values()]


def _sets(place: Path, split: str, *, is_suite: bool) -> Iterator[tuple[EvaluationSet, Path]]:
    if not place.exists():
        raise InputError(f"{str(place)!r} does not exist; name labelled pairs with --data FILE_OR_FOLDER")
    is_corpus = place.is_dir() and any(_has_split(place, name) for name in SPLITS)
    if place.is_dir() and not is_corpus:
        files = sorted(file for file in place.iterdir() if file.suffix.lower() in FORMATS)
        if not files:
            raise InputError(
                f"{str(place)!r} holds no {', '.join(FORMATS)} file; expected the splits of a corpus "
                f"({', '.join(SPLITS)}) or one table for each set"
            )
        for file in files:
            yield EvaluationSet(file.stem, partial(read_examples, file, skip_unlabelled=True)), file
    elif is_suite:
        raise InputError(
            f"--suite public needs --data FOLDER with one table (claim, sentence, label) for each set; "
            f"{str(place)!r} is a {'corpus' if is_corpus else 'file'}"
        )
    elif is_corpus:  # resolved: a folder may be called '.', and a dot in its name begins no ending
        yield EvaluationSet(place.resolve().name, partial(read_examples, place, split), place), place
    else:
        named_split = split if "split" in table_columns(place) else None
        yield EvaluationSet(place.stem, partial(read_examples, place, named_split)), place


def _has_split(folder: Path, split: str) -> bool:
    return (folder / "dataset_dict.json").is_file() or any(
        (folder / f"{split}{ending}").is_file() for ending in FORMATS
    )
