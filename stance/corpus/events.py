"""A corpus of events: sentences about one event, and claims held against each of them.

``events.jsonl`` holds one event a row, easy to write and to mend by hand:

============= ======================================================================================
``event_id``  unique
``domain``    field of news
``split``     train, validation or test
``event``     what it is about
``sentences`` list of ``{text, forms, outlet, after}``: ``forms`` says how it is told (headline,
              hedge, ...), ``after`` which sentence it directly follows in the same story
``claims``    list of ``{claim, kind, labels, voices, tags}``: one letter a sentence in ``labels`` (S
              supports, D denies, N neutral, - no decision); ``voices`` and ``tags`` by the number
              of the sentence; a voice as words that stand once in that sentence, else as
              ``[start, end]``, empty for the outlet itself
============= ======================================================================================

Everything but ``text``, ``claim`` and ``labels`` may be left out inside sentences and claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stance.corpus.examples import SPLITS
from stance.errors import refuse
from stance.schema import Label
from stance.tables import read_table, write_table

EVENTS = "events.jsonl"
"""The table of an event corpus; a folder that holds it is one."""

FIELDS = ("event_id", "domain", "split", "event", "sentences", "claims")
_SENTENCE_FIELDS = {"text", "forms", "outlet", "after"}
_CLAIM_FIELDS = {"claim", "kind", "labels", "voices", "tags"}

Span = tuple[int, int]

LETTERS = {"S": Label.SUPPORTS, "D": Label.DENIES, "N": Label.NEUTRAL, "-": None}
"""How decisions are written; ``-`` is a pair without one: not labelled yet, or dropped."""


@dataclass(frozen=True, slots=True)
class EventSentence:
    """One sentence of an event's coverage."""

    text: str
    forms: tuple[str, ...] = ()
    outlet: str | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class EventClaim:
    """A claim with a letter for every sentence; voices and tags by sentence number, from 1.

    A voice is a span of the sentence, empty for the outlet itself.
    """

    claim: str
    labels: str
    kind: str | None = None
    voices: Mapping[int, Span | tuple[()]] = field(default_factory=dict)
    tags: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """An event: every claim is held against every sentence."""

    event_id: str
    domain: str
    split: str
    event: str
    sentences: tuple[EventSentence, ...]
    claims: tuple[EventClaim, ...]


def load_events(folder: str | Path) -> tuple[list[Event], list[str]]:
    """Read the sound events of a folder, and say what is wrong with the others.

    Returns
    -------
    events : list of Event
    problems : list of str
        Each names file, row, field, value and remedy.
    """
    file = Path(folder) / EVENTS
    events: list[Event] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for row in read_table(file):
        where = f"{file}, row {row.number}"
        found = [row.error] if row.error else list(_event_problems(row.values))
        event_id = row.values.get("event_id")
        if not found and event_id in seen:
            found = [f"event_id {event_id!r} stands in row {seen[event_id]} already; ids are unique"]
        if found:
            problems += [f"{where}: {problem}" for problem in found]
        else:
            seen[str(event_id)] = row.number
            events.append(_event(row.values))
    return events, problems


def read_events(folder: str | Path) -> list[Event]:
    """Read the events of a folder.

    Raises
    ------
    DataError
        If one of them does not hold together; the message names the first problem.
    """
    events, problems = load_events(folder)
    refuse(problems)
    return events


def write_events(folder: str | Path, events: list[Event]) -> None:
    """Write ``events.jsonl``; what is not known of a sentence or a claim is left out."""
    rows = (
        {
            "event_id": event.event_id,
            "domain": event.domain,
            "split": event.split,
            "event": event.event,
            "sentences": [
                _filled(sentence, ("text", "forms", "outlet", "after")) for sentence in event.sentences
            ],
            "claims": [
                _filled(_with_words(claim, event.sentences), ("claim", "kind", "labels", "voices", "tags"))
                for claim in event.claims
            ],
        }
        for event in events
    )
    write_table(Path(folder) / EVENTS, list(rows), FIELDS)


def find_words(words: str, text: str) -> list[Span]:
    """Return every place where words stand in a text as whole words."""
    pattern = rf"(?<!\w){re.escape(words)}(?!\w)"
    return [match.span() for match in re.finditer(pattern, text)] if words else []


def _with_words(claim: EventClaim, sentences: tuple[EventSentence, ...]) -> EventClaim:
    """Return the claim with voices as they are written: words where these say which span is meant."""
    written: dict[int, Any] = {}
    for number, span in claim.voices.items():
        text = sentences[number - 1].text
        words = text[slice(*span)] if span else ""
        written[number] = words if not span or find_words(words, text) == [span] else list(span)
    return replace(claim, voices=written)


def _filled(value: EventSentence | EventClaim, names: tuple[str, ...]) -> dict[str, Any]:
    filled = {name: getattr(value, name) for name in names}
    return {name: given for name, given in filled.items() if given not in (None, (), {})}


