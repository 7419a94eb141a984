"""From the numbers of the voice head to an exact span of the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenizers import Encoding

OUTLET = (0, 0)
"""The span that stands for the outlet itself."""

LONGEST = 32
"""Tokens of the longest voice; the corpora have none that is longer."""


def voice_span(spans: npt.NDArray[np.float32], encoding: Encoding) -> tuple[int, int]:
    """Return start and end of the most likely voice in the sentence; ``OUTLET`` where there is none.

    Parameters
    ----------
    spans : ndarray of shape (n_tokens, 2)
        How likely the voice begins and ends at each token; the first token stands for the outlet.
    encoding : tokenizers.Encoding
        Of the pair; its offsets refer to claim and sentence each.
    """
    places = np.flatnonzero(np.array([sequence == 1 for sequence in encoding.sequence_ids]))
    if not places.size:
        return OUTLET
    begins, ends = spans[places, 0], spans[places, 1]
    scores = begins[:, None] + ends[None, :]
    size = len(places)
    distance = np.arange(size)[None, :] - np.arange(size)[:, None]
    scores[(distance < 0) | (distance >= LONGEST)] = -np.inf
    if scores.max() <= spans[0].sum():
        return OUTLET
    first, last = np.unravel_index(scores.argmax(), scores.shape)
    start, end = encoding.offsets[places[first]][0], encoding.offsets[places[last]][1]
    return int(start), int(end)
