"""The untuned encoder as a control."""

from __future__ import annotations

import numpy as np
import pytest
from stance.errors import DataError
from stance.schema import LABELS
from stance.train.similarity import EncoderCosine

from conftest import tiny_model

PAIRS = [
    ("they met on monday", "they met on monday"),
    ("the budget rose", "no talks took place"),
    ("they met on monday", "the envoy denied it"),
    ("the budget rose", "the budget rose to two"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base")
    for part in tiny_model():
        part.save_pretrained(folder)  # type: ignore[attr-defined]
    return str(folder)


def test_the_cosine_of_a_text_and_itself_is_1_whatever_is_embedded_beside_it(base: str) -> None:
    model = EncoderCosine(base)
    cosines = model.cosines(PAIRS)
    assert cosines.shape == (4, 2)
    np.testing.assert_allclose(cosines[0], 1, atol=1e-5)
    assert (np.abs(cosines[1:, 0]) < 0.9999).all()
    np.testing.assert_allclose(cosines[:, 1], cosines[:, 0] ** 2)
    for pair, cosine in zip(PAIRS, cosines, strict=True):
        np.testing.assert_allclose(EncoderCosine(base).cosines([pair]), [cosine], atol=1e-5)


def test_nothing_is_predicted_before_it_was_fitted(base: str) -> None:
    with pytest.raises(DataError, match=r"has not been fitted to labels; call fit\(pairs, labels\) first"):
        EncoderCosine(base).predict_proba(PAIRS)


@pytest.mark.parametrize("labels", [LABELS, LABELS[:2]], ids=["three labels", "two"])
def test_each_label_gets_its_column(base: str, labels: tuple[object, ...]) -> None:
    given = [labels[number % len(labels)] for number in range(len(PAIRS))]
    probabilities = EncoderCosine(base).fit(PAIRS, given).predict_proba(PAIRS)  # type: ignore[arg-type]
    assert probabilities.shape == (4, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert ((probabilities > 0) == [label in labels for label in LABELS]).all()
