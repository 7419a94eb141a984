"""Evaluation reports: figures and predictions tell the same, and bad predictors are refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from stance.corpus.examples import Example
from stance.errors import InputError
from stance.evaluation.calibration import untempered
from stance.evaluation.harness import evaluate_classifier, report_of
from stance.evaluation.metrics import FAILED, expected_calibration_error
from stance.evaluation.suites import evaluation_data
from stance.schema import Label
from stance.tables import write_table
from stance.testing import KeywordClassifier

from conftest import ROOT

CLASSIFIER = KeywordClassifier({"met": Label.SUPPORTS, "denied": Label.DENIES}, confidence=0.8)
EXAMPLES = [
    Example("c1", "They met. 🙂", Label.SUPPORTS, "g1", True, "s"),
    Example("c1", "He denied it.", Label.DENIES, "g1", True, "s"),
    Example("c2", 'It rained,\n"twice".', Label.NEUTRAL, "g2", False, "s"),
    Example("c2", "They met.", Label.NEUTRAL, "g2", True, "s"),
    Example("c3", "It snowed.", Label.DENIES, "g3", False, "s"),
]
METRICS = {
    *(
        "interval",
        "n",
        "failed",
        "accuracy",
        "balanced_accuracy",
        "mcc",
        "macro_f1",
        "denies_f1",
        "per_class",
    ),
    *("confusion", "log_loss", "brier", "ece", "ece_before_temperature", "reliability", "aurc"),
    *("accuracy_at_coverage", "risk_coverage"),
}


class Fixed:
    """A user's own predictor with a fixed answer."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        return self.answer  # type: ignore[return-value]


def with_cell(value: float) -> npt.NDArray[np.float64]:
    rows = np.full((5, 3), 1 / 3)
    rows[4, 2] = value
    return rows


@pytest.mark.parametrize(
    "answer",
    [
        with_cell(np.nan),
        with_cell(np.inf),
        np.full((4, 3), 1 / 3),
        np.full((6, 3), 1 / 3),
        np.full((5, 2), 1 / 2),
        np.full((5, 4), 1 / 4),
        np.full((5, 3, 1), 1 / 3),
        np.full(15, 1 / 3),
        [],
    ],
    ids=["nan", "inf", "row short", "row over", "two columns", "four columns", "3-d", "flat", "nothing"],
)
def test_probabilities_that_are_not_finite_or_of_another_shape_are_refused(answer: object) -> None:
    with pytest.raises(
        InputError,
        match=r"the predictor gave (an array of shape .*; expected .*\(5, 3\)|values that are no prob)",
    ):
        evaluate_classifier(Fixed(answer), EXAMPLES)


def test_no_example_is_refused() -> None:
    with pytest.raises(InputError, match="no labelled pair to evaluate on"):
        evaluate_classifier(CLASSIFIER, [])


def test_plain_lists_of_probabilities_are_understood() -> None:
    report = evaluate_classifier(Fixed([[1, 0, 0]] * 5), EXAMPLES)
    assert {row["label"] for row in report.predictions} == {"supports"}


def test_the_report_counts_what_was_predicted() -> None:
    report = evaluate_classifier(CLASSIFIER, EXAMPLES, "five")
    assert set(report.metrics) == {"all", "related"}
    assert set(report.metrics["all"]) == METRICS
    assert report.metrics["all"]["n"] == 5
    assert report.metrics["all"]["accuracy"] == pytest.approx(3 / 5)
    assert report.metrics["all"]["confusion"] == [[1, 0, 0], [0, 1, 1], [1, 0, 1]]


def test_related_leaves_out_the_unrelated_neutral_pairs_and_no_other() -> None:
    related = evaluate_classifier(CLASSIFIER, EXAMPLES).metrics["related"]
    assert related["n"] == 4  # the last one is not neutral: it is kept, whatever its mark
    assert related["confusion"] == [[1, 0, 0], [0, 1, 1], [1, 0, 0]]


def test_there_is_no_related_part_where_all_pairs_are_related() -> None:
    assert "related" not in evaluate_classifier(CLASSIFIER, EXAMPLES[:2]).metrics


