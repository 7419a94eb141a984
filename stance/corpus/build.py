"""From stand-off annotations to rows: one row for every claim against every sentence."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.corpus.examples import SPLITS
from stance.corpus.standoff import (
    Annotation,
    Resolved,
    Standoff,
    attach,
    find_texts,
    read_standoff,
    restated,
)
from stance.errors import DataError, require
from stance.schema import LABELS, Label
from stance.tables import read_table, write_table

Row = dict[str, Any]

PAIR_COLUMNS = (
    "pair_id", "claim_id", "group", "claim_kind", "claim", "sentence_id", "article_id", "sentence_kind",
    "sentence", "label", "voice", "related",
)  # fmt: skip
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
        if claim.split not in rows:
            raise DataError(f"claim {claim.claim_id}: split is {claim.split!r}; expected one of {SPLITS}")
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
    details = {
        (row.values["event_id"], row.values["claim"], row.values["sentence"]): row.values
        for row in read_table(place / "pairs.jsonl", ("event_id", "claim", "sentence", "tag", "voice"))
    }
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for event in read_table(place / "events.jsonl", ("event_id", "split", "sentences", "claims")):
        values = event.values
        for claim_number, claim in enumerate(values["claims"], start=1):
            if len(claim["labels"]) != len(values["sentences"]):
                raise DataError(
                    f"event {values['event_id']}, claim {claim_number}: {len(claim['labels'])} labels for "
                    f"{len(values['sentences'])} sentences; write one letter (S, D, N) a sentence"
                )
            pairs = zip(values["sentences"], claim["labels"], strict=True)
            for sentence_number, (sentence, letter) in enumerate(pairs, start=1):
                key = (values["event_id"], claim["claim"], sentence["text"])
                detail = details.get(key, {})
                rows[values["split"]].append(
                    {
                        "pair_id": f"{values['event_id']}/{claim_number}/{sentence_number}",
                        "group": values["event_id"],
                        "domain": values["domain"],
                        "claim": claim["claim"],
                        "outlet": f"outlet {sentence['outlet']}" if "outlet" in sentence else None,
                        "sentence": sentence["text"],
                        "label": _letter(letter, values["event_id"]),
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
    if out.exists() and not (out / "dataset_dict.json").is_file():
        raise DataError(f"{str(out)!r} exists and is no corpus; choose another folder to write to")
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


def _letter(letter: str, event_id: str) -> str:
    letters = {"S": Label.SUPPORTS, "D": Label.DENIES, "N": Label.NEUTRAL}
    if letter not in letters:
        raise DataError(f"event {event_id}: label letter is {letter!r}; expected S, D or N")
    return letters[letter].value
