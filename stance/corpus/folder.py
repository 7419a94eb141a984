"""A corpus folder of either kind: its pairs, its votes, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stance.corpus.adjudication import Adjudication, load_adjudications
from stance.corpus.build import EVENT_COLUMNS, PAIR_COLUMNS, Row, event_cells, matrix
from stance.corpus.events import EVENTS, load_events
from stance.corpus.examples import SPLITS
from stance.corpus.records import load_standoff
from stance.corpus.standoff import attach, find_texts, restated
from stance.corpus.votes import Ballot, load_votes
from stance.errors import DataError


class Corpus(NamedTuple):
    """The sound part of a corpus folder, and what is wrong with the rest.

    Attributes
    ----------
    cells : list of dict
        One row a pair, with its ``split``; ``label`` is ``None`` where there is no decision.
    columns : sequence of str
        Of the rows, without ``split``.
    ballots : dict of str to dict
        Votes by annotator and pair id.
    adjudications : dict of str to Adjudication
        What was decided where annotators differed, by pair id.
    problems : list of str
        Each names file, row, field, value and remedy.
    is_standoff : bool
        Whether the articles are kept elsewhere; voices in the votes are then spans of their text.
    """

    cells: list[Row]
    columns: Sequence[str]
    ballots: dict[str, Ballot]
    adjudications: dict[str, Adjudication]
    problems: list[str]
    is_standoff: bool


def open_corpus(folder: str | Path, articles: str | Path | None = None) -> Corpus:
    """Read whatever is sound in a corpus folder.

    Parameters
    ----------
    folder : str or Path
        Holds ``events.jsonl``, or the four stand-off tables.
    articles : str or Path, optional
        Folder of the article texts of a stand-off corpus: opens its verbatim edition.

    Raises
    ------
    DataError
        If the folder is no corpus, or a table is missing.
    """
    place = Path(folder)
    is_standoff = not (place / EVENTS).is_file()
    if not is_standoff:
        if articles is not None:
            raise DataError(
                f"{str(place)!r} is a corpus of events and holds its own text; leave out --articles"
            )
        events, problems = load_events(place)
        rows = event_cells(events)
        lengths: dict[str, int] = {row["pair_id"]: len(row["sentence"]) for s in SPLITS for row in rows[s]}
    elif (place / "annotations.jsonl").is_file():
        corpus, problems = load_standoff(place)
        if articles is None:
            rows = matrix(corpus, restated(corpus), edition="restated")
        else:
            rows = matrix(corpus, attach(corpus, find_texts(corpus, articles)), edition="verbatim")
        spans = {ref.sentence_id: ref.end - ref.start for ref in corpus.sentences}
        lengths = {row["pair_id"]: spans[row["sentence_id"]] for s in SPLITS for row in rows[s]}
    else:
        raise DataError(
            f"{str(place)!r} is no corpus folder; expected one with {EVENTS} (events) or annotations.jsonl, "
            "articles.jsonl, sentences.jsonl, claims.jsonl (articles)"
        )
    ballots, vote_problems = load_votes(place, lengths)
    adjudications, adjudication_problems = load_adjudications(place, lengths)
    return Corpus(
        cells=[{**row, "split": split} for split in SPLITS for row in rows[split]],
        columns=PAIR_COLUMNS if is_standoff else EVENT_COLUMNS,
        ballots=ballots,
        adjudications=adjudications,
        problems=[*problems, *vote_problems, *adjudication_problems],
        is_standoff=is_standoff,
    )


def decided_by_split(corpus: Corpus) -> Mapping[str, list[Row]]:
    """Return the pairs with a decision, by split."""
    return {
        split: [row for row in corpus.cells if row["split"] == split and row["label"] is not None]
        for split in SPLITS
    }
