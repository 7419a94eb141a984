from __future__ import annotations

from pathlib import Path

from stance.evaluation.metrics import classification_metrics
from stance.evaluation.plots import plot_confusion


def test_a_confusion_matrix_becomes_a_png(tmp_path: Path) -> None:
    metrics = classification_metrics(["supports", "denies", "denies"], ["supports", "denies", "supports"])
    file = tmp_path / "deeper" / "confusion.png"
    plot_confusion(metrics, file, "three pairs")
    assert file.read_bytes().startswith(b"\x89PNG")


def test_a_class_without_a_pair_is_no_division_by_zero(tmp_path: Path) -> None:
    plot_confusion(classification_metrics(["denies"], ["denies"]), tmp_path / "confusion.png")
    assert [file.name for file in tmp_path.iterdir()] == ["confusion.png"]
