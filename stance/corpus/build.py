"""From stand-off annotations to rows: one row for every claim against every sentence."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.corpus.events import LETTERS, Event
from stance.corpus.examples import SPLITS
from stance.corpus.records import Annotation, Standoff, read_standoff
from stance.corpus.standoff import Resolved, attach, find_texts, restated
from stance.errors import DataError, require
from stance.schema import LABELS, Label
from stance.tables import write_table

Row = dict[str, Any]

PAIR_COLUMNS = (
    "pair_id", "claim_id", "group", "claim_kind", "claim", "sentence_id", "article_id", "sentence_kind",
    "context", "sentence", "label", "voice", "voice_start", "related",
)  # fmt: skip
EVENT_COLUMNS = (
    "pair_id", "group", "domain", "claim", "claim_kind", "outlet", "context", "sentence", "forms", "label",
    "tag", "voice", "voice_start",
)  # fmt: skip


OTHER_TYPES = {"related": "bool", "voice_start": "int64"}
"""Columns that hold no text."""


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
    labelled = [resolved for resolved in sentences.values() if resolved.ref.is_labelled]
    for claim in corpus.claims:
        for before, resolved in zip([None, *labelled], labelled, strict=False):
            follows = before is not None and before.ref.article_id == resolved.ref.article_id
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
                    "context": before.text if before is not None and follows else None,
                    "sentence": resolved.text,
                    **_decision(annotation, resolved, edition),
                }
            )
    return rows


def event_cells(events: Iterable[Event]) -> dict[str, list[Row]]:
    """Hold every claim of an event against every sentence of it; ``label`` may be ``None``."""
    rows: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for event in events:
        for claim_number, claim in enumerate(event.claims, start=1):
            for number, sentence in enumerate(event.sentences, start=1):
                label = LETTERS[claim.labels[number - 1]]
                voice = claim.voices.get(number)
                rows[event.split].append(
                    {
                        "pair_id": f"{event.event_id}/{claim_number}/{number}",
                        "group": event.event_id,
                        "domain": event.domain,
                        "claim": claim.claim,
                        "claim_kind": claim.kind,
                        "outlet": f"outlet {sentence.outlet}" if sentence.outlet else None,
                        "context": event.sentences[sentence.after - 1].text if sentence.after else None,
                        "sentence": sentence.text,
                        "forms": " ".join(sentence.forms) or None,
                        "label": label and label.value,
                        "tag": claim.tags.get(number),
                        "voice": None if voice is None else sentence.text[slice(*voice)] if voice else "",
                        "voice_start": voice[0] if voice else None,
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
    kinds |= {name: datasets.Value(kind) for name, kind in OTHER_TYPES.items() if name in columns}
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
        return {"label": Label.NEUTRAL.value, "voice": None, "voice_start": None, "related": False}
    voice = annotation.voice if edition == "verbatim" else annotation.restated_voice
    return {
        "label": annotation.label.value,
        "voice": resolved.voice_text(voice),
        "voice_start": voice[0] - resolved.offset if voice else None,
        "related": annotation.related,
    }
