"""The weighted score of the Fake News Challenge."""

from __future__ import annotations

import pytest
from stance.errors import InputError
from stance.evaluation.fnc import FNC_LABELS, fnc_score


def test_points_are_those_of_the_organisers() -> None:
    references = ["unrelated", "unrelated", "agree", "disagree", "discuss"]
    assert fnc_score(references, references) == 1
    predictions = ["unrelated", "agree", "agree", "agree", "unrelated"]
    assert fnc_score(references, predictions) == pytest.approx((0.25 + 0 + 1 + 0.25 + 0) / (2 * 0.25 + 3))


@pytest.mark.parametrize("label", FNC_LABELS)
def test_calling_everything_unrelated_scores_the_unrelated_quarter(label: str) -> None:
    assert fnc_score([label], ["unrelated"]) == (label == "unrelated")


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="unknown label 'supports'; expected one of agree"):
        fnc_score(["agree"], ["supports"])
    with pytest.raises(InputError, match="2 references and 1 predictions"):
        fnc_score(["agree", "agree"], ["agree"])
