"""The page about reliability names tests that exist, in tables without gaps."""

from __future__ import annotations

import ast
import re

import pytest

from conftest import ROOT

COMMENT = re.compile("<!--.*?-->", re.DOTALL)
PAGE = COMMENT.sub("", (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8"))
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)::(\w+)`", PAGE)))
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]


def marks_of(file: str, name: str) -> str | None:
    """Return what stands above a test, and above the whole file; ``None`` where there is no such test."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    whole = "".join(ast.unparse(node) for node in tree.body if "pytestmark" in ast.unparse(node)[:12])
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return whole + "".join(map(ast.unparse, node.decorator_list))
    return None


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_the_page_names_exists_and_slow_ones_are_marked(file: str, name: str) -> None:
    marks = marks_of(file, name)
    assert marks is not None, f"{file} has no test {name}"
    assert ("mark.slow" in marks) == (f"`{file}::{name}` (*slow*)" in PAGE)
    assert "xfail" not in marks


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_every_promise_is_held_by_a_test(row: str) -> None:
    assert re.search(r"`test_\w+\.py::\w+`", row.split("|")[2])


def test_the_page_has_promises() -> None:
    assert len(ROWS) > 30
