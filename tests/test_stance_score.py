"""StanceScore: an evaluate.Metric that needs no network."""

from __future__ import annotations

import evaluate
import numpy as np
import pytest
from stance.errors import InputError
from stance.evaluation.metrics import classification_metrics
from stance.evaluation.stance_score import StanceScore
from stance.schema import LABELS, Label

REFERENCES = ["supports", "denies", "denies", "neutral", "neutral"]
PREDICTIONS = ["supports", "denies", "neutral", "neutral", "denies"]
NUMBER = {label.value: number for number, label in enumerate(LABELS)}


def expected() -> dict[str, float]:
    metrics = classification_metrics(REFERENCES, PREDICTIONS)
    scores = {name: metrics[name] for name in ("macro_f1", "denies_f1", "accuracy")}
    for label, values in metrics["per_class"].items():
        scores |= {f"{label}_{name}": value for name, value in values.items()}
    return scores


def numbers(names: list[str]) -> list[int]:
    return [NUMBER[name] for name in names]


def test_names_give_the_metrics_of_the_package() -> None:
    assert StanceScore().compute(predictions=PREDICTIONS, references=REFERENCES) == expected()


@pytest.mark.parametrize("kind", [list, np.array, tuple], ids=["list", "array", "tuple"])
def test_numbers_count_in_the_fixed_order(kind: type) -> None:
    scores = StanceScore().compute(
        predictions=kind(numbers(PREDICTIONS)), references=kind(numbers(REFERENCES))
    )
    assert scores == expected()


def test_label_members_are_names() -> None:
    scores = StanceScore().compute(
        predictions=[Label(name) for name in PREDICTIONS], references=[Label(name) for name in REFERENCES]
    )
    assert scores == expected()


def test_pairs_may_be_added_one_by_one_and_in_batches() -> None:
    single, batched = StanceScore(), StanceScore()
    for prediction, reference in zip(PREDICTIONS, REFERENCES, strict=True):
        single.add(prediction=prediction, reference=reference)
    batched.add_batch(predictions=PREDICTIONS[:2], references=REFERENCES[:2])
    batched.add_batch(predictions=PREDICTIONS[2:], references=REFERENCES[2:])
    assert single.compute() == batched.compute() == expected()


def test_one_metric_may_be_computed_again_and_again() -> None:
    score = StanceScore()
    first = score.compute(predictions=PREDICTIONS, references=REFERENCES)
    score.compute(predictions=["denies"], references=["denies"])
    assert score.compute(predictions=PREDICTIONS, references=REFERENCES) == first


@pytest.mark.parametrize("given", [(PREDICTIONS, REFERENCES), (numbers(PREDICTIONS), numbers(REFERENCES))])
def test_it_works_inside_evaluate_combine(given: tuple[list[str], list[str]]) -> None:
    class Agreement(evaluate.Metric):  # type: ignore[misc]
        """A neighbour in the combination, of another result."""

        def _info(self) -> evaluate.MetricInfo:
            return StanceScore()._info()

        def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float]:
            return {
                "agreement": float(np.mean([p == r for p, r in zip(predictions, references, strict=True)]))
            }

    both = evaluate.combine([StanceScore(), Agreement(keep_in_memory=True)])
    scores = both.compute(predictions=given[0], references=given[1])
    assert scores["agreement"] == scores["accuracy"] == 0.6
    assert scores.items() >= expected().items()


@pytest.mark.parametrize(
    ("prediction", "shown"), [("yes", "'yes'"), ("Denies", "'Denies'"), (3, "'3'"), (-1, "'-1'")]
)
def test_an_unknown_label_is_refused(prediction: str | int, shown: str) -> None:
    reference: str | int = "denies" if isinstance(prediction, str) else 0
    with pytest.raises(InputError, match=f"predictions, row 0: label is {shown}; expected one of supports"):
        StanceScore().compute(predictions=[prediction], references=[reference])


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        StanceScore().compute(predictions=[], references=[])
