"""The main job replaces what an earlier run has left, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from stance.errors import InputError
from stance.quickstart import MADE, run

from conftest import KREMLIN_CALL


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "report.html").touch()
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match=r"thesis\.tex' is none of what this makes; give another --out"):
        run(KREMLIN_CALL, tmp_path / "no.toml", tmp_path)
    with pytest.raises(InputError, match="none of what this makes"):
        run(KREMLIN_CALL, tmp_path / "no.toml", tmp_path / "thesis.tex")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.html", "thesis.tex"]


def test_what_an_earlier_run_has_left_is_replaced(tmp_path: Path) -> None:
    for name in MADE:
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=r"no\.toml' cannot be read"):
        run(KREMLIN_CALL, tmp_path / "no.toml", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["corpus"]
