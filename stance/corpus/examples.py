"""Reading labelled pairs from files and corpus folders."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stance.errors import InputError, require
from stance.schema import LABELS, Label
from stance.tables import FORMATS, read_table, table_columns

SPLITS = ("train", "validation", "test")

FACETS = {
    "outlet": "outlet",
    "article_id": "article",
    "domain": "domain",
    "claim_kind": "kind of claim",
    "forms": "form of sentence",
    "sentence_kind": "kind of sentence",
    "tag": "phenomenon",
    "attribution": "attribution",
}
"""Columns whose values become facets of a pair, and what the facets are called."""

YES, NO = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0")
"""How tables write a truth value; with fractions where a column of numbers has empty cells."""


class Example(NamedTuple):
    """A labelled pair.

    ``group`` names what must not be torn apart by a split (claim family, event, topic);
    ``related`` is false for a neutral pair of two texts that have nothing to do with each other;
    ``facets`` are names and values of what the table says of the pair besides, for scores by slice.
    ``voice`` is where the sentence names who takes the side, as start and end; equal ends are the outlet
    itself, ``None`` is not noted.
    """

    claim: str
    sentence: str
    label: Label
    group: str = ""
    related: bool = True
    source: str = ""
    facets: tuple[tuple[str, str], ...] = ()
    voice: tuple[int, int] | None = None


def read_examples(
    path: str | Path, split: str | None = None, *, skip_unlabelled: bool = False
) -> list[Example]:
    """Read labelled pairs from a table or from one split of a corpus folder.

    Parameters
    ----------
    path : str or Path
        A ``.csv``, ``.jsonl`` or ``.parquet`` file with the columns ``claim``, ``sentence`` and
        ``label`` (``group``, ``related``, ``split`` and ``FACETS`` are used where present), or a folder that
        holds such files named ``train``, ``validation`` and ``test``, or is a ``DatasetDict`` on
        disk as ``stance build`` writes it.
    split : str, optional
        Which part; of a folder by default ``test``, of a file whose ``split`` column names splits the
        rows with that value, else all.
    skip_unlabelled : bool
        Pass over rows whose label is null, as public sets have them for classes that have no
        sound place among the three.

    Raises
    ------
    InputError
        Names file, row, column, value and remedy; also where two rows have the same ``pair_id``.
    """
    place = Path(path)
    if place.is_dir():
        split = split or "test"
        examples = read_split(place, split, skip_unlabelled=skip_unlabelled)
        if not examples:
            raise InputError(
                f"folder {str(place)!r} has no rows in the split {split!r}; expected a corpus folder with "
                f"{split}.parquet, .jsonl or .csv, or a DatasetDict, that holds at least one labelled pair"
            )
        return examples
    rows = list(_rows(place, skip_unlabelled))
    if not rows:
        raise InputError(f"{str(place)!r} has no rows; expected at least one labelled pair")
    names = {name for name, _ in rows}
    examples = [example for name, example in rows if split is None or names == {""} or name == split]
    if not examples:
        raise InputError(
            f"{str(place)!r} has no rows with split {split!r}; its column split holds "
            f"{', '.join(map(repr, sorted(names))):.200}: ask for one of these, or mend the column"
        )
    return examples


def read_other_splits(file: Path, splits: Collection[str]) -> list[Example]:
    """Read the rows of a table that are of none of these splits; empty where no row names a split."""
    if "split" not in table_columns(file):
        return []
    rows = list(_rows(file, skip_unlabelled=False))
    is_split = any(name for name, _ in rows)
    return [example for name, example in rows if is_split and name not in splits]


def read_split(folder: Path, split: str, *, skip_unlabelled: bool = False) -> list[Example]:
    """Read one split of a corpus folder; empty where there is no such split, or it has no rows."""
    if (folder / "dataset_dict.json").is_file():
        return _from_disk(folder, split)
    files = [file for ending in FORMATS if (file := folder / f"{split}{ending}").is_file()]
    return [example for _, example in _rows(files[0], skip_unlabelled)] if files else []


def _rows(file: Path, skip_unlabelled: bool) -> Iterator[tuple[str, Example]]:
    """Yield the ``split`` value (empty where there is none) and the example of every row."""
    seen: dict[str, int] = {}
    for row in read_table(file, ("claim", "sentence", "label")):
        where = f"{str(file)!r}, row {row.number}"
        if row.error:
            raise InputError(f"{where}: {row.error}; mend the row or remove it")
        name = row.values.get("pair_id")
        if name is not None and seen.setdefault(str(name), row.number) != row.number:
            raise InputError(
                f"{where}: pair_id {name!r} is that of row {seen[str(name)]} too; expected each once"
            )
        if skip_unlabelled and row.values.get("label") in (None, ""):
            continue
        yield str(row.values.get("split") or ""), parse_example(row.values, where, file.stem)


def _from_disk(folder: Path, split: str) -> list[Example]:
    datasets = require("datasets", "train")
    try:
        stored = datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{str(folder)!r} is no complete data set on disk ({error}); build it again with: stance build"
        ) from error
    if split not in stored:
        return []
    names = getattr(stored[split].features.get("label"), "names", ())  # of a ClassLabel, which stores numbers
    examples = []
    for number, values in enumerate(stored[split], start=1):
        label = values.get("label")
        named = {**values, "label": names[label]} if label in range(len(names)) else values
        examples.append(parse_example(named, f"{str(folder)!r}, {split} row {number}", folder.name))
    return examples


def parse_example(values: Mapping[str, Any], where: str, source: str) -> Example:
    """Return the example that a row holds; ``source`` is for rows that name none.

    Raises
    ------
    InputError
        If a text is missing, the label unknown, or ``related`` neither true nor false; ``where`` says in
        which row.
    """
    texts = {name: _text(values, name, where) for name in ("claim", "sentence")}
    return Example(
        **texts,
        label=parse_label(values.get("label"), where),
        group=texts["claim"] if _is_empty(values.get("group")) else str(values["group"]),
        related=_related(values.get("related"), where),
        source=str(values.get("source") or source),
        facets=tuple(_facets(values)),
        voice=_voice(values, texts["sentence"], where),
    )


def parse_label(value: object, where: str) -> Label:
    """Return the label that a cell names. A number names none: other sets order their labels otherwise.

    Raises
    ------
    InputError
        If it is anything but one of the three names.
    """
    names = [label.value for label in LABELS]
    text = str(value).strip().lower()
    if text in names:
        return Label(text)
    raise InputError(f"{where}: label is {value!r:.40}; expected one of {', '.join(names)}")


def label_counts(examples: Iterable[Example]) -> dict[str, int]:
    """Count the labels, in the fixed order."""
    counts = dict.fromkeys((label.value for label in LABELS), 0)
    for example in examples:
        counts[example.label.value] += 1
    return counts


def pairs_digest(examples: Iterable[Example]) -> str:
    """Return the sha256 of claims, sentences and labels, in their order."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update("\x1f".join((example.claim, example.sentence, example.label)).encode())
        digest.update(b"\x1e")
    return digest.hexdigest()


