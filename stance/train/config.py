"""Training recipes: a frozen dataclass, read from TOML, changed with ``--set key=value``."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from stance.checkpoint import SHORTEST_INPUT
from stance.corpus.sources import SOURCES
from stance.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BASE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

T = TypeVar("T")

_CHOICES = {
    "precision": ("auto", "bf16", "fp32"),
    "attention": ("auto", "eager", "sdpa"),
    "schedule": ("linear", "constant"),
    "hide": ("", "claim", "sentence"),
}
_RANGES: dict[str, tuple[float, float]] = {
    "batch_size": (1, 1e6),
    "dropout": (0, 0.99),
    "epochs": (1e-6, 1e6),
    "evaluations": (1, 1e6),
    "group_share": (1e-6, 1),
    "label_smoothing": (0, 0.99),
    "learning_rate": (1e-12, 10),
    "max_length": (SHORTEST_INPUT, 1e6),
    "max_rows": (0, 1e12),
    "max_steps": (0, 1e12),
    "neutral_share": (0, 1),
    "patience": (0, 1e6),
    "repeat": (1, 1e6),
    "seed": (0, 2**32 - 1),
    "shared_dropout": (0, 0.99),
    "teacher_weight": (0, 1),
    "unrelated": (0, 1e12),
    "validation_share": (0.001, 0.9),
    "voice_weight": (0, 100),
    "warmup": (0, 0.99),
    "weight_decay": (0, 10),
}
"""Smallest and largest value of every number in a recipe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPart:
    """One ingredient of the training or the validation data.

    Attributes
    ----------
    data : str
        A table or corpus folder, the name of a public source, or ``"public"`` for all of them. In
        a recipe relative paths start at the recipe, in ``--set`` at the working folder.
    split : str
        Which split of it; by default the one that the recipe's table is named after.
    repeat, max_rows, neutral_share, unrelated
        As in :class:`stance.corpus.mixture.Part`; ``max_rows = 0`` is no cap.
    group_share : float
        Share of the groups (events, claim families) that is used; a smaller share is part of a
        larger one. For learning curves.
    """

    data: str
    split: str = ""
    repeat: int = 1
    max_rows: int = 0
    neutral_share: float = 1.0
    unrelated: int = 0
    group_share: float = 1.0

    def __post_init__(self) -> None:
        _check_ranges(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """Everything that decides what a training run does.

    Attributes
    ----------
    base : str
        Encoder to start from: ``"embedded"`` (the checkpoint in the package), a local folder, or
        a hub id of any encoder that transformers can put a classification head on.
    train, validation : tuple of DataPart
        ``train = "file.csv"`` is short for one part with that data.
    validation_share : float
        Share of the training groups that is kept for validation where the recipe names none.
    public : str
        Table with the public sources, for where there is no hub.
    seed, epochs, max_steps, batch_size : int or float
        ``max_steps = 0`` is no cap.
    learning_rate, weight_decay, warmup, label_smoothing : float
        ``warmup`` is the share of all steps.
    schedule : {"linear", "constant"}
        Learning rate after the warm-up: down to zero, or as it is, for a first stage that another
        recipe goes on from.
    dropout, shared_dropout : float
        For every dropout of the network (0 is fastest on a CPU); or for hidden states only, with one
        mask for all tokens of a pair, which costs next to nothing. At most one of them.
    freeze : tuple of str
        Parameters whose name contains one of these stay as they are.
    max_length : int
        Longest input in tokens.
    precision : {"auto", "bf16", "fp32"}
        ``"auto"`` takes bf16 where the hardware multiplies it faster.
    attention : {"auto", "eager", "sdpa"}
        ``"auto"`` is eager on a CPU, whose fused backward pass is slow, and sdpa elsewhere.
    evaluations : int
        How often the validation data are scored during training.
    patience : int
        Stop after so many evaluations without a better macro-F1; 0 never stops.
    voice_weight : float
        Of the loss of the voice head beside that of the label; 0 trains none.
    teachers : tuple of str
        Checkpoints to learn from besides the labels (knowledge distillation): local folders, or
        ``"embedded"``. They soften the labels, so ``label_smoothing`` has to be 0.
    teacher_weight : float
        Share of the teachers in what is learned; the rest is the label's.
    hide : {"", "claim", "sentence"}
        Put ``-`` in the place of one text, to learn how much the other gives away.
    """

    base: str = BASE_MODEL
    train: tuple[DataPart, ...] = ()
    validation: tuple[DataPart, ...] = ()
    validation_share: float = 0.1
    public: str = ""
    seed: int = 13
    epochs: float = 3.0
    max_steps: int = 0
    batch_size: int = 32
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.06
    schedule: str = "linear"
    label_smoothing: float = 0.0
    dropout: float = 0.0
    shared_dropout: float = 0.0
    freeze: tuple[str, ...] = ()
    max_length: int = 256
    precision: str = "auto"
    attention: str = "auto"
    evaluations: int = 10
    patience: int = 3
    voice_weight: float = 0.0
    teachers: tuple[str, ...] = ()
    teacher_weight: float = 0.5
    hide: str = ""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(allowed)}")
        _check_ranges(self)
        for table in ("train", "validation"):
            parts = tuple(replace(part, split=part.split or table) for part in getattr(self, table))
            object.__setattr__(self, table, parts)
        for name in ("freeze", "teachers"):
            if not all(isinstance(text, str) for text in getattr(self, name)):
                raise ConfigError(f"{name} is {list(getattr(self, name))}; expected a list of texts")
        if self.teachers and self.label_smoothing:
            raise ConfigError(
                f"label_smoothing is {self.label_smoothing}, but teachers smooth the labels; set it to 0"
            )
        if self.dropout and self.shared_dropout:
            raise ConfigError(
                f"dropout is {self.dropout} and shared_dropout {self.shared_dropout}; set one of them to 0"
            )
        if not self.train:
            raise ConfigError('the recipe has no [[train]] table; add one with data = "..."')

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON.

        Paths are given from the working folder, or by their name where they lie outside it, so
        that the provenance of a checkpoint says nothing about the machine.
        """
        values = asdict(self)
        for name in ("base", "public"):
            values[name] = _portable(values[name])
        values["teachers"] = [_portable(name) for name in values["teachers"]]
        for part in (*values["train"], *values["validation"]):
            part["data"] = _portable(part["data"])
        return values


def _check_ranges(config: DataPart | TrainConfig) -> None:
    for name, (low, high) in _RANGES.items():
        value = getattr(config, name, low)
        if not low <= value <= high:  # NaN is within no range
            raise ConfigError(f"{name} is {value}; expected a number from {low:g} to {high:g}")


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
        raw["teachers"] = [_located(str(name), file.parent) for name in raw["teachers"]]
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


def _portable(name: str) -> str:
    path = Path(name)
    if not name or not path.exists():
        return name
    path, here = path.resolve(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


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
