"""What each annotator decided, before anything was adjudicated.

``votes/ANNOTATOR.jsonl`` in a corpus folder holds one row a claim:

=========== ========================================================================================
``claim``   the part of its pair ids before the last slash
``labels``  one letter a sentence, in the order of the corpus: S, D, N, or - where there is no vote
``voices``  ``[start, end]`` in the sentence by the last part of the pair id, ``[]`` for the outlet;
            may lack what was not noted
``related`` last parts of the pair ids of neutral pairs that were flagged as related
``notes``   remarks of the annotator, by the last part of the pair id
=========== ========================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stance.corpus.events import LETTERS
from stance.errors import InputError
from stance.schema import Label
from stance.tables import read_table, write_table

VOTES = "votes"
"""Folder of the votes in a corpus folder."""

DECISION = "decision"
"""The annotator under whose name the decisions of a corpus leave it and come back."""

TO_LABEL = "to-label"
"""Name of a doccano file with pairs that nobody has voted on."""

RESERVED = (DECISION, TO_LABEL)

FIELDS = ("claim", "labels", "voices", "related", "notes")

Voice = tuple[int, int] | tuple[()] | None


class Vote(NamedTuple):
    """A decision of one annotator about one pair.

    ``voice`` is a span of the sentence, an empty tuple for the outlet itself, or ``None`` where none
    was noted; a neutral pair has none.
    """

    label: Label
    voice: Voice = None
    related: bool = False
    note: str = ""


Ballot = dict[str, Vote]
"""Votes of one annotator by pair id."""


def load_votes(folder: str | Path, lengths: Mapping[str, int]) -> tuple[dict[str, Ballot], list[str]]:
    """Read the votes of every annotator, by name, and say which rows cannot be read.

    Parameters
    ----------
    folder : str or Path
        A corpus folder; without a subfolder ``votes`` there are none.
    lengths : mapping of str to int
        The pair ids of the corpus in their order, and how many characters the sentence has in the
        edition that was annotated.

    Returns
    -------
    ballots : dict of str to dict
    problems : list of str
        Each names file, row, field, value and remedy.
    """
    by_claim = _by_claim(lengths)
    ballots: dict[str, Ballot] = {}
    problems: list[str] = []
    for file in sorted((Path(folder) / VOTES).glob("*.jsonl")):
        ballot = ballots.setdefault(file.stem, {})
        rows: dict[str, int] = {}
        try:
            annotator_file(folder, file.stem)
        except InputError as error:
            problems.append(f"{file}: {error}")
        for row in read_table(file):
            claim = str(row.values.get("claim"))
            try:
                if row.error:
                    raise InputError(row.error)
                if claim in rows:
                    raise InputError(f"claim {claim} stands in row {rows[claim]} already; one row a claim")
                ballot.update(_claim_votes(claim, row.values, by_claim, lengths))
                rows[claim] = row.number
            except InputError as error:
                problems.append(f"{file}, row {row.number}: {error}")
    return ballots, problems


def votes_by_pair(ballots: Mapping[str, Ballot]) -> dict[str, list[Vote]]:
    """Return the votes on every pair, annotators in the order of their names."""
    votes: dict[str, list[Vote]] = {}
    for name in sorted(ballots):
        for pair, vote in ballots[name].items():
            votes.setdefault(pair, []).append(vote)
    return votes


def write_votes(folder: str | Path, annotator: str, ballot: Ballot, pair_ids: Iterable[str]) -> Path:
    """Write the votes of one annotator and return the file; claims without a vote are left out.

    Parameters
    ----------
    folder : str or Path
        A corpus folder.
    annotator : str
    ballot : dict of str to Vote
    pair_ids : iterable of str
        Every pair of the corpus, in its order.
    """
    file = annotator_file(folder, annotator)
    file.parent.mkdir(exist_ok=True)
    rows = []
    for claim, pairs in _by_claim(pair_ids).items():
        votes = {key: ballot[f"{claim}/{key}"] for key in pairs if f"{claim}/{key}" in ballot}
        if votes:
            rows.append(
                {
                    "claim": claim,
                    "labels": "".join(_letter(votes.get(key)) for key in pairs),
                    "voices": {key: list(v.voice) for key, v in votes.items() if v.voice is not None},
                    "related": [key for key, vote in votes.items() if vote.related],
                    "notes": {key: vote.note for key, vote in votes.items() if vote.note},
                }
            )
    write_table(file, rows, FIELDS)
    return file


def annotator_file(folder: str | Path, annotator: str) -> Path:
    """Return where the votes of an annotator are kept.

    Raises
    ------
    InputError
        If the name cannot be a file name, or means something else here.
    """
    is_plain = bool(annotator) and all(c.isalnum() or c in "-_.@+" for c in annotator)
    if not is_plain or annotator.startswith(".") or annotator in RESERVED:
        raise InputError(
            f"annotator {annotator!r:.60}: expected a name of letters, digits and - _ . @ +, other than "
            f"{' and '.join(RESERVED)}, as votes are kept in {VOTES}/NAME.jsonl; rename it"
        )
    return Path(folder) / VOTES / f"{annotator}.jsonl"


def _by_claim(pair_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the last parts of pair ids by what stands before, in order."""
    by_claim: dict[str, list[str]] = {}
    for pair_id in pair_ids:
        claim, _, key = pair_id.rpartition("/")
        by_claim.setdefault(claim, []).append(key)
    return by_claim


