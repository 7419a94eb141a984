"""The weighted score of the Fake News Challenge, stage 1 (FNC-1, 2017)."""

from __future__ import annotations

from collections.abc import Sequence

from stance.errors import InputError

FNC_LABELS = ("agree", "disagree", "discuss", "unrelated")


def fnc_score(references: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the share of the attainable points, 0 to 1.

    A quarter point for telling related from unrelated, three quarters more for the right one of
    *agree*, *disagree* and *discuss*, as the organisers' scorer counts.

    Parameters
    ----------
    references, predictions : sequence of str
        Names out of ``FNC_LABELS``, of equal length.

    Raises
    ------
    InputError
        If the lengths differ, nothing is given or a label is unknown.
    """
    if len(references) != len(predictions) or not references:
        raise InputError(
            f"{len(references)} references and {len(predictions)} predictions; expected the same number, "
            "at least one"
        )
    unknown = {*references, *predictions} - set(FNC_LABELS)
    if unknown:
        raise InputError(f"unknown label {min(unknown)!r}; expected one of {', '.join(FNC_LABELS)}")
    best = sum(_points(reference, reference) for reference in references)
    return sum(map(_points, references, predictions)) / best


def _points(reference: str, prediction: str) -> float:
    if reference == "unrelated" or prediction == "unrelated":
        return 0.25 if reference == prediction else 0.0
    return 1.0 if reference == prediction else 0.25
