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
    """A vote as it came back; ``sentence`` is the text that its voice is a span of.

    ``is_echo`` marks what a tool only carried along, as it was exported: it never takes the place of
    what the corpus holds by now.
    """

    pair_id: str
    annotator: str
    sentence: str
    vote: Vote
    is_echo: bool = False


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


def as_object(value: object, name: str) -> dict[str, Any]:
    """Return a JSON object; nothing counts as an empty one.

    Raises
    ------
    InputError
        If it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{name} is {value!r:.60}; expected an object")
    return value


def as_list(value: object, name: str) -> list[Any]:
    """Return a JSON list; nothing counts as an empty one.

    Raises
    ------
    InputError
        If it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise InputError(f"{name} is {value!r:.60}; expected a list")
    return value


def only_voice(spans: list[list[int]], remarks: list[Any]) -> list[int] | None:
    """Return the voice that marks and remarks spell out: one span, an empty list for the outlet, or ``None``.

    Raises
    ------
    InputError
        If there is more than one.
    """
    if len(spans) > 1 or (spans and OUTLET in remarks):
        raise InputError(
            f"{len(spans)} voices are marked, {OUTLET!r} {'too' if OUTLET in remarks else 'not'}; keep one"
        )
    return spans[0] if spans else [] if OUTLET in remarks else None


def span_of(text: object, start: object, end: object, sentence: str) -> list[int]:
    """Return the place of marked words, checked against the words themselves where they are given.

    A browser counts in UTF-16 and Python in characters, so what stands before an emoji may be off
    by some; it is set right by the words.

    Raises
    ------
    InputError
        If they cannot be found.
    """
    if type(start) is int and type(end) is int and 0 <= start < end:
        if end <= len(sentence) and text in (None, sentence[start:end]):
            return [start, end]
        before = sentence.encode("utf-16-le")[: 2 * start].decode("utf-16-le", errors="replace")
        if isinstance(text, str) and sentence.startswith(text, len(before)):
            return [len(before), len(before) + len(text)]
    if isinstance(text, str) and text and sentence.count(text) == 1:
        return [sentence.index(text), sentence.index(text) + len(text)]
    raise InputError(
        f"the voice {text!r:.60} at {start!r:.20}-{end!r:.20} is not in the sentence; mark it again"
    )
