"""Dropout with one mask for all tokens of a pair."""

from __future__ import annotations

import pytest
import torch
from stance.train.dropout import SharedDropout, share_dropout
from torch import nn

from conftest import tiny_model


def test_a_feature_is_dropped_for_all_tokens_of_a_pair_or_for_none() -> None:
    torch.manual_seed(1)
    dropped = SharedDropout(0.4)(torch.ones(50, 7, 40))
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.6])
    assert (dropped == dropped[:, :1]).all()
    assert not (dropped[0] == dropped[1]).all()  # pairs have masks of their own
    assert dropped.mean().item() == pytest.approx(1, abs=0.05)


def test_evaluation_and_a_rate_of_zero_change_nothing() -> None:
    states = torch.rand(3, 5, 8)
    assert SharedDropout(0.0)(states) is states
    assert SharedDropout(0.5).eval()(states) is states


@pytest.mark.parametrize("shape", [(6, 9), (6, 2, 3, 9)])
def test_any_number_of_dimensions_is_taken(shape: tuple[int, ...]) -> None:
    assert SharedDropout(0.5)(torch.ones(shape)).shape == shape


def test_hidden_states_are_shared_and_attention_is_left_alone() -> None:
    model = tiny_model()[0]
    assert isinstance(model, nn.Module)
    count = share_dropout(model, 0.1)
    shared = {name for name, module in model.named_modules() if isinstance(module, SharedDropout)}
    assert len(shared) == count == 1 + 2 * 2 + 1  # embeddings, twice in each of two layers, before the head
    assert {name for name, module in model.named_modules() if isinstance(module, nn.Dropout)} == {
        f"bert.encoder.layer.{layer}.attention.self.dropout" for layer in range(2)
    }
