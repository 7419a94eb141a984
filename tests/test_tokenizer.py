"""The tokenizer of a checkpoint: typography says nothing, offsets stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from stance.checkpoint import default_checkpoint
from stance.train.tokenizer import SAME, open_tokenizer

from conftest import tiny_model


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base")
    tiny_model()[1].save_pretrained(folder)  # type: ignore[attr-defined]
    return str(folder)


@pytest.mark.parametrize("sign", SAME)
def test_a_sign_is_read_as_its_plain_form(place: str, sign: str) -> None:
    tokenizer = open_tokenizer(place)
    text = f"he said {sign}no{sign} on monday"
    encoded = tokenizer(text, return_offsets_mapping=True)
    plain = tokenizer(text.replace(sign, SAME[sign]), return_offsets_mapping=True)
    assert encoded["input_ids"] == plain["input_ids"]
    assert encoded["offset_mapping"] == plain["offset_mapping"]


def test_it_is_taught_once_and_remembers(place: str, tmp_path: Path) -> None:
    once = open_tokenizer(place)
    once.save_pretrained(tmp_path)
    twice = open_tokenizer(str(tmp_path))
    assert twice.backend_tokenizer.to_str() == once.backend_tokenizer.to_str()
    assert twice("“no”")["input_ids"] == once('"no"')["input_ids"]


def test_the_tokenizer_of_the_embedded_checkpoint_learns_it_too() -> None:
    tokenizer = open_tokenizer(str(default_checkpoint().path))
    assert (
        tokenizer("“Nobody’s call — none”")["input_ids"] == tokenizer('"Nobody\'s call - none"')["input_ids"]
    )
