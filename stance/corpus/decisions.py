"""From votes to the decisions of a corpus, and decisions exchanged as the votes of one more annotator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from stance.corpus.events import LETTERS, Event, EventClaim, read_events, write_events
from stance.corpus.folder import open_corpus
from stance.corpus.votes import Ballot, Voice, Vote, votes_by_pair
from stance.errors import InputError, refuse
from stance.schema import Label


class Settled(NamedTuple):
    """How many pairs were decided and dropped, and which are still open."""

    decided: int
    dropped: int
    open_pairs: list[str]


def decisions(cells: Iterable[Mapping[str, Any]]) -> Ballot:
    """Return the decided pairs of a corpus as a ballot."""
    return {
        cell["pair_id"]: Vote(Label(cell["label"]), _voice(cell), bool(cell.get("related")))
        for cell in cells
        if cell["label"] is not None
    }


def with_decisions(events: Iterable[Event], ballot: Ballot) -> list[Event]:
    """Return events with the decisions of a ballot in place of their own."""
    return [
        replace(
            event,
            claims=tuple(
                _decided(claim, event, f"{event.event_id}/{number}", ballot)
                for number, claim in enumerate(event.claims, start=1)
            ),
        )
        for event in events
    ]


def settle(folder: str | Path, least: int = 2) -> Settled:
    """Write into a corpus of events what its annotators agree on, and what was adjudicated.

    A voice is taken from the first annotator, by name, who noted one with the decided label.
    Pairs without enough votes keep the label they have.

    Parameters
    ----------
    folder : str or Path
    least : int
        So many votes have to agree; an adjudication needs none.

    Raises
    ------
    DataError, InputError
        If the folder is no corpus of events or does not hold together.
    """
    corpus = open_corpus(folder)
    refuse(corpus.problems)
    if corpus.is_standoff:
        raise InputError(
            f"{str(folder)!r} is a corpus of articles; its decisions are changed in annotations.jsonl"
        )
    voted = votes_by_pair(corpus.ballots)
    agreed: Ballot = {}
    dropped, open_pairs = [], []
    for cell in corpus.cells:
        pair = cell["pair_id"]
        votes = voted.get(pair, [])
        labels = {vote.label for vote in votes}
        if pair in corpus.adjudications:
            decision = corpus.adjudications[pair].decision
            if decision is None:
                dropped.append(pair)
            else:
                agreed[pair] = Vote(decision, _first_voice(votes, decision))
        elif len(votes) >= least and len(labels) == 1:
            agreed[pair] = Vote(votes[0].label, _first_voice(votes, votes[0].label))
        elif cell["label"] is None or len(labels) > 1:
            open_pairs.append(pair)
    write_events(folder, without(with_decisions(read_events(folder), agreed), dropped))
    return Settled(len(agreed), len(dropped), open_pairs)


def without(events: Iterable[Event], pairs: Iterable[str]) -> list[Event]:
    """Return events without a decision on these pairs."""
    dropped = set(pairs)
    result = []
    for event in events:
        claims = []
        for number, claim in enumerate(event.claims, start=1):
            gone = {i for i in range(1, len(claim.labels) + 1) if f"{event.event_id}/{number}/{i}" in dropped}
            letters = "".join("-" if i in gone else letter for i, letter in enumerate(claim.labels, start=1))
            kept = {i: voice for i, voice in claim.voices.items() if i not in gone}
            claims.append(replace(claim, labels=letters, voices=kept))
        result.append(replace(event, claims=tuple(claims)))
    return result


def _first_voice(votes: Iterable[Vote], label: Label) -> Voice:
    return next((vote.voice for vote in votes if vote.label is label and vote.voice is not None), None)


def _decided(claim: EventClaim, event: Event, claim_id: str, ballot: Ballot) -> EventClaim:
    letters, voices = list(claim.labels), dict(claim.voices)
    for number in range(1, len(event.sentences) + 1):
        vote = ballot.get(f"{claim_id}/{number}")
        if vote is None:
            continue
        before = letters[number - 1]
        letters[number - 1] = next(letter for letter, label in LETTERS.items() if label is vote.label)
        if vote.voice is not None:
            voices[number] = vote.voice
        elif letters[number - 1] != before:  # who took the other side does not take this one
            voices.pop(number, None)
    return replace(claim, labels="".join(letters), voices=dict(sorted(voices.items())))


def _voice(cell: Mapping[str, Any]) -> tuple[int, int] | tuple[()] | None:
    if not cell["voice"]:
        return None if cell["voice"] is None else ()
    return cell["voice_start"], cell["voice_start"] + len(cell["voice"])
