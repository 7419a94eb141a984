"""What a classifier may be asked, and how anything else is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from stance.errors import InputError

ABSTAIN = "abstain"
"""Given instead of a label where the model is not sure enough."""

RISKS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
"""Risks for which a trained checkpoint records the least confidence that keeps to them."""


def check_pairs(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs as a list of tuples, or refuse the first that is not two texts.

    Raises
    ------
    InputError
        Names the index of the pair, what was given and what was expected.
    """
    if isinstance(pairs, str):
        raise InputError(f"pairs is the text {pairs[:40]!r}; expected a sequence of (claim, sentence)")
    if not isinstance(pairs, Iterable):
        raise InputError(f"pairs is {pairs!r:.40}; expected a sequence of (claim, sentence)")
    checked = []
    for index, pair in enumerate(pairs):
        problem = pair_problem(*pair) if _is_two(pair) else f"is {pair!r:.60}; expected (claim, sentence)"
        if problem:
            raise InputError(f"pair {index}: {problem}")
        checked.append((pair[0], pair[1]))
    return checked


def pair_problem(claim: object, sentence: object) -> str:
    """Say why a pair cannot be classified; empty when it can."""
    for name, text in (("claim", claim), ("sentence", sentence)):
        if not isinstance(text, str):
            return f"{name} is {text!r:.40} ({type(text).__name__}); expected a text"
        if not text.strip():
            return f"{name} is empty; expected a text"
        if not text.isascii() and _has_surrogate(text):
            return f"{name} holds a lone surrogate, which is no valid text; decode it as UTF-8"
    return ""


def answerable(predictor: object, pairs: Sequence[tuple[str, str]]) -> list[int]:
    """Return the places of the pairs in which the predictor's ``pair_problem``, if it has one, finds none."""
    problem_of = getattr(predictor, "pair_problem", None)
    return [i for i, pair in enumerate(pairs) if problem_of is None or not problem_of(*pair)]


def check_batch_size(batch_size: int | None) -> None:
    """Refuse what is no number of pairs.

    Raises
    ------
    InputError
        If it is given and no whole number of at least 1.
    """
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise InputError(f"batch_size is {batch_size!r}; expected a whole number of at least 1")


def least_confidence(
    min_confidence: float | None, max_risk: float | None, recorded: Mapping[float, float]
) -> float:
    """Return how probable a label has to be, or else the classifier abstains.

    Parameters
    ----------
    min_confidence, max_risk : float, optional
        One of them at most; without both it is 0.
    recorded : mapping of float to float
        The least confidence for every risk that the checkpoint knows.

    Raises
    ------
    InputError
        If both are given, the confidence is none, or the risk is not recorded.
    """
    if max_risk is None:
        least = 0.0 if min_confidence is None else min_confidence
        if not isinstance(least, int | float) or not 0 <= least <= 1:
            raise InputError(f"min_confidence is {least!r:.40}; expected a probability, 0 to 1")
        return least
    if min_confidence is not None:
        raise InputError(
            f"min_confidence is {min_confidence} and max_risk {max_risk}; give one of them, the other "
            "follows from it"
        )
    if isinstance(max_risk, int | float) and max_risk in recorded:
        return recorded[max_risk]
    risks = ", ".join(map(str, recorded))
    known = f"expected one of {risks}" if risks else "this checkpoint records no risks"
    raise InputError(f"max_risk is {max_risk!r:.40}; {known}; or give min_confidence instead")


def _is_two(pair: object) -> bool:
    return isinstance(pair, tuple | list) and len(pair) == 2


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
