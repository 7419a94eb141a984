"""From stand-off annotations to rows: one row for every claim against every sentence."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.corpus.examples import SPLITS
from stance.corpus.records import Annotation, Standoff, read_standoff
from stance.corpus.standoff import Resolved, attach, find_texts, restated
from stance.errors import DataError, require
from stance.schema import LABELS, Label
from stance.tables import read_table, write_table

Row = dict[str, Any]

PAIR_COLUMNS = (
    "pair_id", "claim_id", "group", "claim_kind", "claim", "sentence_id", "article_id", "sentence_kind",
    "sentence", "label", "voice", "related",
)  # fmt: skip
EVENT_FIELDS = ("event_id", "domain", "split", "sentences", "claims")
EVENT_COLUMNS = (
    "pair_id", "group", "domain", "claim", "outlet", "sentence", "label", "tag", "voice",
)  # fmt: skip


def build_corpus(folder: str | Path, articles: str | Path | None = None) -> dict[str, list[Row]]:
    """Build the rows of an article corpus, by split.

    Parameters
    ----------
    folder : str or Path
        The corpus folder (stand-off tables).
    articles : str or Path, optional
        Folder of the article texts: builds the verbatim edition. Without it, the restated one.

    Returns
    -------
    dict of str to list of dict
        ``train``, ``validation`` and ``test``; every claim against every labelled sentence.

    Raises
    ------
    DataError
        If the annotations do not hold together or an article is not the annotated one.
    """
    corpus = read_standoff(folder)
    if articles is None:
        return matrix(corpus, restated(corpus), edition="restated")
    return matrix(corpus, attach(corpus, find_texts(corpus, articles)), edition="verbatim")


def matrix(corpus: Standoff, sentences: Mapping[str, Resolved], *, edition: str) -> dict[str, list[Row]]:
    """Hold every claim against every labelled sentence; what is not annotated is neutral."""
    decided = {(a.claim_id, a.sentence_id): a for a in corpus.annotations}
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for claim in corpus.claims:
        for resolved in sentences.values():
            if not resolved.ref.is_labelled:
                continue
            annotation = decided.get((claim.claim_id, resolved.ref.sentence_id))
            rows[claim.split].append(
                {
                    "pair_id": f"{claim.claim_id}/{resolved.ref.sentence_id}",
                    "claim_id": claim.claim_id,
                    "group": claim.family,
                    "claim_kind": claim.kind,
                    "claim": claim.claim,
                    "sentence_id": resolved.ref.sentence_id,
                    "article_id": resolved.ref.article_id,
                    "sentence_kind": resolved.ref.kind,
                    "sentence": resolved.text,
                    **_decision(annotation, resolved, edition),
                }
            )
    return rows


def build_events(folder: str | Path) -> dict[str, list[Row]]:
    """Build the rows of an event corpus (``events.jsonl``, ``pairs.jsonl``), by split.

    Every claim of an event against every sentence of it; tag and voice where ``pairs.jsonl``
    gives them.
    """
    place = Path(folder)
    details = _read_details(place / "pairs.jsonl")
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    seen: set[str] = set()
    for row in read_table(place / "events.jsonl", EVENT_FIELDS):
        event, where = row.values, f"{place / 'events.jsonl'}, row {row.number}"
        missing = [name for name in EVENT_FIELDS if name not in event]
        if row.error or missing:
            raise DataError(f"{where}: {row.error or 'lacks ' + ', '.join(missing)}")
        if event["event_id"] in seen or event["split"] not in rows:
            raise DataError(
                f"{where}: event {event['event_id']!r} in split {event['split']!r}; expected a new id, and "
                f"one of {', '.join(SPLITS)}"
            )
        seen.add(event["event_id"])
        rows[event["split"]] += _event_rows(event, details, where)
    if details:
        event_id, claim, _ = next(iter(details))
        raise DataError(f"{place / 'pairs.jsonl'}: no such pair in event {event_id!r}: {claim!r:.60} ...")
    return rows


def _read_details(file: Path) -> dict[tuple[str, str, str], Row]:
    """Return what is known of single pairs, by event, claim and sentence."""
    details = {}
    for row in read_table(file, ("event_id", "claim", "sentence", "tag", "voice")):
        if row.error:
            raise DataError(f"{file}, row {row.number}: {row.error}")
        details[row.values["event_id"], row.values["claim"], row.values["sentence"]] = row.values
    return details


def _event_rows(event: Row, details: dict[tuple[str, str, str], Row], where: str) -> list[Row]:
    """Return a row for every cell of one event, and take its details out of ``details``."""
    rows = []
    for claim_number, claim in enumerate(event["claims"], start=1):
        if len(claim["labels"]) != len(event["sentences"]):
            raise DataError(
                f"{where}, claim {claim_number}: {len(claim['labels'])} labels for "
                f"{len(event['sentences'])} sentences; write one letter (S, D, N) a sentence"
            )
        for number, (sentence, letter) in enumerate(
            zip(event["sentences"], claim["labels"], strict=True), start=1
        ):
            label = _letter(letter, where)
            detail = details.pop((event["event_id"], claim["claim"], sentence["text"]), {})
            if detail.get("label", label) != label:
                raise DataError(
                    f"{where}, claim {claim_number}, sentence {number}: the cell is {label}, pairs.jsonl "
                    f"says {detail['label']}; make them agree"
                )
            rows.append(
                {
                    "pair_id": f"{event['event_id']}/{claim_number}/{number}",
                    "group": event["event_id"],
                    "domain": event["domain"],
                    "claim": claim["claim"],
                    "outlet": f"outlet {sentence['outlet']}" if "outlet" in sentence else None,
                    "sentence": sentence["text"],
                    "label": label,
                    "tag": detail.get("tag"),
                    "voice": detail.get("voice"),
                }
            )
    return rows


def write_splits(rows: Mapping[str, Sequence[Row]], folder: Path, columns: Sequence[str]) -> None:
    """Write ``train.parquet``, ``validation.parquet`` and ``test.parquet``."""
    for split in SPLITS:
        write_table(folder / f"{split}.parquet", rows[split], columns)


def to_dataset_dict(rows: Mapping[str, Sequence[Row]], columns: Sequence[str]) -> Any:
    """Return the rows as a ``datasets.DatasetDict`` whose label is a ClassLabel (extra: train)."""
    datasets = require("datasets", "train")
    kinds: dict[str, Any] = dict.fromkeys(columns, datasets.Value("string"))
    kinds["label"] = datasets.ClassLabel(names=[label.value for label in LABELS])
    if "related" in columns:
        kinds["related"] = datasets.Value("bool")
    features = datasets.Features(kinds)
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_dict(
                {name: [row[name] for row in rows[split]] for name in columns}, features=features
            )
            for split in SPLITS
        }
    )


def save_corpus(rows: Mapping[str, Sequence[Row]], columns: Sequence[str], out: Path) -> None:
    """Save the rows as a ``DatasetDict`` on disk; an older one in the same place is replaced.

    Raises
    ------
    DataError
        If something else stands in the place.
    """
    is_other = out.is_file() or (out.exists() and any(out.iterdir()))
    if is_other and not (out / "dataset_dict.json").is_file():
        raise DataError(f"{str(out)!r} exists and is no corpus; choose another folder to write to")
    require("datasets", "train").disable_progress_bars()  # of the library, for a second's work
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
        to_dataset_dict(rows, columns).save_to_disk(str(Path(scratch) / "new"))
        if out.exists():
            shutil.rmtree(out)
        (Path(scratch) / "new").rename(out)


def statistics(rows: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Count pairs, claims, groups and labels of every split."""
    return {split: _split_statistics(rows[split]) for split in SPLITS}


def _split_statistics(rows: Iterable[Row]) -> dict[str, Any]:
    rows = list(rows)
    return {
        "pairs": len(rows),
        "groups": len({row["group"] for row in rows}),
        "claims": len({(row["group"], row["claim"]) for row in rows}),
        "labels": {label.value: sum(row["label"] == label.value for row in rows) for label in LABELS},
        "related_neutral": sum(row["label"] == "neutral" and bool(row.get("related")) for row in rows),
        "with_voice": sum(bool(row["voice"]) for row in rows),
    }


def _decision(annotation: Annotation | None, resolved: Resolved, edition: str) -> Row:
    if annotation is None:
        return {"label": Label.NEUTRAL.value, "voice": None, "related": False}
    voice = annotation.voice if edition == "verbatim" else annotation.restated_voice
    return {
        "label": annotation.label.value,
        "voice": resolved.voice_text(voice),
        "related": annotation.related,
    }


def _letter(letter: str, where: str) -> str:
    letters = {"S": Label.SUPPORTS, "D": Label.DENIES, "N": Label.NEUTRAL}
    if letter not in letters:
        raise DataError(f"{where}: label letter is {letter!r}; expected S, D or N")
    return letters[letter].value
