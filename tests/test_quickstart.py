"""The main job replaces what an earlier run has left, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from stance.errors import ConfigError, InputError
from stance.quickstart import MADE, run

from conftest import KREMLIN_CALL, ROOT

RECIPE = ROOT / "training" / "quickstart.toml"


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    for name in (*MADE, "thesis.tex"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"thesis\.tex' is none of what this makes; give another --out"):
        run(KREMLIN_CALL, RECIPE, tmp_path)
    with pytest.raises(InputError, match="is none of what this makes"):
        run(KREMLIN_CALL, RECIPE, tmp_path / "thesis.tex")
    assert {file.name for file in tmp_path.iterdir()} == {*MADE, "thesis.tex"}


def test_a_recipe_that_cannot_be_read_costs_no_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "report.html").touch()
    with pytest.raises(ConfigError, match=r"no\.toml' cannot be read"):
        run(KREMLIN_CALL, tmp_path / "no.toml", tmp_path)
    assert (tmp_path / "report.html").is_file()
