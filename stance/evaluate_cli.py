"""``stance evaluate``: scores with intervals, controls and slices, from a model or from saved predictions."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from stance.errors import InputError, require
from stance.opening import from_clone, open_classifier
from stance.output import print_json, say
from stance.usage import CORPUS

if TYPE_CHECKING:
    from stance.corpus.examples import Example
    from stance.evaluation.comparison import Difference
    from stance.evaluation.harness import EvaluationReport
    from stance.evaluation.suites import EvaluationSet
    from stance.inference.classifier import StanceClassifier

PACKAGES = ("claim-stance", "numpy", "scikit-learn", "scipy", "openvino", "tokenizers")


def evaluate(options: argparse.Namespace) -> int:
    """Evaluate a checkpoint, or predictions saved earlier, on labelled pairs."""
    from stance.console import show_evaluations, show_table

    if options.suite == "behaviour":
        return _behaviour(options)
    require("sklearn.metrics", "train")  # now, and not when all is classified
    differences = _differences(options) if options.against else []
    about = _about(differences)
    sets = [] if options.predictions else _sets(options)
    is_alone = len(options.predictions or sets) == 1
    reports = []
    for found in _of_predictions(options) if options.predictions else _of_model(options, sets):
        report = replace(found, about={**found.about, **about})
        reports.append(report)
        if options.out and (is_alone or sets):  # each of several files of predictions has a report already
            say(_written(report, options.out if is_alone else options.out / report.name))
    if options.out and not is_alone:
        say(_written_summary(reports, options.out))
    if options.json:
        print_json([report.to_dict() for report in reports])
        return 0
    show_evaluations(reports)
    if options.predictions and len(reports) > 1:
        show_table(("score", "mean", "standard deviation", "runs"), _over_runs(reports))
    if differences:
        show_table(
            ("score", "second minus first", "p", "p after Holm", "outcome"),
            [(one.score, str(one.estimate), one.p, one.adjusted, one.outcome) for one in differences],
        )
    return 0


def _written(report: EvaluationReport, folder: Path) -> str:
    """Write a report, and return a message that names its files."""
    from stance.evaluation.writing import write_evaluation

    return f"wrote {', '.join(write_evaluation(report, folder))} to {folder}"


def _written_summary(reports: Sequence[EvaluationReport], folder: Path) -> str:
    from stance.evaluation.writing import write_summary

    return f"wrote {', '.join(write_summary(reports, folder))} to {folder}"


def _over_runs(reports: Sequence[EvaluationReport]) -> list[tuple[str, float, float, int]]:
    """Return mean and standard deviation of the scores of several runs, one for each seed."""
    rows = []
    for score in ("macro_f1", "denies_f1", "accuracy"):
        values = [report.metrics["all"][score] for report in reports]
        rows.append((score, mean(values), stdev(values), len(values)))
    return rows


def _behaviour(options: argparse.Namespace) -> int:
    """Score minimal sets, and what noise in the text does."""
    from stance.console import show_table
    from stance.evaluation.behaviour import CASES, behaviour_scores, read_cases
    from stance.files import write_json

    if options.data and len(options.data) > 1:
        raise InputError("--suite behaviour reads one file of minimal sets; give --data one path")
    rows = read_cases(options.data[0] if options.data else from_clone(CASES, "--data FILE"))
    scores = behaviour_scores(open_classifier(options), rows)
    if options.out:
        write_json(options.out / "behaviour.json", scores)
        say(f"wrote {options.out / 'behaviour.json'}, with every pair labelled wrong")
    if options.json:
        print_json(scores)
        return 0
    head = ("capability", "sets", "all of a set right", "pairs", "right")
    columns = ("cases", "consistency", "pairs", "accuracy")
    shown = [(name, *(one[key] for key in columns)) for name, one in scores["capabilities"].items()]
    show_table(head, shown)
    show_table(
        ("noise", "labels changed", "largest shift of a probability"),
        [(name, one["changed"], one["largest_shift"]) for name, one in scores["noise"].items()],
    )
    return 0


def _sets(options: argparse.Namespace) -> list[EvaluationSet]:
    from stance.evaluation.suites import evaluation_data

    places = options.data or []
    if not places and not options.suite:
        places = [from_clone(CORPUS, "--data FILE_OR_FOLDER")]
    return evaluation_data(places, options.split, suite=options.suite)


def _of_model(options: argparse.Namespace, sets: Sequence[EvaluationSet]) -> Iterator[EvaluationReport]:
    from stance.evaluation.controls import control_probabilities
    from stance.evaluation.harness import evaluate_classifier
    from stance.evaluation.voices import voice_scores

    classifier = open_classifier(options)
    for one in sets:
        examples = one.read()
        say(f"{one.name}: {len(examples):,} pairs")
        controls = control_probabilities(examples, one.other_split("train")) if options.controls else {}
        report = evaluate_classifier(
            classifier,
            examples,
            one.name,
            temperature=classifier.checkpoint.temperature,
            controls=controls,
        )
        about: dict[str, Any] = {
            "model": {"digest": classifier.checkpoint.digest, "runtime": classifier.runtime}
        }
        if one.corpus and options.split == "test":
            about |= {"voices": voice_scores(classifier, examples)}
            about |= _conformal(classifier, report, one.other_split("validation"))
        yield replace(report, about={**report.about, **about})


def _conformal(
    classifier: StanceClassifier, report: EvaluationReport, validation: Sequence[Example]
) -> dict[str, Any]:
    """Fit label sets on the validation split, and see whether they keep their promise on the tested one."""
    import numpy as np

    from stance.evaluation.metrics import FAILED
    from stance.evaluation.selective import conformal_check
    from stance.questions import answerable
    from stance.schema import LABELS

    names = [label.value for label in LABELS]
    answered = [row for row in report.predictions if row["label"] != FAILED]
    pairs = [(example.claim, example.sentence) for example in validation]
    sound = answerable(classifier, pairs)
    if not sound or not answered:
        return {}
    fitted = (
        classifier.predict_proba([pairs[i] for i in sound]),
        np.array([names.index(validation[i].label.value) for i in sound]),
    )
    tested = (
        np.array([[row[name] for name in names] for row in answered]),
        np.array([names.index(row["reference"]) for row in answered]),
    )
    return {"label_sets": conformal_check(fitted, tested)}


def _of_predictions(options: argparse.Namespace) -> Iterator[EvaluationReport]:
    from stance.evaluation.harness import report_of
    from stance.evaluation.writing import read_predictions

    for file in options.predictions:
        name = file.stem if len(options.predictions) == 1 else str(file)
        yield report_of(*read_predictions(file), name)


def _differences(options: argparse.Namespace) -> Sequence[Difference]:
    """Compare two files of predictions for the same pairs."""
    from stance.evaluation.comparison import compare_predictions
    from stance.evaluation.harness import labels_of
    from stance.evaluation.writing import read_predictions

    (file,) = options.predictions
    first, one = read_predictions(file)
    second, other = read_predictions(options.against)
    if [example[:3] for example in first] != [example[:3] for example in second]:
        raise InputError(
            f"{str(file)!r} ({len(first):,} pairs) and {str(options.against)!r} "
            f"({len(second):,}) are not predictions for the same labelled pairs in the same order; evaluate "
            "both models on the same data"
        )
    return compare_predictions(
        [example.label.value for example in first],
        labels_of(one),
        labels_of(other),
        [example.group for example in first],
    )


def _about(differences: Sequence[Difference]) -> dict[str, Any]:
    from stance.resampling import SEED

    about: dict[str, Any] = {
        "command": " ".join(["stance", *sys.argv[1:]]),
        "seed": SEED,
        "versions": {"python": platform.python_version(), **_versions()},
    }
    if differences:
        about["comparison"] = [one.to_dict() for one in differences]
    return about


def _versions() -> dict[str, str]:
    """Return the versions of the packages that are installed: not every one is needed for every report."""
    versions = {}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return versions