def _event_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one row, in the order of its fields."""
    yield from _unknown(values, set(FIELDS))
    missing = [name for name in FIELDS if name not in values]
    if missing:
        yield f"lacks {', '.join(missing)}; expected {', '.join(FIELDS)}"
        return
    for name in ("event_id", "domain", "event"):
        if not _is_text(values[name]):
            yield f"{name} is {values[name]!r:.60}; expected a text"
    if values["split"] not in SPLITS:
        yield f"split is {values['split']!r:.60}; expected one of {', '.join(SPLITS)}"
    for name in ("sentences", "claims"):
        items = values[name]
        if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
            yield f"{name} is {items!r:.60}; expected a list of objects, at least one"
            return
    for number, sentence in enumerate(values["sentences"], start=1):
        for problem in _sentence_problems(sentence, number):
            yield f"sentence {number}: {problem}"
    texts = [str(sentence.get("text")) for sentence in values["sentences"]]
    claims: set[str] = set()
    for number, claim in enumerate(values["claims"], start=1):
        for problem in _claim_problems(claim, texts):
            yield f"claim {number}: {problem}"
        text = str(claim.get("claim"))
        if text in claims:
            yield f"claim {number}: {text!r:.60} stands twice in the event; remove one"
        claims.add(text)


def _sentence_problems(sentence: Mapping[str, Any], number: int) -> Iterator[str]:
    yield from _unknown(sentence, _SENTENCE_FIELDS)
    if not _is_text(sentence.get("text")):
        yield f"text is {sentence.get('text')!r:.60}; expected a text"
    forms = sentence.get("forms", [])
    if not isinstance(forms, list) or not all(_is_text(form) and len(form.split()) == 1 for form in forms):
        yield f"forms is {forms!r:.60}; expected a list of single words"
    if not _is_text(sentence.get("outlet", "-")):
        yield f"outlet is {sentence['outlet']!r:.60}; expected a text, or leave it out"
    after = sentence.get("after", 1)
    if "after" in sentence and not (isinstance(after, int) and 1 <= after < number):
        yield f"after is {after!r:.60}; expected the number of an earlier sentence"


def _claim_problems(claim: Mapping[str, Any], texts: list[str]) -> Iterator[str]:
    yield from _unknown(claim, _CLAIM_FIELDS)
    if not _is_text(claim.get("claim")):
        yield f"claim is {claim.get('claim')!r:.60}; expected a text"
    if not _is_text(claim.get("kind", "-")):
        yield f"kind is {claim['kind']!r:.60}; expected a text, or leave it out"
    labels = claim.get("labels")
    if not isinstance(labels, str) or not set(labels) <= set(LETTERS) or len(labels) != len(texts):
        yield (
            f"labels is {labels!r:.60}; expected {len(texts)} letters, one a sentence: S supports, D denies, "
            "N neutral, - no decision"
        )
        return
    for name in ("voices", "tags"):
        given = claim.get(name, {})
        if not isinstance(given, dict):
            yield f"{name} is {given!r:.60}; expected an object with sentence numbers as keys"
            continue
        for key, value in given.items():
            if key not in map(str, range(1, len(texts) + 1)):
                yield f"{name} names sentence {key!r:.60}; expected a number from 1 to {len(texts)}"
            elif name == "tags" and not _is_text(value):
                yield f"tag {value!r:.60} at sentence {key}; expected a text"
            elif name == "voices":
                problem = _voice_problem(value, texts[int(key) - 1], labels[int(key) - 1])
                if problem:
                    yield f"voice {value!r:.60} at sentence {key}: {problem}"


def _voice_problem(voice: Any, text: str, letter: str) -> str | None:
    if letter not in "SD":
        return f"the label there is {letter}, nobody takes a side; remove the voice"
    if isinstance(voice, str):
        places = len(find_words(voice, text))
        if voice and places != 1:
            return f"stands {places} times in the sentence as whole words; give exact words, or [start, end]"
        return None
    is_span = isinstance(voice, list) and len(voice) == 2 and all(type(place) is int for place in voice)
    if not is_span or not 0 <= voice[0] < voice[1] <= len(text):
        return f"expected words of the sentence, [start, end] within its {len(text)} characters, or ''"
    return None


def _unknown(values: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    for name in sorted(set(values) - known):
        yield f"unknown field {name!r:.60}; expected {', '.join(sorted(known))}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _event(values: Mapping[str, Any]) -> Event:
    return Event(
        **{name: values[name] for name in FIELDS[:4]},
        sentences=tuple(
            EventSentence(s["text"], tuple(s.get("forms", ())), s.get("outlet"), s.get("after"))
            for s in values["sentences"]
        ),
        claims=tuple(
            EventClaim(
                c["claim"],
                c["labels"],
                c.get("kind"),
                {
                    int(key): _place(voice, values["sentences"][int(key) - 1]["text"])
                    for key, voice in c.get("voices", {}).items()
                },
                {int(key): tag for key, tag in c.get("tags", {}).items()},
            )
            for c in values["claims"]
        ),
    )


def _place(voice: str | list[int], text: str) -> Span | tuple[()]:
    if not voice:
        return ()
    return find_words(voice, text)[0] if isinstance(voice, str) else (voice[0], voice[1])
