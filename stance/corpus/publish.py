"""Writes everything in a corpus folder that is made from its tables: splits, retold texts, card.

``python -m stance.corpus.publish data/kremlin_call data/newsroom`` (``make data``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from stance.cards import render, table
from stance.corpus.build import (
    EVENT_COLUMNS,
    PAIR_COLUMNS,
    Row,
    build_corpus,
    build_events,
    statistics,
    write_splits,
)
from stance.corpus.examples import SPLITS
from stance.corpus.records import Standoff, read_standoff
from stance.errors import require
from stance.files import write_text
from stance.schema import LABELS, Label
from stance.tables import read_table

CARD = "card.md"
"""Template of a corpus's card, in its own folder; the card itself is its README.md."""


def publish(folder: str | Path) -> None:
    """Write the splits, the retold articles and the card of one corpus folder.

    Raises
    ------
    StanceError
        If its tables do not hold together.
    """
    place = Path(folder)
    if (place / "events.jsonl").is_file():
        rows = build_events(place)
        write_splits(rows, place, EVENT_COLUMNS)
        values: dict[str, Any] = {"counts": counts_table(rows), "domains": domains_table(rows)}
        columns: Sequence[str] = EVENT_COLUMNS
    else:
        corpus = read_standoff(place)
        rows = build_corpus(place)
        write_splits(rows, place, PAIR_COLUMNS)
        for name, text in retold_articles(corpus).items():
            write_text(place / "retold" / f"{name}.txt", text)
        values = {
            "counts": counts_table(rows),
            "agreement": agreement_table(corpus, place / "votes"),
            "sentences": sum(sentence.is_labelled for sentence in corpus.sentences),
            "claims": len(corpus.claims),
            "families": len({claim.family for claim in corpus.claims}),
        }
        columns = PAIR_COLUMNS
    values["features"] = features_yaml(columns)
    values["files"] = files_yaml()
    write_text(place / "README.md", render((place / CARD).resolve(), values))


def retold_articles(corpus: Standoff) -> dict[str, str]:
    """Return every article in our own words, by id: sentences by paragraph, boilerplate included."""
    texts = {}
    for article_id, sentences in groupby(corpus.sentences, key=lambda sentence: sentence.article_id):
        paragraphs = groupby(sentences, key=lambda sentence: sentence.paragraph)
        lines = [" ".join(sentence.restated for sentence in group) for _, group in paragraphs]
        texts[article_id] = "\n\n".join(lines) + "\n"
    return texts


def counts_table(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return the counts of every split as a Markdown table."""
    head = ("split", "pairs", "claims", "groups", *(label.value for label in LABELS), "related neutral")
    return table(
        head,
        [
            (split, s["pairs"], s["claims"], s["groups"], *s["labels"].values(), s["related_neutral"])
            for split, s in statistics(rows).items()
        ],
    )


def domains_table(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return the number of events by domain and split as a Markdown table."""
    domains = sorted({row["domain"] for split in rows.values() for row in split})
    return table(
        ("domain", *rows),
        [
            (domain, *(len({r["group"] for r in split if r["domain"] == domain}) for split in rows.values()))
            for domain in domains
        ],
    )


def agreement_table(corpus: Standoff, votes: Path) -> str:
    """Return Cohen's kappa of the two annotation passes as a Markdown table."""
    metrics = require("sklearn.metrics", "train")
    passes = [_votes(file) for file in sorted(votes.glob("*.jsonl"))]
    pairs = [
        (claim.claim_id, sentence.sentence_id)
        for claim in corpus.claims
        for sentence in corpus.sentences
        if sentence.is_labelled
    ]
    related = [pair for pair in pairs if any(pair in one for one in passes)]
    rows = []
    for name, chosen in (("all pairs", pairs), ("pairs that either pass listed", related)):
        first, second = ([one.get(pair, Label.NEUTRAL.value) for pair in chosen] for one in passes)
        differing = sum(a != b for a, b in zip(first, second, strict=True))
        kappa = float(metrics.cohen_kappa_score(first, second))
        rows.append((name, len(chosen), differing, kappa))
    return table(("", "pairs", "votes that differ", "Cohen's kappa"), rows)


def features_yaml(columns: Sequence[str]) -> str:
    """Return the features of a data set in the notation of the Hugging Face hub."""
    lines = []
    for name in columns:
        lines.append(f"  - name: {name}")
        if name == "label":
            names = "".join(f"\n          '{i}': {label.value}" for i, label in enumerate(LABELS))
            lines.append(f"    dtype:\n      class_label:\n        names:{names}")
        else:
            lines.append(f"    dtype: {'bool' if name == 'related' else 'string'}")
    return "\n".join(lines)


def files_yaml() -> str:
    """Return the files of the splits in the notation of the Hugging Face hub."""
    return "\n".join(f"  - split: {split}\n    path: {split}.parquet" for split in SPLITS)


def _votes(file: Path) -> dict[tuple[str, str], str]:
    return {
        (row.values["claim_id"], row.values["sentence_id"]): row.values["label"] for row in read_table(file)
    }


def main(folders: Sequence[str]) -> None:
    """Publish every folder named on the command line."""
    for folder in folders:
        publish(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
