"""The decisions of a corpus, exchanged as the votes of an annotator of this name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from stance.corpus.events import LETTERS, Event, EventClaim
from stance.corpus.votes import Ballot, Vote
from stance.schema import Label

DECISION = "decision"
"""The annotator under whose name the decisions of a corpus leave it and come back."""


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


def _decided(claim: EventClaim, event: Event, claim_id: str, ballot: Ballot) -> EventClaim:
    letters, voices = list(claim.labels), dict(claim.voices)
    for number, sentence in enumerate(event.sentences, start=1):
        vote = ballot.get(f"{claim_id}/{number}")
        if vote is None:
            continue
        letters[number - 1] = next(letter for letter, label in LETTERS.items() if label is vote.label)
        voices.pop(number, None)
        if vote.voice is not None:
            voices[number] = sentence.text[slice(*vote.voice)] if vote.voice else ""
    return replace(claim, labels="".join(letters), voices=dict(sorted(voices.items())))


def _voice(cell: Mapping[str, Any]) -> tuple[int, int] | tuple[()] | None:
    if not cell["voice"]:
        return None if cell["voice"] is None else ()
    return cell["voice_start"], cell["voice_start"] + len(cell["voice"])
