"""Corpora out to annotation tools and votes back, nothing lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from stance.corpus.decisions import decisions, with_decisions
from stance.corpus.events import read_events, write_events
from stance.corpus.exchange import argilla, doccano, label_studio, table
from stance.corpus.exchange.tasks import Answer, Read, tasks
from stance.corpus.folder import Corpus, open_corpus
from stance.corpus.votes import DECISION, Ballot, Vote, annotator_file, write_votes
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
    source: str | Path,
    folder: str | Path,
    form: str,
    *,
    articles: str | Path | None = None,
    take_decisions: bool = False,
) -> Imported:
    """Take over the votes that an annotation tool gives back.

    A vote takes the place of an earlier one of the same annotator on the same pair; other votes
    stay. Rows that cannot be used are reported and leave their neighbours unharmed. What a tool only
    carried along from the export never takes the place of a newer vote.

    Votes of ``decision`` are the decisions of the corpus itself. They are passed over unless
    ``take_decisions`` is given; then those of a corpus of events are written into it, and those of a
    stand-off corpus have to agree with what it holds.

    Parameters
    ----------
    source : str or Path
        What the tool exported, or :func:`export_corpus` wrote.
    folder : str or Path
        The corpus folder that the pairs come from.
    form : {"label-studio", "doccano", "argilla", "csv"}
    articles : str or Path, optional
        Folder of the texts, if the pairs were exported with them.
    take_decisions : bool

    Raises
    ------
    InputError, DataError
        If the source cannot be read at all, or the corpus does not hold together.
    """
    corpus = open_corpus(folder, articles)
    if corpus.problems:
        raise InputError(f"votes for {str(folder)!r} cannot be imported: {corpus.problems[0]}")
    target = _Target(
        sentences={cell["pair_id"]: cell["sentence"] for cell in corpus.cells},
        decided=decisions(corpus.cells),
        is_standoff=corpus.is_standoff,
        has_articles=articles is not None,
    )
    fresh, problems = _sort_out(FORMATS[form].read(Path(source)), target, corpus.ballots, take_decisions)
    for name, ballot in fresh.items():
        if name == DECISION and not corpus.is_standoff:
            write_events(folder, with_decisions(read_events(folder), ballot))
        elif name != DECISION:
            write_votes(folder, name, {**corpus.ballots.get(name, {}), **ballot}, target.sentences)
    return Imported({name: len(ballot) for name, ballot in fresh.items()}, problems)


class _Target(NamedTuple):
    """What votes are taken over into."""

    sentences: Mapping[str, str]
    decided: Ballot
    is_standoff: bool
    has_articles: bool


def _sort_out(
    answers: Iterable[Read], target: _Target, ballots: Mapping[str, Ballot], take_decisions: bool
) -> tuple[dict[str, Ballot], list[str]]:
    """Return the votes to take over, by annotator, and what is wrong with others."""
    fresh: dict[str, Ballot] = {}
    problems: dict[str, None] = {}  # an annotator's wrong name is reported once
    for answer in answers:
        if isinstance(answer, str):
            problems[answer] = None
        elif not _is_passed_over(answer, ballots, take_decisions):
            earlier = fresh.get(answer.annotator, {}).get(answer.pair_id)
            problem = _problem(answer, target, earlier)
            if problem is None:
                fresh.setdefault(answer.annotator, {})[answer.pair_id] = answer.vote
            else:
                problems[problem] = None
    return fresh, list(problems)


def _is_passed_over(answer: Answer, ballots: Mapping[str, Ballot], take_decisions: bool) -> bool:
    if answer.annotator == DECISION:
        return not take_decisions
    return answer.is_echo and answer.pair_id in ballots.get(answer.annotator, {})


def _ballots(corpus: Corpus, *, verbatim: bool) -> dict[str, Ballot]:
    """Return decisions and votes; those of a stand-off corpus only with the texts that they are about."""
    votes = corpus.ballots if verbatim or not corpus.is_standoff else {}
    return {**votes, DECISION: decisions(corpus.cells)}


def _problem(answer: Answer, target: _Target, earlier: Vote | None) -> str | None:
    """Say why an answer cannot be taken over; ``earlier`` is one on the same pair from the same file."""
    problem = None
    if answer.pair_id not in target.sentences:
        problem = "no such pair in the corpus; import into the corpus that it was exported from"
    elif answer.sentence != target.sentences[answer.pair_id]:
        problem = f"the sentence is {answer.sentence!r:.60}, not that of the corpus; leave texts alone"
    elif earlier is not None and earlier != answer.vote:
        problem = f"{earlier.label} here and {answer.vote.label} there, or another voice; keep one vote"
    elif answer.annotator == DECISION:
        if target.is_standoff and answer.vote != target.decided.get(answer.pair_id):
            problem = "differs from annotations.jsonl; change decisions of a stand-off corpus there"
    elif target.is_standoff and not target.has_articles:
        problem = "votes are about the articles' own text; export and import with --articles"
    else:
        try:
            annotator_file(".", answer.annotator)
        except InputError as error:
            return str(error)
    return problem and f"pair {answer.pair_id!r:.60}, {answer.annotator}: {problem}"
