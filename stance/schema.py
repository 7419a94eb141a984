"""The values that the package passes around: labels, sentences, articles, pairs, predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from stance.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Label(str, Enum):
    """Stance of a sentence towards a claim; a plain ``str`` with three possible values."""

    SUPPORTS = "supports"
    DENIES = "denies"
    NEUTRAL = "neutral"

    def __str__(self) -> str:
        return self.value


LABELS: tuple[Label, Label, Label] = (Label.SUPPORTS, Label.DENIES, Label.NEUTRAL)
"""The fixed order of labels: columns of every probability array and of every report."""


class Pair(NamedTuple):
    """A claim and one source sentence to hold against it."""

    claim: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A span of an article, ``text == article.text[start:end]``.

    ``kind`` is ``"content"``, ``"headline"``, ``"caption"`` or the kind of boilerplate (``"credit"``,
    ``"advertisement"``, ``"newsletter"``, ``"correction"``, ``"related"``, ``"metadata"``).
    Boilerplate is flagged, never dropped.
    """

    text: str
    start: int
    end: int
    kind: str = "content"

    @property
    def is_boilerplate(self) -> bool:
        """Whether the span is something other than what the story tells."""
        return self.kind not in STORY_KINDS


STORY_KINDS = frozenset({"content", "headline", "caption"})
"""What belongs to a story; every other kind of sentence is boilerplate."""


@dataclass(frozen=True, slots=True)
class Article:
    """A news article.

    Attributes
    ----------
    text : str
        The text, exactly as read; all offsets refer to it.
    article_id : str
        A name that is unique within a comparison, by default the file name without its ending.
    outlet, title, published, url : str or None
        What is known of where it comes from.
    sentences : tuple of Sentence
        In the order of the text; empty when the article has not been segmented yet.
    """

    text: str
    article_id: str = ""
    outlet: str | None = None
    title: str | None = None
    published: str | None = None
    url: str | None = None
    sentences: tuple[Sentence, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """How to call the article in front of people: its outlet, else its id."""
        return self.outlet or self.article_id or "article"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one pair.

    Attributes
    ----------
    label : Label
        The most probable label.
    probabilities : mapping of Label to float
        Calibrated probabilities, which sum to 1.
    voice : str or None
        Who takes the stance, as an exact span of the sentence; empty for the outlet itself; ``None`` where
        no side is taken or the model does not tell.
    truncated : bool
        Whether the end of the sentence was cut because it was too long for the model.
    """

    label: Label
    probabilities: Mapping[Label, float]
    voice: str | None = None
    truncated: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "label": self.label.value,
            "probabilities": {label.value: p for label, p in self.probabilities.items()},
            "voice": self.voice,
            "truncated": self.truncated,
        }

    @property
    def confidence(self) -> float:
        """Probability of the predicted label."""
        return self.probabilities[self.label]


def checked_probabilities(values: object, n_pairs: int) -> npt.NDArray[np.floating]:
    """Return what a predictor gave as an array, or refuse it.

    Raises
    ------
    InputError
        If it is not of shape ``(n_pairs, 3)``, not finite, or a row does not sum to 1.
    """
    import numpy as np  # here: the ground needs no library to be imported

    array: npt.NDArray[np.floating] = np.asarray(values)
    expected = (n_pairs, len(LABELS))
    if array.shape != expected or not np.issubdtype(array.dtype, np.number):
        raise InputError(
            f"the predictor gave an array of shape {array.shape} and type {array.dtype}; expected "
            f"probabilities of shape {expected}"
        )
    if not np.isfinite(array).all() or (array < 0).any() or (abs(array.sum(axis=1) - 1) > 1e-3).any():
        raise InputError(
            "the predictor gave values that are no probabilities; expected finite ones, at least 0, whose "
            "rows sum to 1"
        )
    return array


@runtime_checkable
class Predictor(Protocol):
    """Anything that gives label probabilities for pairs: a classifier, or a user's own."""

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        """Return float32 probabilities of shape ``(n_pairs, 3)`` in the order of ``LABELS``."""
        ...
