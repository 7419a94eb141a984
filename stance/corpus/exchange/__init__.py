"""Corpora out to annotation tools and votes back, nothing lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from stance.corpus.decisions import DECISION, decisions, with_decisions
from stance.corpus.events import read_events, write_events
from stance.corpus.exchange import argilla, doccano, label_studio, table
from stance.corpus.exchange.tasks import Answer, tasks
from stance.corpus.folder import Corpus, open_corpus
from stance.corpus.votes import Ballot, annotator_file, write_votes
from stance.errors import InputError

__all__ = ["FORMATS", "Imported", "export_corpus", "import_votes"]

FORMATS: Mapping[str, ModuleType] = {
    "label-studio": label_studio,
    "doccano": doccano,
    "argilla": argilla,
    "csv": table,
}


class Imported(NamedTuple):
    """What an import did: votes by annotator, and the rows that could not be taken over."""

    votes: dict[str, int]
    problems: list[str]


def export_corpus(
    folder: str | Path,
    out: str | Path,
    form: str,
    *,
    splits: Iterable[str] = (),
    blind: bool = False,
    articles: str | Path | None = None,
) -> int:
    """Write the pairs of a corpus for an annotation tool and return their number.

    Parameters
    ----------
    folder : str or Path
        A corpus folder.
    out : str or Path
        A file, for doccano a folder.
    form : {"label-studio", "doccano", "argilla", "csv"}
    splits : iterable of str
        Only these; all by default.
    blind : bool
        Leave out votes and decisions, for a pass that shall not see them.
    articles : str or Path, optional
        Folder of the texts of a stand-off corpus. Its votes belong to these texts, so they are
        exported with them only; without, the restated edition and the decisions are.

    Raises
    ------
    InputError, DataError
        If the corpus does not hold together or there is nothing to export.
    """
    corpus = open_corpus(folder, articles)
    if corpus.problems:
        raise InputError(f"{str(folder)!r} cannot be exported: {corpus.problems[0]}")
    wanted = set(splits)
    cells = [cell for cell in corpus.cells if not wanted or cell["split"] in wanted]
    if not cells:
        raise InputError(f"{str(folder)!r} has no pair in {', '.join(sorted(wanted)) or 'any split'}")
    pairs = tasks(cells, {} if blind else _ballots(corpus, verbatim=articles is not None))
    FORMATS[form].write(Path(out), pairs)
    return len(pairs)


def import_votes(
    source: str | Path, folder: str | Path, form: str, *, articles: str | Path | None = None
) -> Imported:
    """Take over the votes that an annotation tool gives back.

    A vote takes the place of an earlier one of the same annotator on the same pair; other votes
    stay. Rows that cannot be used are reported and leave their neighbours unharmed. Votes of
    ``decision`` are the decisions of the corpus itself; those of a corpus of events are written
    into it, those of a stand-off corpus have to agree with what it holds.

    Parameters
    ----------
    source : str or Path
        What the tool exported, or :func:`export_corpus` wrote.
    folder : str or Path
        The corpus folder that the pairs come from.
    form : {"label-studio", "doccano", "argilla", "csv"}
    articles : str or Path, optional
        Folder of the texts, if the pairs were exported with them.

    Raises
    ------
    InputError, DataError
        If the source cannot be read at all, or the corpus does not hold together.
    """
    corpus = open_corpus(folder, articles)
    if corpus.problems:
        raise InputError(f"votes for {str(folder)!r} cannot be imported: {corpus.problems[0]}")
    known = _ballots(corpus, verbatim=articles is not None)
    sentences = {cell["pair_id"]: cell["sentence"] for cell in corpus.cells}
    fresh: dict[str, Ballot] = {}
    problems = []
    for answer in FORMATS[form].read(Path(source)):
        problem = (
            answer if isinstance(answer, str) else _problem(answer, sentences, known, corpus.is_standoff)
        )
        if problem is not None:
            problems.append(problem)
        elif isinstance(answer, Answer):
            fresh.setdefault(answer.annotator, {})[answer.pair_id] = answer.vote
    for name, ballot in fresh.items():
        if name == DECISION and not corpus.is_standoff:
            write_events(folder, with_decisions(read_events(folder), ballot))
        elif name != DECISION:
            write_votes(folder, name, {**corpus.ballots.get(name, {}), **ballot}, sentences)
    return Imported({name: len(ballot) for name, ballot in fresh.items()}, problems)


def _ballots(corpus: Corpus, *, verbatim: bool) -> dict[str, Ballot]:
    """Return decisions and votes; those of a stand-off corpus only with the texts that they are about."""
    votes = corpus.ballots if verbatim or not corpus.is_standoff else {}
    return {**votes, DECISION: decisions(corpus.cells)}


def _problem(
    answer: Answer, sentences: Mapping[str, str], known: Mapping[str, Ballot], is_standoff: bool
) -> str | None:
    """Say why an answer cannot be taken over."""
    where = f"pair {answer.pair_id!r:.60}, {answer.annotator}"
    if answer.pair_id not in sentences:
        return f"{where}: no such pair in the corpus; import into the corpus that it was exported from"
    if answer.sentence != sentences[answer.pair_id]:
        return f"{where}: the sentence is {answer.sentence!r:.60}, not that of the corpus; leave texts alone"
    if is_standoff and answer.annotator == DECISION and answer.vote != known[DECISION].get(answer.pair_id):
        return (
            f"{where}: differs from annotations.jsonl; change decisions of a stand-off corpus there, by hand"
        )
    try:
        annotator_file(".", answer.annotator)
    except InputError as error:
        return f"{where}: {error}"
    return None
