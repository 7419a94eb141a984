"""Writes everything in a corpus folder that is made from its tables: splits, retold texts, card."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from stance.cards import render, table
from stance.corpus.build import write_splits
from stance.corpus.folder import Corpus, decided_by_split, open_corpus
from stance.corpus.records import Standoff, read_standoff
from stance.corpus.summary import (
    adjudication_counts,
    agreement_table,
    counts_table,
    domains_table,
    features_yaml,
    files_yaml,
    labels_by,
    markdown,
    measured_cues,
    overlap_sentence,
    repeated_sentences,
    tendencies_table,
    voices_table,
)
from stance.errors import refuse
from stance.files import write_json, write_text

CUES = "cues.json"
"""What models reach that see too little, as it was measured when the card was made."""

CARD = "card.md"
"""Template of a corpus's card, in its own folder; the card itself is its README.md."""


class Published(NamedTuple):
    """The files that were written, the pairs of every split, and how many pairs have no decision yet."""

    files: list[str]
    pairs: dict[str, int]
    open_pairs: int


def publish(folder: str | Path) -> Published:
    """Write the splits, the retold articles and the card of one corpus folder, and tell what is in them.

    A folder without ``card.md`` gets no card.

    Raises
    ------
    StanceError
        If its tables do not hold together.
    """
    place = Path(folder)
    corpus = open_corpus(place)
    refuse(corpus.problems)
    splits = decided_by_split(corpus)
    cues = (
        measured_cues(corpus) if (place / CARD).is_file() else None
    )  # may fail, so before anything is written
    write_splits(splits, place, corpus.columns)
    written = [f"{split}.parquet" for split in splits]
    if corpus.is_standoff:
        for name, text in retold_articles(read_standoff(place)).items():
            write_text(place / "retold" / f"{name}.txt", text)
            written.append(f"retold/{name}.txt")
    if cues is not None:
        write_json(place / CUES, cues)
        write_text(place / "README.md", render((place / CARD).resolve(), card_values(corpus, cues)))
        written += [CUES, "README.md"]
    pairs = {split: len(rows) for split, rows in splits.items()}
    return Published(written, pairs, len(corpus.cells) - sum(pairs.values()))


def card_values(corpus: Corpus, cues: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a card may say about its corpus; ``cues`` are those of :func:`measured_cues`."""
    values: dict[str, Any] = {
        "counts": markdown(counts_table(corpus)),
        "pairs": sum(cell["label"] is not None for cell in corpus.cells),
        "groups": len({cell["group"] for cell in corpus.cells}),
        "claims": len({(cell["group"], cell["claim"]) for cell in corpus.cells}),
        "agreement": markdown(agreement_table(corpus)),
        "voices": markdown(voices_table(corpus)),
        "adjudication": adjudication_counts(corpus),
        "cues": table(("model", "macro-F1 on the test split"), cues["macro_f1"].items()),
        "tendencies": markdown(tendencies_table(corpus)),
        "overlap": overlap_sentence(corpus),
        "kinds": markdown(labels_by(corpus, "claim_kind", "claim")),
        "features": features_yaml(corpus.columns),
        "files": files_yaml(),
    }
    if corpus.is_standoff:
        repeated = repeated_sentences(corpus)
        return {
            **values,
            "sentences": len({cell["sentence_id"] for cell in corpus.cells}),
            "repeated": len(repeated),
        }
    return {
        **values,
        "sentences": len({(cell["group"], cell["sentence"]) for cell in corpus.cells}),
        "domains": markdown(domains_table(corpus)),
        "forms": markdown(labels_by(corpus, "forms", "sentence")),
        "tags": markdown(labels_by(corpus, "tag", "pair")),
        "doubly": len(_groups_with_two_votes(corpus)),
    }


def retold_articles(corpus: Standoff) -> dict[str, str]:
    """Return every article in our own words, by id: sentences by paragraph, boilerplate included."""
    texts = {}
    for article_id, sentences in groupby(corpus.sentences, key=lambda sentence: sentence.article_id):
        paragraphs = groupby(sentences, key=lambda sentence: sentence.paragraph)
        lines = [" ".join(sentence.restated for sentence in group) for _, group in paragraphs]
        texts[article_id] = "\n\n".join(lines) + "\n"
    return texts


def _groups_with_two_votes(corpus: Corpus) -> set[str]:
    groups = {cell["pair_id"]: cell["group"] for cell in corpus.cells}
    voted = [{groups[pair] for pair in ballot} for ballot in corpus.ballots.values()]
    return {group for group in set().union(*voted) if sum(group in one for one in voted) > 1}
