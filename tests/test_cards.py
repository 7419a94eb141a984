from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stance.cards import render, table
from stance.errors import DataError


def fill(folder: Path, text: str, values: dict[str, object]) -> str:
    file = folder / "card.md"
    file.write_text(text, encoding="utf-8")
    return render(file, values)


def test_places_are_filled_by_dotted_names(tmp_path: Path) -> None:
    values = {"model": {"name": "tiny", "scores": {"f1": 0.91234}}}
    assert fill(tmp_path, "{{ model.name }}: {{model.scores.f1}}.\n", values) == "tiny: 0.912.\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.500"),
        (np.float64(1) / 3, "0.333"),
        (-2.0, "-2.000"),
        (1234567, "1,234,567"),
        (0, "0"),
        (True, "True"),
        ("Київ “no”", "Київ “no”"),
        ("", ""),
    ],
)
def test_numbers_are_shown_for_readers(tmp_path: Path, value: object, shown: str) -> None:
    assert fill(tmp_path, "{{ x }}", {"x": value}) == shown


@pytest.mark.parametrize("name", ["absent", "model.absent", "model.name.deeper", "model."])
def test_a_place_without_a_value_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"card\.md") as caught:
        fill(tmp_path, "{{ " + name + " }}", {"model": {"name": "tiny"}})
    assert repr(name) in str(caught.value)


def test_a_value_that_looks_like_a_place_is_kept_as_it_is(tmp_path: Path) -> None:
    assert fill(tmp_path, "{{ x }} {{ y }}", {"x": "{{ y }}", "y": r"\1"}) == r"{{ y }} \1"


def test_a_text_without_places_is_unchanged(tmp_path: Path) -> None:
    text = "{ } {{}} {x} ${x} %s\n\n# Київ\n"
    assert fill(tmp_path, text, {}) == text


def test_a_table_sets_numbers_to_the_right() -> None:
    assert table(["set", "pairs", "F1"], [["a", 1000, 0.5], ["b", -2, 1.0]]) == (
        "| set | pairs | F1 |\n| --- | ---: | ---: |\n| a | 1,000 | 0.500 |\n| b | -2 | 1.000 |"
    )


def test_one_text_among_numbers_makes_a_text_column() -> None:
    assert table(["x"], [[1], ["none"]]).splitlines()[1] == "| --- |"


def test_a_table_takes_rows_from_a_generator() -> None:
    assert table(["x"], ([n] for n in range(2))).splitlines()[2:] == ["| 0 |", "| 1 |"]


@pytest.mark.parametrize("value", ["yes | no", "first\nsecond"])
def test_a_value_never_breaks_the_table(value: str) -> None:
    rows = table(["x"], [[value]]).splitlines()
    assert len(rows) == 3
    assert rows[2].replace(r"\|", "").count("|") == 2
