"""Mixing training data: repeats, balance, duplicates out, nothing of an evaluation set in."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stance.corpus.examples import Example
from stance.errors import InputError
from stance.schema import Label

TextPair = tuple[str, str]

TRIES = 20
"""How often a pair is drawn for one that is wanted, before there are taken to be no more."""

WORDS_OF_A_GIVEAWAY = 5
"""A claim of at least so many words that stands in an evaluation set is kept out of training."""


@dataclass(frozen=True, slots=True)
class Part:
    """One ingredient of a mixture.

    Attributes
    ----------
    examples : sequence of Example
    repeat : int
        How often every example is seen in one epoch.
    max_rows : int, optional
        Cap, drawn at random.
    neutral_share : float
        Largest share of neutral pairs; related ones are kept first.
    unrelated : int
        Random pairs (a claim against a sentence of another group: neutral) made from this part.
    crossed : int
        Random pairs of two texts of one group that have no label, made from this part for teachers.
    """

    examples: Sequence[Example]
    repeat: int = 1
    max_rows: int | None = None
    neutral_share: float = 1.0
    unrelated: int = 0
    crossed: int = 0


@dataclass(frozen=True, slots=True)
class Mixture:
    """Mixed examples, how many were left out and why, and pairs without a label."""

    examples: list[Example]
    dropped: dict[str, int]
    unlabelled: list[TextPair]


def mix(parts: Iterable[Part], held_out: Iterable[Example], *, seed: int) -> Mixture:
    """Mix parts into one shuffled list.

    An example is left out if it repeats another of its part or of the mixture, whichever label that
    has, or if its pair or its claim is in ``held_out``. What ``neutral_share`` or ``max_rows`` leave
    out of one part may come from a later one.

    Parameters
    ----------
    parts : iterable of Part
    held_out : iterable of Example
        Every validation and test example.
    seed : int
        Decides caps, random pairs and order.
    """
    rng = random.Random(seed)
    forbidden = HeldOut(held_out)
    dropped: Counter[str] = Counter()
    seen: dict[TextPair, Label] = {}
    labelled: set[TextPair] = set()  # also what was labelled and not chosen
    examples: list[Example] = []
    unrelated: list[Example] = []
    to_cross: list[tuple[list[Example], int]] = []
    for part in parts:
        own: dict[TextPair, Example] = {}
        for example in part.examples:
            key = _key(example)
            if forbidden.holds(*key):
                dropped["in a held-out set"] += 1
            elif key in seen or key in own:
                label = seen[key] if key in seen else own[key].label
                dropped["duplicate" if label == example.label else "contradictory duplicate"] += 1
            else:
                own[key] = example
        clean = list(own.values())
        labelled |= own.keys()
        chosen = balance(clean, part.neutral_share, rng)
        if part.max_rows is not None and len(chosen) > part.max_rows:
            chosen = rng.sample(chosen, part.max_rows)
        kept = set(chosen)
        seen |= {key: example.label for key, example in own.items() if example in kept}
        examples += chosen * part.repeat
        unrelated += unrelated_pairs(clean, part.unrelated, rng) * part.repeat
        to_cross.append((clean, part.crossed))

    def is_free(claim: str, sentence: str) -> bool:
        key = normalised(claim), normalised(sentence)
        return key not in labelled and not forbidden.holds(*key)

    examples += [pair for pair in unrelated if is_free(pair.claim, pair.sentence)]
    rng.shuffle(examples)
    crossed = [crossed_pairs(clean, count, rng, is_free) for clean, count in to_cross]
    return Mixture(examples, dict(dropped), [pair for pairs in crossed for pair in pairs])


class HeldOut:
    """What must not be trained on: the pairs of evaluation sets, and their longer claims."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self._pairs: set[tuple[str, str]] = set()
        self._claims: set[str] = set()
        for example in examples:
            claim, sentence = normalised(example.claim), normalised(example.sentence)
            self._pairs.add((claim, sentence))
            if len(claim.split()) >= WORDS_OF_A_GIVEAWAY:
                self._claims.add(claim)

    def holds(self, claim: str, sentence: str) -> bool:
        """Whether a normalised pair would leak."""
        return (claim, sentence) in self._pairs or claim in self._claims


def balance(examples: Sequence[Example], neutral_share: float, rng: random.Random) -> list[Example]:
    """Thin out neutral examples to at most ``neutral_share`` of all; related ones are kept first."""
    neutral = [example for example in examples if example.label is Label.NEUTRAL]
    others = [example for example in examples if example.label is not Label.NEUTRAL]
    if neutral_share >= 1.0 or not others:
        return list(examples)
    room = round(len(others) * neutral_share / (1.0 - neutral_share))
    rng.shuffle(neutral)
    neutral.sort(key=lambda example: not example.related)  # stable: random within each kind
    return others + neutral[:room]


def unrelated_pairs(examples: Sequence[Example], count: int, rng: random.Random) -> list[Example]:
    """Pair claims with sentences of other groups: neutral by construction."""
    if count and len({example.group for example in examples}) < 2:
        raise InputError(f"unrelated = {count} needs data of at least two groups (claims, events)")
    pairs: list[Example] = []
    while len(pairs) < count:
        left, right = rng.choice(examples), rng.choice(examples)
        if left.group != right.group:
            pairs.append(Example(left.claim, right.sentence, Label.NEUTRAL, left.group, False, left.source))
    return pairs


def crossed_pairs(
    examples: Sequence[Example], count: int, rng: random.Random, is_free: Callable[[str, str], bool]
) -> list[TextPair]:
    """Pair different texts of one group, whichever they are: nobody has said what one says to the other."""
    texts: dict[str, dict[str, None]] = {}
    for example in examples:
        texts.setdefault(example.group, {}).update({example.claim: None, example.sentence: None})
    choices = {group: list(found) for group, found in texts.items() if len(found) > 1}
    groups = [example.group for example in examples if example.group in choices]
    if count and not groups:
        raise InputError(f"crossed = {count} needs data with groups (claims, events) of several texts")
    pairs: dict[TextPair, None] = {}
    for _ in range(TRIES * count):
        if len(pairs) == count:
            break
        claim, sentence = rng.sample(choices[rng.choice(groups)], 2)
        if is_free(claim, sentence):
            pairs[claim, sentence] = None
    return list(pairs)


def normalised(text: str) -> str:
    """Fold case, Unicode form, punctuation and space, so that near-identical texts compare equal."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(re.findall(r"\w+", folded))


def _key(example: Example) -> tuple[str, str]:
    return normalised(example.claim), normalised(example.sentence)
