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


@pytest.mark.parametrize(
    ("family", "attention"),
    [
        *((family, "attention.self.dropout") for family in ("bert", "roberta", "xlm-roberta", "electra")),
        *((family, "attention.self.dropout") for family in ("deberta", "deberta-v2")),
        ("mpnet", "attention.attn.dropout"),
        ("modernbert", None),  # its attention weights have a rate and no module
    ],
)
def test_hidden_states_are_shared_and_attention_is_left_alone(family: str, attention: str | None) -> None:
    model = tiny_model(family)[0]
    assert isinstance(model, nn.Module)
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Dropout)]
    weights = [name for name in names if attention and name.endswith(attention)]
    assert len(weights) == (2 if attention else 0)  # in each of two layers
    count = share_dropout(model, 0.1)
    left = [name for name, module in model.named_modules() if isinstance(module, nn.Dropout)]
    shared = [name for name, module in model.named_modules() if isinstance(module, SharedDropout)]
    assert left == weights
    assert sorted(shared) == sorted(set(names) - set(weights))
    assert len(shared) == count > 2


def test_what_comes_out_of_attention_is_a_state() -> None:
    model = tiny_model("modernbert")[0]
    assert isinstance(model, nn.Module)
    outs = [module for name, module in model.named_modules() if name.endswith(".attn")]
    for attention in outs:
        attention.out_drop = nn.Dropout(0.1)  # as with attention_dropout in its configuration
    share_dropout(model, 0.1)
    assert len(outs) == 2
    assert all(isinstance(attention.out_drop, SharedDropout) for attention in outs)
