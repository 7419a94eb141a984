"""Dropout with one mask for all tokens of a pair.

Ordinary dropout draws a random number for every value of every hidden state, which costs a CPU more
than a third of the training time. A mask that is shared by the tokens of a pair (Gal and Ghahramani
2016, "variational" dropout) needs as many numbers as a pair has features, and regularises as well.
"""

from __future__ import annotations

import torch
from torch import nn

ATTENTION = "SelfAttention"
"""How transformers ends the names of classes whose dropout acts on attention weights, not on states."""


class SharedDropout(nn.Module):
    """Set features of a pair to zero for all its tokens at once.

    Parameters
    ----------
    p : float
        Probability of a feature to be dropped, 0 to 1 (exclusive).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return states of the same shape, ``(n_pairs, ..., n_features)``; the same ones in evaluation."""
        if not self.training or self.p == 0:
            return states
        shape = (states.shape[0], *[1] * (states.ndim - 2), states.shape[-1])
        kept = torch.rand(shape, device=states.device) >= self.p
        return states * (kept.to(states.dtype) / (1 - self.p))


def share_dropout(model: nn.Module, p: float) -> int:
    """Replace the dropout of a network's hidden states and return how many were replaced.

    Dropout of attention weights stays as it is.
    """
    replaced = 0
    for parent in list(model.modules()):
        if type(parent).__name__.endswith(ATTENTION):
            continue
        for child, module in list(parent.named_children()):
            if isinstance(module, nn.Dropout):
                setattr(parent, child, SharedDropout(p))
                replaced += 1
    return replaced
