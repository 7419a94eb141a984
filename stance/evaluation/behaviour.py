"""Behaviour: nearly identical pairs whose labels differ for one reason, and noise that must change nothing.

A model that labels single pairs well may still do so for the wrong reason. In a *minimal set* the pairs
differ in one thing, and a model passes only where it labels every one of them right (after CheckList,
Ribeiro et al. 2020, and contrast sets, Gardner et al. 2020).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stance.corpus.examples import parse_label
from stance.errors import InputError
from stance.schema import LABELS, Label, Predictor
from stance.tables import read_table

CASES = Path("data/behaviour/cases.jsonl")
"""Where a clone of the project keeps its minimal sets."""


class CaseRow(NamedTuple):
    """One pair of a minimal set."""

    case: str
    capability: str
    claim: str
    sentence: str
    label: Label


def _straight(text: str) -> str:
    return text.translate(str.maketrans("“”‘’–—", "\"\"''--"))


def _curly(text: str) -> str:
    out = []
    for place, sign in enumerate(text):
        opens = place == 0 or text[place - 1].isspace() or text[place - 1] in "(["
        out.append({'"': "“" if opens else "”", "'": "‘" if opens else "’"}.get(sign, sign))
    return "".join(out)


NOISE: Mapping[str, Callable[[str], str]] = {
    "curly quotation marks": _curly,
    "straight quotation marks and hyphens": _straight,
    "long dashes": lambda text: text.replace(" - ", " — ").replace(" – ", " — "),
    "decomposed letters (NFD)": lambda text: unicodedata.normalize("NFD", text),
    "composed letters (NFC)": lambda text: unicodedata.normalize("NFC", text),
    "capitals": str.upper,
    "space at the end": lambda text: text + " ",
    "two spaces between words": lambda text: text.replace(" ", "  "),
}
"""Changes of typography by their name; none changes what a text says."""


def read_cases(file: str | Path) -> list[CaseRow]:
    """Read minimal sets: a table with ``case``, ``capability``, ``claim``, ``sentence`` and ``label``.

    Raises
    ------
    InputError
        Names file and row of whatever cannot be used, and sets of a single pair.
    """
    rows = []
    for row in read_table(Path(file), ("case", "capability", "claim", "sentence", "label")):
        where = f"{str(file)!r}, row {row.number}"
        if row.error:
            raise InputError(f"{where}: {row.error}; mend the row or remove it")
        texts = {name: row.values.get(name) for name in ("case", "capability", "claim", "sentence")}
        for name, text in texts.items():
            if not isinstance(text, str) or not text.strip():
                raise InputError(f"{where}: {name} is {text!r:.40}; expected a text")
        rows.append(CaseRow(**texts, label=parse_label(row.values.get("label"), where)))  # type: ignore[arg-type]
    sizes = {row.case: sum(other.case == row.case for other in rows) for row in rows}
    single = [case for case, size in sizes.items() if size < 2]
    if single or not rows:
        what = f"the set {single[0]!r} has one pair" if single else "there is no pair"
        raise InputError(f"{str(file)!r}: {what}; expected sets of at least two")
    return rows


def behaviour_scores(predictor: Predictor, rows: Sequence[CaseRow]) -> dict[str, Any]:
    """Score minimal sets by capability, and what typographic noise does to their pairs.

    Parameters
    ----------
    predictor : Predictor
    rows : sequence of CaseRow

    Returns
    -------
    dict
        ``capabilities``: by name (and ``"all"``) ``pairs``, ``accuracy``, ``cases`` and ``consistency``,
        the share of sets whose pairs are all right. ``noise``: by name the share of pairs whose label
        ``changed`` and the ``largest_shift`` of a probability. ``failures``: every pair labelled wrong.
    """
    pairs = [(row.claim, row.sentence) for row in rows]
    plain = predictor.predict_proba(pairs)
    predicted = [LABELS[i] for i in plain.argmax(axis=1)]
    right = [label is row.label for label, row in zip(predicted, rows, strict=True)]
    capabilities = {
        name: _capability(rows, right, name) for name in dict.fromkeys(r.capability for r in rows)
    }
    noise = {}
    for name, change in NOISE.items():
        noisy = predictor.predict_proba([(change(claim), change(sentence)) for claim, sentence in pairs])
        noise[name] = {
            "changed": float(np.mean(noisy.argmax(axis=1) != plain.argmax(axis=1))),
            "largest_shift": float(np.abs(noisy - plain).max()),
        }
    return {
        "capabilities": {**capabilities, "all": _capability(rows, right, None)},
        "noise": noise,
        "failures": [
            {**row._asdict(), "label": row.label.value, "predicted": label.value}
            for row, label, fine in zip(rows, predicted, right, strict=True)
            if not fine
        ],
    }


def _capability(rows: Sequence[CaseRow], right: Sequence[bool], name: str | None) -> dict[str, float]:
    outcomes: dict[str, list[bool]] = {}
    for row, fine in zip(rows, right, strict=True):
        if name in (None, row.capability):
            outcomes.setdefault(row.case, []).append(fine)
    flat = [fine for case in outcomes.values() for fine in case]
    return {
        "pairs": len(flat),
        "accuracy": sum(flat) / len(flat),
        "cases": len(outcomes),
        "consistency": sum(map(all, outcomes.values())) / len(outcomes),
    }
