"""Shared fixtures: a tiny real model built in memory, and the corpora."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # tests touch no network
os.environ["HF_DATASETS_OFFLINE"] = "1"

import pytest
from hypothesis import HealthCheck, settings
from stance.checkpoint import Checkpoint
from stance.corpus.examples import Example, read_examples
from stance.corpus.folder import Corpus, open_corpus
from stance.inference.classifier import StanceClassifier

# how long an example takes says nothing on a machine that does other things besides
settings.register_profile("stance", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("stance")

ROOT = Path(__file__).parent.parent
KREMLIN_CALL = ROOT / "data" / "kremlin_call"
NEWSROOM = ROOT / "data" / "newsroom"
ARTICLES = ROOT.parent / "shared" / "articles"

WORDS = (
    "the a minister envoy ministry met denied rejected reports of meeting that said it is untrue talks call",
    "took place on monday no there was not in capital they spoke by phone leaders two and to new budget rose",
)


def tiny_model(family: str = "bert") -> tuple[object, object]:
    """Build a random transformers model with our labels, and a word tokenizer, without any file."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast
    from transformers.models.auto.configuration_auto import AutoConfig

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(c) for c in range(33, 127)]
    tokens = dict.fromkeys(
        [*special, *letters, *(f"##{letter}" for letter in letters), *" ".join(WORDS).split()]
    )
    vocabulary = {token: number for number, token in enumerate(tokens)}
    inner = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=200))
    inner.normalizer = normalizers.BertNormalizer(lowercase=True)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=[
            "input_ids",
            *([] if family in ("modernbert", "distilbert", "mpnet") else ["token_type_ids"]),
            "attention_mask",
        ],
    )
    torch.manual_seed(7)
    config = AutoConfig.for_model(
        family,
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=160,
        pad_token_id=0,
        bos_token_id=2,
        cls_token_id=2,
        eos_token_id=3,
        sep_token_id=3,
        num_labels=3,
        id2label={0: "supports", 1: "denies", 2: "neutral"},
        label2id={"supports": 0, "denies": 1, "neutral": 2},
    )
    model = AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():  # make the answers of a random model differ
        for parameter in model.parameters():
            parameter.mul_(3.0 if parameter.ndim > 1 else 1.0)
    return model.eval(), tokenizer


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A complete checkpoint of the tiny model; the longest input is 64 tokens."""
    from stance.train.export import write_checkpoint

    model, tokenizer = tiny_model()
    folder = tmp_path_factory.mktemp("tiny")
    seal = {"temperature": 1.5, "max_length": 64, "provenance": {}}
    return write_checkpoint(model, tokenizer, folder, seal)


@pytest.fixture(scope="session")
def clf(tiny_checkpoint: Checkpoint) -> StanceClassifier:
    """The tiny checkpoint, opened once for all tests."""
    return StanceClassifier.from_pretrained(tiny_checkpoint.path, device="cpu")


@pytest.fixture
def folder(tiny_checkpoint: Checkpoint, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint, free to be damaged."""
    return Path(shutil.copytree(tiny_checkpoint.path, tmp_path / "copy"))


@pytest.fixture(scope="session")
def speaking_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A tiny checkpoint with a voice head whose answers differ from token to token."""
    import torch
    from stance.train.export import write_checkpoint
    from stance.train.voice import WithVoice

    model, tokenizer = tiny_model()
    torch.manual_seed(3)
    with_voice = WithVoice(model)
    with torch.no_grad():
        with_voice.voice.weight.mul_(-100)
        model.classifier.bias[2] = -10.0  # a neutral pair has no voice
    seal = {"temperature": 1.0, "max_length": 64, "provenance": {}}
    return write_checkpoint(with_voice, tokenizer, tmp_path_factory.mktemp("speaking"), seal)


def wait_for(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; fail if it does not within half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@cache
def examples_of(folder: Path, split: str) -> tuple[Example, ...]:
    """Return the pairs of one split of a corpus, read once for all tests."""
    return tuple(read_examples(folder, split))


@pytest.fixture(scope="session")
def newsroom_corpus() -> Corpus:
    """The large corpus from its tables, read once for all tests."""
    return open_corpus(NEWSROOM)


@pytest.fixture(scope="session")
def article_texts() -> Path:
    """The folder of the five articles, which are not part of the repository."""
    if not ARTICLES.is_dir():
        pytest.skip(f"the five articles are not at {ARTICLES}: the verbatim edition cannot be verified")
    return ARTICLES