class Picky:
    """A predictor that cannot take long claims."""

    def pair_problem(self, claim: str, sentence: str) -> str:
        return "too long" if claim == "c2" else ""

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        assert all(claim != "c2" for claim, _ in pairs)
        return CLASSIFIER.predict_proba(pairs)


def test_a_failed_prediction_counts_as_wrong_and_is_listed() -> None:
    report = evaluate_classifier(Picky(), EXAMPLES)
    metrics = report.metrics["all"]
    assert metrics["failed"] == 2
    assert metrics["accuracy"] == pytest.approx(2 / 5)
    assert metrics["per_class"]["neutral"] == {"precision": 0, "recall": 0, "f1": 0, "support": 2}
    assert [row["label"] for row in report.predictions] == ["supports", "denies", FAILED, FAILED, "neutral"]
    assert report.predictions[2]["denies"] is None


def test_calibration_is_reported_before_and_after() -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([1, 1, 1], size=len(EXAMPLES) * 40)
    examples = EXAMPLES * 40
    metrics = report_of(examples, probabilities, temperature=2.0).metrics["all"]
    correct = np.array(
        [["supports", "denies", "neutral"][i] for i in probabilities.argmax(axis=1)]
    ) == np.array([example.label.value for example in examples])
    raw = untempered(probabilities, 2.0)
    assert metrics["ece_before_temperature"] == pytest.approx(
        expected_calibration_error(raw.max(axis=1), correct)
    )
    np.testing.assert_allclose(untempered(probabilities, 1.0), probabilities, atol=1e-9)
    assert (raw.max(axis=1) >= probabilities.max(axis=1) - 1e-12).all()


def test_few_groups_and_a_control_that_is_as_good_are_said() -> None:
    perfect = np.eye(3)[[0, 1, 2, 2, 1]]
    report = evaluate_classifier(CLASSIFIER, EXAMPLES, controls={"sees little": perfect})
    assert "3 groups only" in report.about["few_clusters"]
    assert "'sees little' reaches macro-F1 1.000" in report.about["not_better_than_a_control"]
    assert report.controls["sees little"]["accuracy"] == 1
    poor = np.tile([0.2, 0.2, 0.6], (5, 1))
    many = [e._replace(group=f"{e.group} {i}") for i in range(30) for e in EXAMPLES]
    about = evaluate_classifier(CLASSIFIER, many, controls={"poor": np.tile(poor, (30, 1))}).about
    assert set(about) == {"data_sha256"}


