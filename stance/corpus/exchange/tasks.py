"""What every exchange format carries: pairs to label, and the votes that come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stance.corpus.votes import Ballot, Vote, checked_voice
from stance.errors import InputError
from stance.schema import LABELS, Label

VOICE = "voice"
"""Name of the one kind of span."""

OUTLET = "outlet itself"
"""How a format without empty spans says that the outlet takes the side in its own words."""

RELATED = "same matter"
"""How a neutral pair is flagged that speaks of the claim's matter."""


class Task(NamedTuple):
    """A pair as it is shown to annotators, with the votes it has."""

    pair_id: str
    claim: str
    sentence: str
    context: str
    group: str
    split: str
    votes: Mapping[str, Vote]


class Answer(NamedTuple):
    """A vote as it came back; ``sentence`` is the text that its voice is a span of."""

    pair_id: str
    annotator: str
    sentence: str
    vote: Vote


Read = Answer | str
"""What a reader yields: an answer, or what is wrong with a row and where."""


def tasks(cells: list[dict[str, Any]], ballots: Mapping[str, Ballot]) -> list[Task]:
    """Return a task for every pair, with the votes of every annotator on it."""
    return [
        Task(
            pair_id=cell["pair_id"],
            claim=cell["claim"],
            sentence=cell["sentence"],
            context=cell["context"] or "",
            group=cell["group"],
            split=cell["split"],
            votes={
                name: ballot[cell["pair_id"]] for name, ballot in ballots.items() if cell["pair_id"] in ballot
            },
        )
        for cell in cells
    ]


def parse_vote(label: object, voice: object, sentence: str, *, related: bool = False, note: str = "") -> Vote:
    """Return the vote that a format spells out.

    Parameters
    ----------
    label : object
        One of the three names.
    voice : object
        ``None``, an empty list for the outlet, or ``[start, end]`` in the sentence.
    sentence : str
    related, note
        As in :class:`stance.corpus.votes.Vote`.

    Raises
    ------
    InputError
        If one of them cannot be used.
    """
    names = [name.value for name in LABELS]
    if label not in names:
        raise InputError(f"label is {label!r:.60}; expected one of {', '.join(names)}")
    return Vote(Label(label), checked_voice(voice, Label(label), len(sentence)), related, note)


def text_field(values: Mapping[str, Any], name: str) -> str:
    """Return a field that has to hold a text.

    Raises
    ------
    InputError
        If it is missing or holds something else.
    """
    value = values.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{name} is {value!r:.60}; expected a text, as it was exported")
    return value


def span_of(text: object, start: object, end: object, sentence: str) -> list[int]:
    """Return the place of marked words, checked against the words themselves where they are given.

    Tools that count in other units than Python (UTF-16 in a browser) are set right as long as the
    words stand once in the sentence.

    Raises
    ------
    InputError
        If they cannot be found.
    """
    if isinstance(start, int) and isinstance(end, int) and text in (None, sentence[start:end]):
        return [start, end]
    if isinstance(text, str) and sentence.count(text) == 1:
        return [sentence.index(text), sentence.index(text) + len(text)]
    raise InputError(f"the voice {text!r:.60} at {start}-{end} is not in the sentence; mark it again")
