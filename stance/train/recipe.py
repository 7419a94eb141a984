"""Reading a training recipe from TOML, changed with ``--set key=value``."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from stance.corpus.sources import SOURCES
from stance.errors import ConfigError
from stance.train.config import DataPart, TrainConfig

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")


def load_config(path: str | Path, settings: Sequence[str] = ()) -> TrainConfig:
    """Read a recipe and apply ``key=value`` settings.

    Raises
    ------
    ConfigError
        If the file is no TOML, a key is unknown (the nearest one is named), or a value is of
        another type.
    """
    file = Path(path)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"recipe {str(file)!r} cannot be read: {error.strerror}; expected a TOML file such as "
            "training/quickstart.toml"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"recipe {str(file)!r} is not TOML: {error}") from error
    given = dict(map(_parse_setting, settings))
    for name in ("train", "validation"):
        # what the recipe names is looked for beside it, what --set names in the working folder
        folder = Path() if name in given else file.parent
        parts = given.pop(name, raw.get(name, []))
        parts = [{"data": parts}] if isinstance(parts, str) else parts
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise ConfigError(f"{name} in {str(file)!r} is no list of tables; write [[{name}]]")
        raw[name] = tuple(
            _build(DataPart, _placed(part, folder), where=f"[[{name}]] of {file}") for part in parts
        )
    for name in ("base", "public"):
        if isinstance(raw.get(name), str):
            raw[name] = _located(raw[name], file.parent)
    if isinstance(raw.get("teachers"), list):
        raw["teachers"] = [
            _located(name, file.parent) if isinstance(name, str) else name for name in raw["teachers"]
        ]
    return _build(TrainConfig, {**raw, **given}, where=str(file))


def _parse_setting(setting: str) -> tuple[str, Any]:
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {setting!r}: expected key=value, for example --set epochs=2")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is a text, so that no quotes have to be quoted
    return key.strip(), value


def _placed(part: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    placed = dict(part)
    if isinstance(placed.get("data"), str):
        placed["data"] = _located(placed["data"], folder)
    return placed


def _located(name: str, folder: Path) -> str:
    """Read a relative path from the recipe's folder if something is there; else it is left alone."""
    beside = folder / name
    is_name = not name or name == "public" or name in SOURCES
    return str(beside) if not is_name and beside.exists() else name


def _build(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(known)}"
            raise ConfigError(f"unknown key {key!r} in {where}{hint}")
        default = known[key].default
        expected = str if default is MISSING else type(default)
        if expected is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if expected is tuple and isinstance(value, list):
            value = tuple(value)
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            raise ConfigError(
                f"{key} in {where} is {value!r} ({type(value).__name__}); expected {expected.__name__}"
            )
        checked[key] = value
    missing = [n for n, f in known.items() if f.default is MISSING and n not in checked]
    if missing:
        raise ConfigError(f"{where} lacks {', '.join(missing)}")
    return kind(**checked)
