"""The wheel, built and installed into an empty environment, with the source tree out of reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import ROOT

pytestmark = pytest.mark.wheel

USE_IT = """
import json, sys
import stance
from stance import StanceClassifier, check_article, Article
from stance.checkpoint import default_checkpoint

classifier = StanceClassifier.from_pretrained()
claim = "The two leaders spoke by phone."
sentence = "The Kremlin denied that the two leaders had spoken by phone."
prediction = classifier.classify(claim, sentence)
check = check_article(classifier, claim, Article(sentence))
print(json.dumps({
    "where": stance.__file__,
    "checkpoint": str(default_checkpoint().path),
    "label": prediction.label,
    "sum": sum(prediction.probabilities.values()),
    "verdict": check.verdict,
    "heavy": sorted({"torch", "transformers", "datasets", "sklearn"} & set(sys.modules)),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)], out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that holds the wheel and what it asks for."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    constraints = str(ROOT / "constraints.txt")
    run([str(python), "-m", "pip", "install", "--quiet", "--constraint", constraints, str(wheel)], home)
    return python


def run(command: Sequence[str], folder: Path) -> str:
    """Run a command away from the source tree and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_package_classifies_a_pair_without_torch(python: Path, tmp_path: Path) -> None:
    result = json.loads(run([str(python), "-I", "-c", USE_IT], tmp_path))
    home = str(python.parent.parent)
    assert result["where"].startswith(home)
    assert result["checkpoint"].startswith(home)
    assert result["label"] == result["verdict"] == "denies"
    assert result["sum"] == pytest.approx(1, abs=1e-5)
    assert result["heavy"] == []


def test_the_installed_command_answers(python: Path, tmp_path: Path) -> None:
    command = [str(python.parent / "stance"), "classify", "--json"]
    command += ["--claim", "It rained.", "--sentence", "It rained all night, farmers said."]
    assert json.loads(run(command, tmp_path))["label"] == "supports"


def test_the_core_brings_neither_torch_nor_transformers(python: Path, tmp_path: Path) -> None:
    packages = json.loads(run([str(python), "-m", "pip", "list", "--format=json"], tmp_path))
    assert not {"torch", "transformers"} & {package["name"] for package in packages}


def test_the_wheel_stays_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 70e6
