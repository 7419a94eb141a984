"""Everything that can be wrong with a corpus folder."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from stance.corpus.agreement import differences
from stance.corpus.audit import overlaps
from stance.corpus.build import Row
from stance.corpus.examples import SPLITS
from stance.corpus.folder import Corpus, decided_by_split, open_corpus
from stance.corpus.mixture import normalised
from stance.corpus.votes import votes_by_pair
from stance.errors import InputError
from stance.tables import read_table

MOST_OVERLAP = 0.2
"""Largest share of its five-word runs that an event may have in common with another one."""


def corpus_problems(folder: str | Path, articles: str | Path | None = None) -> list[str]:
    """Return what is wrong with a corpus folder; an empty list if nothing is.

    Checked are every row of its tables, its votes and adjudications; that nothing stands in two
    splits; that the corpus has what annotators agree on, and a decision where they differ; that no
    event repeats another; and that the published splits, if there are any, are what the tables give.

    Parameters
    ----------
    folder : str or Path
    articles : str or Path, optional
        Folder of the article texts of a stand-off corpus, to check its offsets too.

    Raises
    ------
    DataError
        If the folder is no corpus, a table is missing, or an article is not the annotated one.
    """
    corpus = open_corpus(folder, articles)
    problems = [*corpus.problems, *_straddling(corpus), *_undecided(corpus)]
    if not corpus.is_standoff:
        problems += _repeating(corpus)
    return [*problems, *_unpublished(Path(folder), corpus if articles is None else open_corpus(folder))]


def _straddling(corpus: Corpus) -> Iterator[str]:
    """Yield what stands in more than one split."""
    names = ["group", "claim"] if corpus.is_standoff else ["group", "claim", "sentence"]
    for name in names:
        homes: dict[str, str] = {}
        reported = set()
        for cell in corpus.cells:
            key = normalised(cell[name])
            if homes.setdefault(key, cell["split"]) != cell["split"] and key not in reported:
                reported.add(key)
                splits = f"{homes[key]} and in {cell['split']}"
                yield f"{name} {cell[name]!r:.60} stands in {splits}; keep it in one split"


def _undecided(corpus: Corpus) -> Iterator[str]:
    """Yield differences between annotators without a decision, and decisions that were not followed."""
    labels = {cell["pair_id"]: cell["label"] for cell in corpus.cells}
    for first, second in combinations(sorted(corpus.ballots), 2):
        for pair, one, other in differences(corpus.ballots[first], corpus.ballots[second]):
            if pair not in corpus.adjudications:
                yield (
                    f"pair {pair}: {first} says {one.label}, {second} says {other.label}; decide, and add a "
                    "row to adjudication.jsonl"
                )
    for pair, votes in votes_by_pair(corpus.ballots).items():
        given = {vote.label for vote in votes}
        is_agreed = len(votes) > 1 and len(given) == 1 and pair not in corpus.adjudications
        if is_agreed and labels[pair] not in given:
            yield (
                f"pair {pair}: all annotators say {votes[0].label}, but the corpus has "
                f"{labels[pair] or 'no label'}; run stance corpus settle, or adjudicate the pair"
            )
    for pair, adjudication in corpus.adjudications.items():
        if labels[pair] != adjudication.decision:
            yield (
                f"pair {pair}: adjudicated as {adjudication.decision or 'dropped'}, but the corpus has "
                f"{labels[pair] or 'no label'}; make them agree"
            )


def _repeating(corpus: Corpus) -> Iterator[str]:
    texts: dict[str, set[str]] = {}
    for cell in corpus.cells:
        texts.setdefault(cell["group"], set()).update((cell["claim"], cell["sentence"]))
    for share, first, second in overlaps(texts):
        if share > MOST_OVERLAP:
            yield f"events {first} and {second} share {share:.0%} of their wording; rewrite or remove one"


def _unpublished(folder: Path, corpus: Corpus) -> Iterator[str]:
    """Yield the splits that are not what the tables give."""
    files = {split: folder / f"{split}.parquet" for split in SPLITS}
    if not any(file.is_file() for file in files.values()):
        return  # nothing was published yet
    for split, rows in decided_by_split(corpus).items():
        file = files[split]
        try:
            is_current = file.is_file() and _same(rows, [row.values for row in read_table(file)])
        except InputError as error:
            yield str(error)
            continue
        if not is_current:
            yield f"{file} is missing or not what the tables give; run: stance corpus publish {folder}"


def _same(rows: list[Row], stored: list[Row]) -> bool:
    return stored == [{name: value for name, value in row.items() if name != "split"} for row in rows]
