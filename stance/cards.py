"""Fills the templates of model card and dataset cards from plain values. No number is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.errors import DataError

_PLACE = re.compile(r"\{\{ *([\w.]+) *\}\}")


def render(template: str | Path, values: Mapping[str, Any]) -> str:
    """Fill the ``{{ dotted.name }}`` places of a template.

    Parameters
    ----------
    template : str or Path
        A file name in ``stance/templates``, or any path.
    values : mapping
        Nested by the parts of the dotted names.

    Raises
    ------
    DataError
        If the template asks for a value that is not given.
    """
    file = Path(__file__).parent / "templates" / template  # an absolute path stays as it is
    text = file.read_text(encoding="utf-8")
    return _PLACE.sub(lambda place: _shown(_look_up(values, place.group(1), file.name)), text)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a Markdown table; numbers are set to the right."""
    rows = [[_shown(value).replace("|", "\\|").replace("\n", " ") for value in row] for row in rows]
    numeric = [all(re.fullmatch(r"[-−]?[\d.,]*%?", row[i]) for row in rows) for i in range(len(head))]
    lines = [head, ["---:" if right else "---" for right in numeric], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _look_up(values: Mapping[str, Any], name: str, template: str) -> Any:
    found: Any = values
    for key in name.split("."):
        if not isinstance(found, Mapping) or key not in found:
            raise DataError(f"template {template} asks for {name!r}, which is not among the values")
        found = found[key]
    return found


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
