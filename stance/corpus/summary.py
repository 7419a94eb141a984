"""Counts and tables about a corpus, for the terminal and for its card."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from stance.cards import table
from stance.corpus.agreement import Agreement, agreement, differences, voice_agreement
from stance.corpus.audit import cue_scores, near_duplicates, overlaps, tendencies
from stance.corpus.build import OTHER_TYPES, Row, statistics
from stance.corpus.examples import SPLITS
from stance.corpus.folder import Corpus, decided_by_split
from stance.schema import LABELS, Label

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Head and rows."""


def counts_table(corpus: Corpus) -> Table:
    """Count pairs, claims, groups, labels and voices by split."""
    counted = statistics(decided_by_split(corpus))
    head = ["split", "pairs", "claims", "groups", *(label.value for label in LABELS), "with a voice"]
    last = ["with_voice"]
    if corpus.is_standoff:
        head, last = [*head, "related neutral"], [*last, "related_neutral"]
    keys = head[1:4]
    return head, [
        (split, *(s[key] for key in keys), *s["labels"].values(), *(s[key] for key in last))
        for split, s in counted.items()
    ]


def domains_table(corpus: Corpus) -> Table:
    """Count the groups of every domain by split."""
    groups = {(cell["domain"], cell["split"], cell["group"]) for cell in corpus.cells}
    counted = Counter((domain, split) for domain, split, _ in groups)
    domains = sorted({domain for domain, _ in counted})
    return ("domain", *SPLITS), [
        (domain, *(counted[domain, split] for split in SPLITS)) for domain in domains
    ]


def labels_by(corpus: Corpus, column: str, name: str) -> Table:
    """Count the labels by the words of a column: forms of sentences, kinds of claims, tags of pairs."""
    counted: Counter[tuple[str, str]] = Counter()
    for cell in corpus.cells:
        values = (cell[column] or "").split() if column == "forms" else filter(None, [cell[column]])
        for value in values:
            counted[value, cell["label"]] += 1
    values = sorted(
        {value for value, _ in counted}, key=lambda value: (-sum(counted[value, x] for x in LABELS), value)
    )
    return (name, *(label.value for label in LABELS)), [
        (value, *(counted[value, label.value] for label in LABELS)) for value in values
    ]


def agreement_table(corpus: Corpus) -> Table:
    """Compare every two annotators, on all pairs and on those that somebody related to the claim."""
    head = ("annotators", "on", "pairs", "groups", "differing", "Cohen's kappa", "Krippendorff's alpha")
    return (*head, *(f"kappa, {label}" for label in LABELS)), [
        (
            " / ".join(one.annotators),
            name,
            one.pairs,
            one.clusters,
            one.differing,
            one.kappa,
            one.alpha,
            *one.per_class.values(),
        )
        for name, chosen in (("all pairs", None), ("related pairs", is_related(corpus)))
        for one in agreements(corpus, chosen)
    ]


def agreements(corpus: Corpus, only: Callable[[str], bool] | None = None) -> list[Agreement]:
    """Return the agreement of every two annotators, resampled by group."""
    clusters = {cell["pair_id"]: cell["group"] for cell in corpus.cells}
    return agreement(corpus.ballots, clusters, only=only or (lambda pair: True))


def is_related(corpus: Corpus) -> Callable[[str], bool]:
    """Return a test for pairs to which at least one annotator gave a side or the flag ``related``."""
    related = {
        pair
        for ballot in corpus.ballots.values()
        for pair, vote in ballot.items()
        if vote.related or vote.label is not Label.NEUTRAL
    }
    return related.__contains__


def voices_table(corpus: Corpus) -> Table:
    """Compare the voices that every two annotators noted."""
    rows = []
    for names in combinations(sorted(corpus.ballots), 2):
        pairs, exact, overlap = voice_agreement(*(corpus.ballots[name] for name in names))
        if pairs:
            rows.append((" / ".join(names), pairs, exact, overlap))
    return ("annotators", "pairs with the same side", "same span", "mean F1 of characters"), rows


