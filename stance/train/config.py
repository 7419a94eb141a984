"""What a training recipe says: frozen dataclasses that refuse what makes no sense."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from stance.checkpoint import SHORTEST_INPUT
from stance.errors import ConfigError

BASE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

_CHOICES = {
    "precision": ("auto", "bf16", "fp32"),
    "attention": ("auto", "eager", "sdpa"),
    "schedule": ("linear", "constant"),
    "hide": ("", "claim", "sentence"),
}
_RANGES: dict[str, tuple[float, float]] = {
    "batch_size": (1, 1e6),
    "crossed": (0, 1e12),
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
        Which split of it; by default the one that the recipe's table is named after. Data without
        splits (a table whose rows name none in a column ``split``) are read whole.
    repeat, max_rows, neutral_share, unrelated, crossed
        As in :class:`stance.corpus.mixture.Part`; ``max_rows = 0`` is no cap. ``repeat``, ``unrelated``
        and ``crossed`` are for training data only, ``crossed`` for a recipe with teachers.
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
    crossed: int = 0
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
        ``"auto"`` takes bf16 on GPUs that have it and on CPUs with AMX, where it is faster.
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
        Share of the teachers in what is learned, where they are right; the rest is the label's.
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
        if self.label_smoothing and (self.teachers or self.voice_weight):
            raise ConfigError(
                f"label_smoothing is {self.label_smoothing}, which goes neither with teachers, who smooth "
                "the labels, nor with voice_weight; set it to 0"
            )
        for part in self.validation:
            if part.repeat != 1 or part.unrelated or part.crossed:
                raise ConfigError(
                    f"[[validation]] with data = {part.data!r} has repeat, unrelated or crossed; what models "
                    "are chosen by is neither repeated nor mixed: remove them"
                )
        for part in self.train:
            if part.crossed and not self.teachers:
                raise ConfigError(
                    f"[[train]] with data = {part.data!r} has crossed = {part.crossed}, pairs that only "
                    "teachers label; name teachers, or remove it"
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


def _portable(name: str) -> str:
    path = Path(name)
    if not name or not path.exists():
        return name
    path, here = path.resolve(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name
