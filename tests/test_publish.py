"""Law 6: every number in the model card and in the README comes from a results file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from stance.checkpoint import default_checkpoint
from stance.pages import RESULTS, rendered_pages

from conftest import ROOT


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_published_pages_are_what_the_results_give() -> None:
    for path, text in rendered_pages().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is stale; run: make cards"


def test_the_results_are_those_of_the_embedded_checkpoint() -> None:
    results = json.loads((RESULTS / "embedded.json").read_text(encoding="utf-8"))
    assert results["digest"] == default_checkpoint().digest


def test_every_score_in_the_model_card_is_found_in_the_results() -> None:
    known = set()
    for file in RESULTS.glob("*.json"):
        for number in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", file.read_text(encoding="utf-8")):
            known |= {f"{float(number):.3f}", number}
    card = Path("model_card.md").read_text(encoding="utf-8")
    scores = re.findall(r"(?<![\w.])\d\.\d{3}(?![\w.])", card)
    assert len(scores) > 20
    assert [score for score in scores if score not in known] == []