def differences_table(corpus: Corpus) -> Table:
    """List the pairs that annotators differ on, with what was decided."""
    cells = {cell["pair_id"]: cell for cell in corpus.cells}
    rows = []
    for one, other in combinations(sorted(corpus.ballots), 2):
        for pair, first, second in differences(corpus.ballots[one], corpus.ballots[other]):
            decision = corpus.adjudications.get(pair)
            outcome = "open" if decision is None else str(decision.decision or "dropped")
            texts = (cells[pair]["claim"], cells[pair]["sentence"])
            rows.append((pair, f"{one}: {first.label}", f"{other}: {second.label}", outcome, *texts))
    return ("pair", "first", "second", "decision", "claim", "sentence"), rows


def adjudication_counts(corpus: Corpus) -> dict[str, int]:
    """Count the pairs on which annotators differ, and how many of them were decided and dropped."""
    differing = {
        one.pair_id
        for first, second in combinations(sorted(corpus.ballots), 2)
        for one in differences(corpus.ballots[first], corpus.ballots[second])
    }
    decided = [one.decision is not None for pair, one in corpus.adjudications.items() if pair in differing]
    return {"differing": len(differing), "decided": sum(decided), "dropped": len(decided) - sum(decided)}


def measured_cues(corpus: Corpus) -> dict[str, Any]:
    """Score models that see too little (:mod:`stance.corpus.audit`); with the digest of what was measured."""
    rows = decided_by_split(corpus)
    return {"sha256": decided_pairs_digest(corpus), "macro_f1": cue_scores(rows["train"], rows["test"])}


def decided_pairs_digest(corpus: Corpus) -> str:
    """Return the sha256 of every decided pair: split, claim, sentence, label."""
    digest = hashlib.sha256()
    for cell in corpus.cells:
        if cell["label"] is not None:
            digest.update(
                "\x1f".join(cell[name] for name in ("split", "claim", "sentence", "label")).encode()
            )
            digest.update(b"\x1e")
    return digest.hexdigest()


def tendencies_table(corpus: Corpus) -> Table:
    """Describe the pairs of each label from outside."""
    head = (
        "label",
        "pairs",
        "words shared with the claim",
        "words of the sentence",
        "sentences with a denial word",
    )
    return head, [
        (label.value, one.pairs, f"{one.overlap:.0%}", f"{one.words:.1f}", f"{one.denial_words:.0%}")
        for label, one in tendencies(cell for cell in corpus.cells if cell["label"]).items()
    ]


def overlap_sentence(corpus: Corpus) -> str:
    """Say which two groups repeat each other most, in five-word runs of what belongs to them alone."""
    names = ("claim",) if corpus.is_standoff else ("claim", "sentence")
    found = overlaps(_texts_by_group(corpus.cells, names))
    return f"{found[0][0]:.0%} ({found[0][1]} and {found[0][2]})" if found else "none"


def repeated_sentences(corpus: Corpus) -> list[tuple[str, str]]:
    """Return the ids of sentences of different articles that repeat each other, as wire copy does."""
    texts = {cell["sentence_id"]: cell["sentence"] for cell in corpus.cells}
    article = {cell["sentence_id"]: cell["article_id"] for cell in corpus.cells}
    return [(a, b) for a, b in near_duplicates(texts) if article[a] != article[b]]


def features_yaml(columns: Sequence[str]) -> str:
    """Return the features of a data set in the notation of the Hugging Face hub."""
    lines = []
    for name in columns:
        lines.append(f"  - name: {name}")
        if name == "label":
            names = "".join(f"\n          '{i}': {label.value}" for i, label in enumerate(LABELS))
            lines.append(f"    dtype:\n      class_label:\n        names:{names}")
        else:
            lines.append(f"    dtype: {OTHER_TYPES.get(name, 'string')}")
    return "\n".join(lines)


def files_yaml() -> str:
    """Return the files of the splits in the notation of the Hugging Face hub."""
    return "\n".join(f"  - split: {split}\n    path: {split}.parquet" for split in SPLITS)


def markdown(content: Table) -> str:
    """Return a table in Markdown."""
    return table(*content)


def _texts_by_group(cells: Iterable[Row], names: Sequence[str]) -> Mapping[str, set[str]]:
    texts: dict[str, set[str]] = {}
    for cell in cells:
        texts.setdefault(cell["group"], set()).update(cell[name] for name in names)
    return texts