def _is_empty(value: object) -> bool:
    """Whether a cell says nothing. Zero does: groups may be numbers."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _related(value: object, where: str) -> bool:
    """Return what a cell says; texts are related unless it says no."""
    text = str(value).strip().lower()
    if _is_empty(value) or text in YES:
        return True
    if text in NO:
        return False
    raise InputError(
        f"{where}: related is {value!r:.40}; expected true or false (yes or no, 1 or 0), or an empty cell"
    )


def _voice(values: Mapping[str, Any], sentence: str, where: str) -> tuple[int, int] | None:
    """Return where the voice stands in the sentence, from the columns ``voice`` and ``voice_start``."""
    voice, start = values.get("voice"), values.get("voice_start")
    if not isinstance(voice, str) or "voice_start" not in values:
        return None
    if not voice:
        return 0, 0
    try:
        place = -1 if start is None else int(start)  # a CSV holds text
    except (TypeError, ValueError):
        place = -1
    if place < 0 or sentence[place : place + len(voice)] != voice:
        raise InputError(
            f"{where}: voice {voice!r:.40} does not stand at {start!r} in the sentence; expected an exact "
            "span and the offset of its first character in voice_start"
        )
    return place, place + len(voice)


def _facets(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    voice = values.get("voice")
    if isinstance(voice, str):  # noted where a side is taken; empty for the outlet's own words
        values = {**values, "attribution": "to a voice" if voice else "the outlet itself"}
    for column, name in FACETS.items():
        value = str(values.get(column) or "")
        for one in value.split() if column == "forms" else [value] * bool(value):
            yield name, one


def _text(values: Mapping[str, Any], name: str, where: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: {name} is {value!r:.40}; expected a text")
    return value