def test_a_set_of_two_labels_is_scored_as_such_too() -> None:
    probabilities = np.array([[0.3, 0.2, 0.5], [0.1, 0.3, 0.6], [0.5, 0.4, 0.1], [0.2, 0.1, 0.7]])
    labels = [Label.SUPPORTS, Label.DENIES, Label.SUPPORTS, Label.DENIES]
    report = report_of(
        [Example(f"c{i}", "s", label, f"g{i}") for i, label in enumerate(labels)], probabilities
    )
    assert report.metrics["all"]["accuracy"] == 0.25
    binary = report.metrics["binary"]
    assert binary["accuracy"] == 0.75
    assert binary["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert "no pair is neutral: 'binary' scores which of supports and denies" in report.about["binary"]


def test_the_report_is_plain_json() -> None:
    value = evaluate_classifier(CLASSIFIER, EXAMPLES, "five").to_dict()
    assert json.loads(json.dumps(value, allow_nan=False)) == value


def pairs_file(place: Path, rows: Sequence[tuple[object, object, object]]) -> Path:
    columns = ("claim", "sentence", "label")
    write_table(place, [dict(zip(columns, row, strict=True)) for row in rows], columns)
    return place


def test_a_public_suite_is_every_table_of_the_folder_by_name(tmp_path: Path) -> None:
    pairs_file(tmp_path / "b.csv", [("c", "s", "denies")])
    pairs_file(tmp_path / "a.jsonl", [("c", "s", "neutral"), ("c", "t", None)])
    pairs_file(tmp_path / "c.parquet", [("c", "s", "supports"), ("c", "t", None)])
    (tmp_path / "README.md").write_text("no table")
    sets = evaluation_data([tmp_path], suite="public")
    assert [one.name for one in sets] == ["a", "b", "c"]
    assert [len(one.read()) for one in sets] == [1, 1, 1]


@pytest.mark.parametrize("data", [Path(__file__), ROOT / "data" / "newsroom"])
def test_a_public_suite_needs_a_folder_of_sets(data: Path) -> None:
    with pytest.raises(InputError, match="--suite public needs --data FOLDER"):
        evaluation_data([data], suite="public")


def test_a_public_suite_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no \.csv, \.jsonl, \.parquet file"):
        evaluation_data([tmp_path])


def test_data_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist; name labelled pairs with --data"):
        evaluation_data([tmp_path / "none.csv"])


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_of_a_folder_is_read_by_name(tmp_path: Path, split: str) -> None:
    for number, name in enumerate(("train", "validation", "test"), start=1):
        pairs_file(tmp_path / f"{name}.csv", [("c", "s", "denies")] * number)
    (one,) = evaluation_data([tmp_path], split)
    assert one.corpus == tmp_path
    assert len(one.read()) == ("train", "validation", "test").index(split) + 1


def test_two_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    pairs_file(tmp_path / "a.csv", [("c", "s", "denies")])
    pairs_file(tmp_path / "a.jsonl", [("c", "s", "neutral")])
    with pytest.raises(InputError, match="'a'"):
        evaluation_data([tmp_path])


def test_endings_in_capitals_belong_to_a_suite_too(tmp_path: Path) -> None:
    pairs_file(tmp_path / "a.csv", [("c", "s", "denies")])
    pairs_file(tmp_path / "b.CSV", [("c", "s", "denies")])
    assert [one.name for one in evaluation_data([tmp_path])] == ["a", "b"]


def test_an_empty_label_in_csv_counts_as_unlabelled(tmp_path: Path) -> None:
    pairs_file(tmp_path / "a.csv", [("c", "s", "denies"), ("c", "t", None)])
    (one,) = evaluation_data([tmp_path])
    assert [example.label for example in one.read()] == [Label.DENIES]


def test_the_split_of_a_file_with_a_split_column_is_respected(tmp_path: Path) -> None:
    rows = [
        {"claim": "c", "sentence": f"s{n}", "label": "denies", "split": split}
        for n, split in enumerate(["train", "test", "test"])
    ]
    write_table(tmp_path / "a.csv", rows, ("claim", "sentence", "label", "split"))
    (one,) = evaluation_data([tmp_path / "a.csv"])
    assert [example.sentence for example in one.read()] == ["s1", "s2"]


def test_tables_corpora_and_suites_make_one_evaluation(tmp_path: Path) -> None:
    for name in ("suite", "corpus"):
        (tmp_path / name).mkdir()
    pairs_file(tmp_path / "table.csv", [("c", "s", "denies")])
    pairs_file(tmp_path / "suite" / "a.csv", [("c", "s", "denies"), ("c", "t", None)])
    pairs_file(tmp_path / "corpus" / "test.csv", [("c", "s", "denies")])
    pairs_file(tmp_path / "corpus" / "validation.csv", [("c", "v", "neutral")])
    sets = evaluation_data([tmp_path / name for name in ("table.csv", "suite", "corpus")])
    assert [(one.name, len(one.read())) for one in sets] == [("table", 1), ("a", 1), ("corpus", 1)]
    assert [len(one.other_split("validation")) for one in sets] == [0, 0, 1]
    assert not sets[-1].other_split("train")


def test_a_corpus_without_the_split_is_no_folder_of_sets(tmp_path: Path) -> None:
    pairs_file(tmp_path / "train.csv", [("c", "s", "denies")])
    (one,) = evaluation_data([tmp_path])
    with pytest.raises(InputError, match="test"):
        one.read()


def test_a_set_takes_the_whole_name_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [tmp_path / name for name in ("c-1.1", "c-1.2")]
    for folder in folders:
        folder.mkdir()
        pairs_file(folder / "test.csv", [("c", "s", "denies")])
    assert [one.name for one in evaluation_data(folders)] == ["c-1.1", "c-1.2"]
    monkeypatch.chdir(folders[0])
    assert [one.name for one in evaluation_data([Path()])] == ["c-1.1"]
