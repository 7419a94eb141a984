"""The voice head: who takes the stance, as a span of the sentence, from the same forward pass.

Two numbers a token, from the states of the last layer: how likely the voice begins there, and ends there. The
first token stands for "the outlet itself" (as in extractive question answering, Devlin et al. 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from stance.checkpoint import VOICE_HEAD

IGNORED = -100
"""Target of pairs whose voice is unknown; the loss passes over them."""

OUTLET_TOKEN = 0
"""Token that stands for the outlet itself."""


class Output(NamedTuple):
    """What the model gives: the loss in training, logits of shape ``(n, 3)``, spans ``(n, tokens, 2)``."""

    loss: torch.Tensor | None
    logits: torch.Tensor
    spans: torch.Tensor


class WithVoice(nn.Module):
    """A sequence classifier of transformers with a voice head on its encoder.

    Parameters
    ----------
    classifier : transformers.PreTrainedModel
    weight : float
        Of the voice's loss beside that of the label.
    """

    def __init__(self, classifier: Any, weight: float = 1.0) -> None:
        super().__init__()
        self.classifier = classifier
        self.config = classifier.config
        self.voice = nn.Linear(classifier.config.hidden_size, 2)
        nn.init.normal_(self.voice.weight, std=0.02)
        nn.init.zeros_(self.voice.bias)
        self.weight = weight

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        voice_span: torch.Tensor | None = None,
    ) -> Output:
        """Compute label and voice; the loss where ``labels`` (n,) and ``voice_span`` (n, 2) are given."""
        given = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        out = self.classifier(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True, **given
        )
        spans = self.voice(out.hidden_states[-1])
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(out.logits.float(), labels)
            if voice_span is not None and bool((voice_span != IGNORED).any()):
                loss = loss + self.weight * self._voice_loss(spans.float(), attention_mask, voice_span)
        return Output(loss, out.logits, spans)

    @staticmethod
    def _voice_loss(spans: torch.Tensor, mask: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        spans = spans.masked_fill(mask.unsqueeze(-1) == 0, torch.finfo(spans.dtype).min)
        ends = [
            nn.functional.cross_entropy(spans[..., side], target[:, side], ignore_index=IGNORED)
            for side in (0, 1)
        ]
        return torch.stack(ends).mean()


class BothOutputs(nn.Module):
    """Logits and spans, and nothing else: what the CPU runtime computes."""

    def __init__(self, classifier: Any, head: nn.Linear) -> None:
        super().__init__()
        self.classifier, self.head = classifier, head

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute logits of shape ``(n, 3)`` and spans of shape ``(n, tokens, 2)``."""
        given = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        out = self.classifier(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True, **given
        )
        return out.logits, self.head(out.hidden_states[-1])


def span_of_tokens(
    voice: tuple[int, int] | None,
    offsets: Sequence[tuple[int, int]],
    sequence_ids: Sequence[int | None],
) -> list[int]:
    """Return first and last token of a voice, ``OUTLET_TOKEN`` for the outlet, ``IGNORED`` where unknown.

    Parameters
    ----------
    voice : tuple of int, optional
        Start and end in the sentence; equal for the outlet itself.
    offsets : sequence of (int, int)
        Characters of every token.
    sequence_ids : sequence of int or None
        1 for the tokens of the sentence.
    """
    if voice is None:
        return [IGNORED, IGNORED]
    start, end = voice
    if start == end:
        return [OUTLET_TOKEN, OUTLET_TOKEN]
    inside = [
        token
        for token, ((first, last), sequence) in enumerate(zip(offsets, sequence_ids, strict=True))
        if sequence == 1 and first < end and last > start
    ]
    # a voice that was cut off is unknown, not nobody
    whole = inside and offsets[inside[-1]][1] >= end
    return [inside[0], inside[-1]] if whole else [IGNORED, IGNORED]


def save_head(model: WithVoice, folder: Path) -> None:
    """Write the head's weights, in float16, beside those of the classifier."""
    from safetensors.torch import save_file

    half = {name: value.to(torch.float16).contiguous() for name, value in model.voice.state_dict().items()}
    save_file(half, folder / VOICE_HEAD)


def load_head(folder: Path, hidden_size: int) -> nn.Linear | None:
    """Read the head of a checkpoint, in float32; ``None`` where it has none."""
    from safetensors.torch import load_file

    if not (folder / VOICE_HEAD).is_file():
        return None
    head = nn.Linear(hidden_size, 2)
    head.load_state_dict({name: value.float() for name, value in load_file(folder / VOICE_HEAD).items()})
    return head
