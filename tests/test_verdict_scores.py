"""Verdicts of articles, scored against the labels of their sentences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance.check import check_article
from stance.corpus.examples import Example
from stance.evaluation.harness import report_of
from stance.evaluation.verdicts import VERDICTS, article_cells, verdict_scores, verdicts_of_report
from stance.schema import LABELS, Article, Label, Sentence
from stance.testing import KeywordClassifier

from conftest import KREMLIN_CALL, NEWSROOM, examples_of

S, D, N = LABELS


def example(label: Label, article: str = "a", kind: str = "content", group: str = "g") -> Example:
    facets = (("article", article), ("kind of sentence", kind))
    return Example("claim", "sentence", label, group=group, facets=facets)


def certain(labels: list[Label], p: float = 0.9) -> np.ndarray:
    return np.array([[p if one is label else (1 - p) / 2 for one in LABELS] for label in labels])


def verdicts(examples: list[Example], given_: list[Label], p: float = 0.9) -> list[tuple[str, str]]:
    return [(cell.truth.value, cell.given.value) for cell in article_cells(examples, certain(given_, p))]


@pytest.mark.parametrize(
    ("labels", "given_", "p", "expected"),
    [
        ([S, N], [S, N], 0.9, ("supports", "supports")),
        ([S, D], [S, N], 0.9, ("disputed", "supports")),
        ([N, N], [N, D], 0.9, ("neutral", "denies")),
        ([D, N], [D, N], 0.59, ("denies", "neutral")),
        ([D, N], [D, N], 0.6, ("denies", "denies")),
    ],
)
def test_a_verdict_follows_from_labels_and_from_sure_predictions(
    labels: list[Label], given_: list[Label], p: float, expected: tuple[str, str]
) -> None:
    assert verdicts([example(label) for label in labels], given_, p) == [expected]


def test_articles_are_told_apart_and_boilerplate_is_passed_over() -> None:
    examples = [example(S, "a"), example(D, "b"), example(D, "a", "related"), Example("claim", "x", D)]
    assert verdicts(examples, [S, D, D, D]) == [("supports", "supports"), ("denies", "denies")]


def test_a_prediction_that_failed_takes_no_side() -> None:
    (cell,) = article_cells([example(S)], np.full((1, 3), np.nan))
    assert cell.given.value == "neutral"


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["They met.", "He denied it.", "It rained."]), min_size=1, max_size=6))
def test_the_rule_is_that_of_a_check(sentences: list[str]) -> None:
    classifier = KeywordClassifier({"met": S, "denied": D})
    article = Article("-", sentences=tuple(Sentence(text, 0, len(text)) for text in sentences))
    examples = [example(label) for label in classifier.predict([("claim", text) for text in sentences])]
    rows = classifier.predict_proba([("claim", text) for text in sentences])
    verdict = check_article(classifier, "claim", article).verdict
    assert [(cell.truth, cell.given) for cell in article_cells(examples, rows)] == [(verdict, verdict)]


def test_scores_are_those_of_the_confusion() -> None:
    truth = [S, S, D, N, N, N]
    given_ = [S, N, D, N, N, D]
    examples = [example(label, str(i), group=str(i % 3)) for i, label in enumerate(truth)]
    scores = verdict_scores(article_cells(examples, certain(given_)), samples=200)
    assert (scores["n"], scores["clusters"], scores["accuracy"]) == (6, 3, pytest.approx(4 / 6))
    assert scores["verdicts"] == [verdict.value for verdict in VERDICTS]
    assert scores["confusion"] == [[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0], [0, 1, 0, 2]]
    assert scores["f1"] == pytest.approx(
        {"supports": 2 / 3, "denies": 2 / 3, "disputed": 0, "neutral": 2 / 3}
    )
    assert scores["macro_f1"] == pytest.approx(0.5)
    for name in ("accuracy", "macro_f1"):
        low, high = scores["interval"][name]
        assert low <= scores[name] <= high
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


@pytest.mark.parametrize(("folder", "some"), [(KREMLIN_CALL, 27 * 5), (NEWSROOM, 100)])
def test_the_corpora_tell_articles_apart(folder: Path, some: int) -> None:
    examples = examples_of(folder, "test")
    report = report_of(examples, certain([one.label for one in examples]))
    scores = verdicts_of_report(report.predictions, examples)
    assert scores["n"] >= some
    assert scores["accuracy"] == 1.0


def test_pairs_without_articles_have_no_verdicts() -> None:
    examples = [Example("claim", "x", S)]
    assert verdicts_of_report(report_of(examples, certain([S])).predictions, examples) == {}
