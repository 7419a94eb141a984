"""What an evaluation leaves on disk, and what is computed from it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from stance.corpus.examples import Example
from stance.errors import InputError
from stance.evaluation.harness import EvaluationReport, report_of
from stance.evaluation.metrics import FAILED
from stance.evaluation.voices import voice_scores
from stance.evaluation.writing import (
    PREDICTION_COLUMNS,
    markdown,
    read_predictions,
    voices_line,
    write_evaluation,
)
from stance.schema import LABELS, Label, Prediction
from stance.tables import read_table, write_table

from strategies import tricky_texts, unicode_texts

COUNT = 120


class Telling:
    """Says that the outlet itself denies everything."""

    def classify_pairs(self, pairs: Sequence[tuple[str, str]], /) -> list[Prediction]:
        return [Prediction(Label.DENIES, {Label.DENIES: 1.0}, voice="") for _ in pairs]


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    rng = np.random.default_rng(3)
    examples = [
        Example(
            f"claim <b>{i}</b>", f"sentence {i}, “x”", LABELS[i % 3], f"event {i // 4}", i % 5 > 0, "set",
            (("outlet", "ab"[i % 2]), ("domain", "war, security")),
        )
        for i in range(COUNT)
    ]  # fmt: skip
    probabilities = rng.dirichlet([2, 1, 1], size=COUNT)
    probabilities[7] = np.nan
    controls = {"majority": np.tile([0.2, 0.2, 0.6], (COUNT, 1))}
    made = report_of(examples, probabilities, "invented", temperature=1.5)
    others = {name: report_of(examples, one).metrics["all"] for name, one in controls.items()}
    return EvaluationReport(made.name, made.metrics, made.predictions, made.slices, others, made.about)


def test_everything_is_written(report: EvaluationReport, tmp_path: Path) -> None:
    names = write_evaluation(report, tmp_path / "deep")
    assert sorted(file.name for file in (tmp_path / "deep").iterdir()) == sorted(names)
    assert json.loads((tmp_path / "deep" / "report.json").read_text(encoding="utf-8")) == report.to_dict()
    page = (tmp_path / "deep" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 4
    assert "claim &lt;b&gt;" in page
    assert "<b>7</b>" not in page
    assert "majority" in page
    assert "http" not in page
    assert (tmp_path / "deep" / "report.md").read_text(encoding="utf-8") == markdown(report)


def test_the_voices_of_a_model_that_tells_them_are_reported(report: EvaluationReport, tmp_path: Path) -> None:
    named = {"pairs": 40, "exact": 0.7, "token_f1": 0.8}
    voices = {"sides": 90, "pairs": 60, "exact": 0.75, "token_f1": 0.85, "named": named}
    told = replace(report, about={**report.about, "voices": voices})
    write_evaluation(told, tmp_path)
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "60 have the right label; of their voices 75.0% are the very span" in text
    assert "Voices" not in markdown(report)


def test_a_side_whose_claim_is_too_long_is_one_that_was_not_found() -> None:
    class Picky(Telling):
        def pair_problem(self, claim: str, sentence: str) -> str:
            return "claim is too long" if claim == "long" else ""

        def classify_pairs(self, pairs: Sequence[tuple[str, str]], /) -> list[Prediction]:
            assert not any(self.pair_problem(*pair) for pair in pairs)
            return super().classify_pairs(pairs)

    examples = [Example(claim, "No.", Label.DENIES, voice=(0, 0)) for claim in ("long", "c")]
    told = voice_scores(Picky(), examples)
    assert told is not None
    assert (told["sides"], told["pairs"], told["exact"]) == (2, 1, 1)


def test_where_no_voice_is_named_nothing_is_said_of_named_ones() -> None:
    examples = [Example("c", "He denied it.", Label.DENIES, voice=(0, 0))]
    told = voice_scores(Telling(), examples)
    assert told is not None
    assert voices_line(told) == (
        "Of 1 pairs with a side, 1 have the right label; of their voices 100.0% are the very span, with a "
        "token-F1 of 1.000."
    )


def test_scores_can_be_computed_from_the_predictions_alone(report: EvaluationReport, tmp_path: Path) -> None:
    write_evaluation(report, tmp_path)
    again = report_of(*read_predictions(tmp_path / "predictions.parquet"), "invented", temperature=1.5)
    assert again.metrics == report.metrics
    assert again.slices == report.slices
    assert again.about == report.about
    assert again.predictions == report.predictions


facets = st.lists(st.tuples(unicode_texts | tricky_texts, unicode_texts | tricky_texts), max_size=4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(facets.map(tuple), min_size=1, max_size=6))
def test_facets_of_any_text_come_back(tmp_path: Path, told: list[tuple[tuple[str, str], ...]]) -> None:
    examples = [Example("claim", "sentence", Label.DENIES, f"{i}", facets=one) for i, one in enumerate(told)]
    file = tmp_path / "predictions.parquet"
    write_table(file, report_of(examples, np.eye(3)[[1] * len(told)]).predictions, PREDICTION_COLUMNS)
    assert [example.facets for example in read_predictions(file)[0]] == told


def test_outlets_with_the_marks_of_a_list_are_slices_of_their_own(tmp_path: Path) -> None:
    outlets = ("News; Radio A", "News; Radio B")
    examples = [
        Example(f"claim {i}", "sentence", LABELS[i % 3], f"{i}", facets=(("outlet", outlets[i % 2]),))
        for i in range(COUNT)
    ]
    made = report_of(examples, np.eye(3)[[i % 3 for i in range(COUNT)]])
    file = tmp_path / "predictions.parquet"
    write_table(file, made.predictions, PREDICTION_COLUMNS)
    again = report_of(*read_predictions(file))
    assert again.slices == made.slices
    assert {one["value"] for one in again.slices if one["facet"] == "outlet"} == {*outlets}


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("outlet=The Post; domain=war, security", (("outlet", "The Post"), ("domain", "war, security"))),
        ("", ()),
        (None, ()),
    ],
)
def test_the_facets_of_earlier_versions_are_read(
    report: EvaluationReport, tmp_path: Path, text: str | None, known: tuple[tuple[str, str], ...]
) -> None:
    file = tmp_path / "predictions.parquet"
    write_table(file, [{**report.predictions[0], "facets": text}], PREDICTION_COLUMNS)
    assert read_predictions(file)[0][0].facets == known


def test_the_text_names_controls_and_slices(report: EvaluationReport) -> None:
    text = markdown(report)
    assert "| majority |" in text
    assert "| outlet: a |" in text or "| outlet: b |" in text
    assert text.startswith("# Evaluation: invented\n")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"supports": None}, r"row 2: supports, denies and neutral are \[None"),
        ({"supports": float("nan")}, "row 2: supports, denies and neutral are"),
        ({"supports": 0.9, "denies": 0.9, "neutral": 0.9}, "expected probabilities that sum to 1"),
        ({"reference": "maybe"}, "row 2: label is 'maybe'; expected one of supports"),
        ({"facets": '[["outlet"'}, r"row 2: facets is '\[\[\"outlet\"'; expected a JSON list"),
        ({"facets": "[1]"}, r"row 2: facets is '\[1\]'; expected a JSON list"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(
    report: EvaluationReport, tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    rows = [dict(row) for row in report.predictions[:3]]
    rows[1].update(change)
    file = tmp_path / "predictions.parquet"
    write_table(file, rows, PREDICTION_COLUMNS)
    with pytest.raises(InputError, match=problem):
        read_predictions(file)


def test_a_failed_prediction_stays_one(report: EvaluationReport, tmp_path: Path) -> None:
    write_evaluation(report, tmp_path)
    _, probabilities = read_predictions(tmp_path / "predictions.parquet")
    assert np.flatnonzero(np.isnan(probabilities).any(axis=1)).tolist() == [7]
    labels = [row.values["label"] for row in read_table(tmp_path / "predictions.parquet", PREDICTION_COLUMNS)]
    assert labels[7] == FAILED
    assert labels.count(FAILED) == 1