def _claim_votes(
    claim: str, values: Mapping[str, Any], by_claim: Mapping[str, list[str]], lengths: Mapping[str, int]
) -> Ballot:
    if claim not in by_claim:
        raise InputError(f"claim is {claim!r:.60}; expected the id of a claim of the corpus")
    pairs = by_claim[claim]
    labels = values.get("labels")
    if not isinstance(labels, str) or len(labels) != len(pairs) or not set(labels) <= set(LETTERS):
        raise InputError(f"labels is {labels!r:.60}; expected {len(pairs)} letters of {', '.join(LETTERS)}")
    voices, related, notes = _details(values, dict(zip(pairs, labels, strict=True)))
    votes: Ballot = {}
    for letter, key in zip(labels, pairs, strict=True):
        label, pair_id = LETTERS[letter], f"{claim}/{key}"
        if label is not None:
            voice = checked_voice(voices.get(key), label, lengths[pair_id])
            votes[pair_id] = Vote(label, voice, key in related, notes.get(key, ""))
    return votes


def _details(
    values: Mapping[str, Any], letters: Mapping[str, str]
) -> tuple[dict[str, Any], list[str], dict[str, str]]:
    """Return voices, related and notes of one row, each about a pair with a vote."""
    voices: Any = values.get("voices") or {}
    related: Any = values.get("related") or []
    notes: Any = values.get("notes") or {}
    if not isinstance(voices, dict):
        raise InputError(f"voices is {voices!r:.60}; expected an object of [start, end] by sentence")
    if not isinstance(related, list) or not all(isinstance(key, str) for key in related):
        raise InputError(f"related is {related!r:.60}; expected a list of sentences")
    if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
        raise InputError(f"notes is {notes!r:.60}; expected an object of texts by sentence")
    for key in (*voices, *related, *notes):
        if letters.get(key, "-") == "-":
            raise InputError(f"{key!r:.60} is no sentence with a vote of this row; remove what is said of it")
    return voices, related, notes


def checked_voice(voice: object, label: Label, length: int) -> Voice:
    """Return a voice as it is kept in a vote, or refuse it.

    Raises
    ------
    InputError
        If it is no span of a sentence of so many characters, or belongs to a neutral pair.
    """
    if voice is None:
        return None
    if label is Label.NEUTRAL:
        raise InputError(f"voice is {voice!r:.60}, but the label is neutral; nobody takes a side there")
    if voice in ([], ()):
        return ()
    if (
        isinstance(voice, list | tuple)
        and len(voice) == 2
        and all(type(place) is int for place in voice)
        and 0 <= voice[0] < voice[1] <= length
    ):
        return voice[0], voice[1]
    raise InputError(f"voice is {voice!r:.60}; expected [start, end] within the {length} characters, or []")


def _letter(vote: Vote | None) -> str:
    return next(letter for letter, label in LETTERS.items() if label is (vote and vote.label))
