"""What is drawn and chosen is the same in every process, whatever the order of its sets."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from stance.corpus.examples import Example
from stance.corpus.mixture import Part, mix
from stance.evaluation.metrics import f1_intervals
from stance.schema import LABELS, Article, Label
from stance.segment import split_sentences
from stance.suggest import suggest_claims
from stance.testing import KeywordClassifier
from stance.train.config import DataPart, TrainConfig
from stance.train.data import load_data

from conftest import ROOT

TOWNS = ("Karst", "Dolin", "Olsha", "Wadi", "Tollan", "Brannoch")
NAMES = [label.value for label in LABELS]


def drawn(folder: Path) -> str:
    """Return a digest of everything that is drawn or chosen."""
    pairs = [(f"The bridge to {one} is closed.", f"{one} and {two} met.") for one in TOWNS for two in TOWNS]
    examples = [Example(*pair, LABELS[n % 3], TOWNS[n // 6]) for n, pair in enumerate(pairs)]
    mixture = mix([Part(examples, max_rows=30, unrelated=20, crossed=20)], examples[:1], seed=13)
    table = folder / "pairs.csv"
    lines = [f"{e.claim},{e.sentence},{e.label.value},{e.group}" for e in examples]
    table.write_text("\n".join(["claim,sentence,label,group", *lines]), encoding="utf-8")
    _, validation = load_data(TrainConfig(train=(DataPart(data=str(table)),), validation_share=0.4))
    reader = KeywordClassifier({"denied": Label.DENIES, "Trains": Label.SUPPORTS})
    texts = {
        one: "\n".join(f"{verb} from {one} to {two} stopped after noon in {n} places." for two in TOWNS)
        for n, (one, verb) in enumerate(
            zip(TOWNS, ("Trains", "Buses", "He denied that trains") * 2, strict=True)
        )
    }
    articles = [
        Article(text, article_id=name, sentences=tuple(split_sentences(text))) for name, text in texts.items()
    ]
    suggested = suggest_claims(reader, articles, 5)
    assert suggested.suggestions
    intervals = f1_intervals(NAMES * 12, NAMES[:2] * 18, TOWNS * 6)
    return hashlib.sha256(repr((mixture, validation, suggested, intervals)).encode()).hexdigest()


def test_what_is_drawn_depends_on_the_seed_and_not_on_the_process(tmp_path: Path) -> None:
    script = "import sys, pathlib, test_determinism; print(test_determinism.drawn(pathlib.Path(sys.argv[1])))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
