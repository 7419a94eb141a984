"""Tokenising and batching: the claim is never cut, a text is text, every pair is in one batch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stance.checkpoint import CONFIG, TOKENIZER, Checkpoint, write_manifest
from stance.errors import CheckpointError, InputError
from stance.inference.encoding import (
    LENGTH_STEP,
    PairEncoder,
    pad_batch,
    pad_id_of,
    padded,
    token_batches,
)
from stance.questions import check_pairs, pair_problem
from tokenizers import Tokenizer

CLS, SEP = 2, 3
TOKENS = 1000
MAX_LENGTH = 64
CLAIM_LIMIT = MAX_LENGTH - 3 - 8
words = st.lists(
    st.one_of(
        st.sampled_from(["the", "denied", "[SEP]", "é", "größe", "中文", "…", "x1"]), st.text(max_size=4)
    )
).map(" ".join)
texts = words.filter(lambda text: not pair_problem(text, text))


@pytest.fixture(scope="module")
def encoder(tiny_checkpoint: Checkpoint) -> PairEncoder:
    return PairEncoder(tiny_checkpoint)


@pytest.fixture(scope="module")
def plain(tiny_checkpoint: Checkpoint) -> Tokenizer:
    """The tokenizer as it lies on disk, without truncation; special tokens in a text are text."""
    tokenizer = Tokenizer.from_file(str(tiny_checkpoint.path / TOKENIZER))
    tokenizer.encode_special_tokens = True
    return tokenizer


def with_tokenizer(checkpoint: Checkpoint, place: Path, **changes: Any) -> Checkpoint:
    """A copy of a checkpoint whose tokenizer file says something else."""
    folder = Path(shutil.copytree(checkpoint.path, place))
    content = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    (folder / TOKENIZER).write_text(json.dumps({**content, **changes}), encoding="utf-8")
    return write_manifest(folder, temperature=1.5, max_length=MAX_LENGTH, provenance={})


@given(claim=texts, sentence=texts)
def test_the_claim_is_never_cut_and_a_cut_sentence_is_told(
    encoder: PairEncoder, plain: Tokenizer, claim: str, sentence: str
) -> None:
    whole_claim = plain.encode(claim, add_special_tokens=False).ids
    whole = plain.encode(claim, sentence).ids
    assume(len(whole_claim) <= MAX_LENGTH)  # longer ones: see test_classifier.py
    if len(whole_claim) > CLAIM_LIMIT:
        with pytest.raises(InputError, match="too long"):
            encoder.encode([(claim, sentence)])
        return
    encoded = encoder.encode([(claim, sentence)])
    ids = encoded.encodings[0].ids
    assert ids[: len(whole_claim) + 2] == [CLS, *whole_claim, SEP]
    assert ids[:-1] == whole[: len(ids) - 1]
    assert ids[-1] == SEP
    assert len(ids) == min(len(whole), MAX_LENGTH) == encoded.lengths[0]
    assert encoded.truncated.tolist() == [len(whole) > MAX_LENGTH]


@pytest.mark.parametrize(("words_in_sentence", "cut"), [(60, False), (61, True), (100_000, True)])
def test_a_sentence_is_cut_only_where_it_does_not_fit(
    encoder: PairEncoder, words_in_sentence: int, cut: bool
) -> None:
    encoded = encoder.encode([("the", "the " * words_in_sentence)])
    assert encoded.lengths.tolist() == [MAX_LENGTH]
    assert encoded.truncated.tolist() == [cut]


def test_a_claim_is_refused_from_the_first_token_too_many(encoder: PairEncoder) -> None:
    assert encoder.encode([("the " * CLAIM_LIMIT, "met " * 99)]).lengths.tolist() == [MAX_LENGTH]
    with pytest.raises(
        InputError, match=rf"pair 1: the claim 'the .* at most {CLAIM_LIMIT} tokens.*never cut"
    ):
        encoder.encode([("the", "met"), ("the " * (CLAIM_LIMIT + 1), "met")])


@pytest.mark.parametrize("special", ["[SEP]", "[CLS]", "[PAD]", "[MASK]", "[UNK]", "[sep]"])
def test_the_name_of_a_special_token_in_a_text_is_text(
    encoder: PairEncoder, plain: Tokenizer, special: str
) -> None:
    number = plain.token_to_id(special)
    ids = encoder.encode([(f"a {special} b", special)]).encodings[0].ids
    assert ids.count(SEP) == 2
    assert ids.count(CLS) == 1
    assert number in (None, CLS, SEP) or number not in ids


def test_no_pairs_make_no_encodings(encoder: PairEncoder) -> None:
    encoded = encoder.encode([])
    assert encoded.encodings == []
    assert encoded.lengths.shape == encoded.truncated.shape == (0,)


def test_a_sentence_of_no_tokens_is_encoded(encoder: PairEncoder) -> None:
    assert encoder.encode([("they met", "\u200b")]).encodings[0].ids[-2:] == [SEP, SEP]


def test_what_the_tokenizer_file_says_of_cutting_and_padding_is_ignored(
    tiny_checkpoint: Checkpoint, encoder: PairEncoder, tmp_path: Path
) -> None:
    changed = with_tokenizer(
        tiny_checkpoint,
        tmp_path / "copy",
        truncation={"direction": "Left", "max_length": 9, "strategy": "LongestFirst", "stride": 0},
        padding={
            "strategy": {"Fixed": 40},
            "direction": "Left",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
    )
    pairs = [("the minister met", "he denied it"), ("the minister", "on monday " * 60)]
    expected = [encoding.ids for encoding in encoder.encode(pairs).encodings]
    assert [encoding.ids for encoding in PairEncoder(changed).encode(pairs).encodings] == expected


def test_a_claim_that_its_normaliser_expands_is_refused_as_too_long(
    tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    changed = with_tokenizer(tiny_checkpoint, tmp_path / "copy", normalizer={"type": "NFKC"})
    claim = "\u33c2" * 17  # 51 bytes; NFKC makes "a.m." of each sign: 68 tokens
    with pytest.raises(InputError, match="too long"):
        PairEncoder(changed).encode([(claim, "he denied it")])


@pytest.mark.parametrize("content", ["", "{}", "no json"])
def test_a_sealed_file_that_is_no_tokenizer_is_refused(
    tiny_checkpoint: Checkpoint, tmp_path: Path, content: str
) -> None:
    folder = Path(shutil.copytree(tiny_checkpoint.path, tmp_path / "copy"))
    (folder / TOKENIZER).write_text(content, encoding="utf-8")
    sealed = write_manifest(folder, temperature=1.5, max_length=MAX_LENGTH, provenance={})
    with pytest.raises(CheckpointError, match="cannot be read as a tokenizer"):
        PairEncoder(sealed)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("a", "b"), "ab"], r"pair 1: is 'ab'; expected \(claim, sentence\)"),
        (("claim", "sentence"), "pair 0: is 'claim'"),
        ("claim", "pairs is the text 'claim'; expected a sequence"),
        ([("a",)], "pair 0: is "),
        ([("a", "b", "c")], "pair 0: is "),
        ([None], "pair 0: is None"),
        ([{"claim": "a", "sentence": "b"}], "pair 0: is "),
        ([("a", "b"), ("", "b")], "pair 1: claim is empty; expected a text"),
        ([("a", " \n\t\u00a0")], "pair 0: sentence is empty"),
        ([(None, "b")], r"claim is None \(NoneType\); expected a text"),
        ([("a", 3)], r"sentence is 3 \(int\)"),
        ([("a", b"b")], r"sentence is b'b' \(bytes\)"),
        ([("a", float("nan"))], r"sentence is nan \(float\)"),
        ([("a\ud800", "b")], "claim holds a lone surrogate"),
    ],
)
def test_what_is_no_pair_of_texts_is_refused_by_its_index(pairs: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_pairs(pairs)


@pytest.mark.parametrize("pairs", [None, 5])
def test_what_is_no_sequence_is_refused(pairs: Any) -> None:
    with pytest.raises(InputError, match="expected a sequence"):
        check_pairs(pairs)


def test_lists_and_named_tuples_are_pairs() -> None:
    from stance.schema import Pair

    assert check_pairs([["a", "b"], Pair("c", "d")]) == [("a", "b"), ("c", "d")]  # type: ignore[list-item]


SPECIAL = {"sep": ["[SEP]", SEP], "cls": ["[CLS]", CLS]}
BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
ROBERTA = {"type": "RobertaProcessing", "trim_offsets": True, "add_prefix_space": False, **SPECIAL}
PROCESSORS: dict[str, Any] = {
    "bert": {"type": "BertProcessing", **SPECIAL},
    "roberta": ROBERTA,
    "bytes": BYTES,
}


@pytest.fixture(scope="module", params=["template", *PROCESSORS, "none"])
def joining(
    request: pytest.FixtureRequest, tiny_checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory
) -> Checkpoint:
    """The tiny checkpoint, with one of the ways in which tokenizers put two texts together."""
    if request.param == "template":
        return tiny_checkpoint
    place = tmp_path_factory.mktemp(request.param) / "copy"
    return with_tokenizer(tiny_checkpoint, place, post_processor=PROCESSORS.get(request.param))


@settings(max_examples=40)
@given(pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
def test_pairs_that_are_joined_are_those_that_the_tokenizer_gives(
    joining: Checkpoint, pairs: list[tuple[str, str]]
) -> None:
    encoder = PairEncoder(joining)
    assume(not any(encoder.claim_problem(claim) for claim, _ in pairs))
    cutting = Tokenizer.from_file(str(joining.path / TOKENIZER))
    cutting.encode_special_tokens = True
    cutting.enable_truncation(MAX_LENGTH, strategy="only_second")
    crossed = [(claim, sentence * times) for claim, _ in pairs for _, sentence in pairs for times in (1, 20)]
    encoded = encoder.encode(crossed)
    for one, whole in zip(encoded.encodings, cutting.encode_batch(crossed), strict=True):
        for name in ("ids", "type_ids", "attention_mask", "offsets"):
            assert getattr(one, name) == getattr(whole, name)
        assert [place == 1 for place in one.sequence_ids] == [place == 1 for place in whole.sequence_ids]
        assert bool(one.overflowing) == bool(whole.overflowing)


@pytest.mark.parametrize("claim_words", [1, CLAIM_LIMIT - 1])
def test_what_is_cut_from_a_sentence_is_not_kept_for_every_claim(
    joining: Checkpoint, claim_words: int
) -> None:
    pairs = [("met " * (claim_words - 1) + letter, "the " * 5000) for letter in "abcdefghijklmnop"]
    encoded = PairEncoder(joining).encode(pairs)
    assert encoded.truncated.all()
    for encoding in encoded.encodings:
        assert len(encoding) + sum(map(len, encoding.overflowing)) <= 2 * MAX_LENGTH


@given(
    lengths=st.lists(st.integers(1, 512), max_size=300),
    batch_size=st.one_of(st.none(), st.integers(1, 400)),
)
def test_batches_hold_every_pair_once_longest_first(lengths: list[int], batch_size: int | None) -> None:
    batches = [
        batch.tolist() for batch in token_batches(np.array(lengths, dtype=np.int64), TOKENS, batch_size)
    ]
    order = [index for batch in batches for index in batch]
    assert sorted(order) == list(range(len(lengths)))
    assert [lengths[i] for i in order] == sorted(lengths, reverse=True)
    for batch in batches:
        assert len({lengths[i] for i in batch}) == 1
        if batch_size is None:
            assert len(batch) * lengths[batch[0]] <= TOKENS
        else:
            assert len(batch) <= batch_size


@given(lengths=st.lists(st.integers(1, 512), min_size=1, max_size=300), at_once=st.integers(2, 16))
def test_few_pairs_are_shared_out_among_those_that_compute(lengths: list[int], at_once: int) -> None:
    batches = list(token_batches(np.array(lengths, dtype=np.int64), TOKENS, at_once=at_once))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    shared = [len(batch) * lengths[batch[0]] for batch in batches if len(batch) > 1]
    assert all(tokens <= sum(lengths) / (2 * at_once) for tokens in shared)


@given(lengths=st.lists(st.integers(1, 512), min_size=1, max_size=300), longest=st.integers(1, 512))
def test_what_a_pair_is_padded_to_follows_from_its_own_length(lengths: list[int], longest: int) -> None:
    kept = np.minimum(np.array(lengths, dtype=np.int64), longest)
    widths = padded(kept, longest)
    assert (kept <= widths).all()
    assert (widths <= longest).all()
    assert ((widths % LENGTH_STEP == 0) | (widths == longest)).all()
    assert (widths - kept < LENGTH_STEP).all()
    for batch in token_batches(widths, TOKENS):
        assert len(set(widths[batch])) == 1  # or the padding would follow from the neighbours


@given(counts=st.lists(st.integers(0, 100), max_size=20))
def test_batches_have_few_shapes(counts: list[int]) -> None:
    widths = np.repeat(np.arange(len(counts)) * LENGTH_STEP + LENGTH_STEP, counts)
    for batch in token_batches(widths, TOKENS):
        full = max(1, TOKENS // int(widths[batch[0]]))
        assert len(batch) in {full, *(1 << power for power in range(full.bit_length()))}


def test_a_pair_longer_than_the_budget_stands_alone() -> None:
    batches = list(token_batches(np.array([5, TOKENS + 1, 7]), TOKENS))
    assert [batch.tolist() for batch in batches] == [[1], [2], [0]]


def test_a_batch_is_padded_at_the_end(encoder: PairEncoder) -> None:
    encodings = encoder.encode([("the", "met"), ("the", "met on monday")]).encodings
    names = ["token_type_ids", "input_ids", "attention_mask"]
    arrays = pad_batch(encodings, names, MAX_LENGTH, pad_id=1)
    assert list(arrays) == names
    assert all(array.dtype == np.int64 and array.shape == (2, LENGTH_STEP) for array in arrays.values())
    assert arrays["input_ids"].tolist() == [[*encodings[0].ids, 1, 1, 1], [*encodings[1].ids, 1]]
    assert arrays["attention_mask"].tolist() == [[1, 1, 1, 1, 1, 0, 0, 0], [1] * 7 + [0]]
    assert arrays["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1, 0]]
    assert pad_batch(encodings, ["input_ids"], 7)["input_ids"].shape == (2, 7)


@pytest.mark.parametrize(("given_id", "expected"), [(1, 1), (0, 0), (None, 0), ("absent", 0)])
def test_the_padding_id_is_the_one_of_the_model(
    tiny_checkpoint: Checkpoint, tmp_path: Path, given_id: Any, expected: int
) -> None:
    folder = Path(shutil.copytree(tiny_checkpoint.path, tmp_path / "copy"))
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    del config["pad_token_id"]
    if given_id != "absent":
        config["pad_token_id"] = given_id
    (folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    sealed = write_manifest(folder, temperature=1.5, max_length=MAX_LENGTH, provenance={})
    assert pad_id_of(sealed) == expected
