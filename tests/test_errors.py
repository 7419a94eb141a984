from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from stance import errors
from stance.errors import InputError, MissingExtraError, StanceError, require

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, StanceError)
}


def test_one_except_catches_every_error_of_the_package() -> None:
    assert set(CLASSES) == {
        "StanceError",
        "InputError",
        "DataError",
        "CheckpointError",
        "ConfigError",
        "BusyError",
        "UnavailableError",
        "MissingExtraError",
    }


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert drawn == [name for name in CLASSES if name != "StanceError"]


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_says_in_its_docstring_what_it_is_for(name: str) -> None:
    assert (CLASSES[name].__doc__ or "").strip()


def test_errors_are_also_the_builtin_ones_that_callers_may_expect() -> None:
    assert issubclass(InputError, ValueError)
    assert issubclass(MissingExtraError, ImportError)


def test_require_gives_the_module_itself() -> None:
    assert require("json.decoder", "html").__name__ == "json.decoder"


@pytest.mark.parametrize("module", ["surely_absent", "surely_absent.part"])
def test_a_missing_extra_gives_the_exact_pip_line(module: str) -> None:
    with pytest.raises(MissingExtraError) as caught:
        require(module, "html")
    assert "'surely_absent'" in str(caught.value)
    assert "pip install 'claim-stance[html]'" in str(caught.value)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_broken_dependency_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "installed_but_broken.py").write_text("import surely_absent\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="surely_absent") as caught:
        require("installed_but_broken", "html")
    assert not isinstance(caught.value, MissingExtraError)


def test_a_missing_part_of_an_installed_module_is_named_itself() -> None:
    with pytest.raises(MissingExtraError, match=re.escape("'json.surely_absent'")):
        require("json.surely_absent", "html")
