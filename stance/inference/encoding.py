"""Tokenising pairs and cutting them into batches.

The claim is never cut: what does not fit is taken from the end of the sentence, and said so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from stance.checkpoint import CONFIG, TOKENIZER, Checkpoint, read_json_object
from stance.errors import CheckpointError, InputError

LENGTH_STEP = 8
"""Pairs are padded to a multiple of this, and share a batch only with pairs of the same padded length: what
is computed for a pair depends on nothing but the pair, to the last bit. With padding that follows the longest
pair of a batch, 16 bits move probabilities by more than law 2 of the design allows. Smaller steps make more
and smaller batches, larger ones more padding; both are slower."""

TOKENS_PER_BYTE = 6
"""No tokenizer makes more tokens than this of one byte outside of ASCII (normalisation can expand a sign)."""

INPUTS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
"""What a network can take, and what an encoding calls it."""

LARGEST_VOCABULARY = 1 << 31
"""Beyond it an id is no number that networks compute with."""

ROOM_FOR_SENTENCE = 8
"""Tokens that a claim must leave to the sentence."""


class EncodedPairs(NamedTuple):
    """Tokenised pairs: one encoding a pair, and whether its sentence was cut."""

    encodings: list[Encoding]
    truncated: npt.NDArray[np.bool_]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of every pair, shape ``(n_pairs,)``."""
        return np.array([len(encoding.ids) for encoding in self.encodings], dtype=np.int64)


class Outputs(NamedTuple):
    """What a network gives for pairs.

    Attributes
    ----------
    logits : ndarray of shape (n_pairs, 3), float32
    spans : list of ndarray of shape (n_tokens, 2), optional
        For every pair how likely the voice begins and ends at each token; ``None`` without a voice head.
    """

    logits: npt.NDArray[np.float32]
    spans: list[npt.NDArray[np.float32]] | None


class PairEncoder:
    """Turns pairs of texts into token ids for one checkpoint."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        # pairs are cut here and not by what the tokenizer file happens to say; a "[SEP]" in a text
        # is text
        self._tokenizer, self._bare = (_load_tokenizer(checkpoint.path / TOKENIZER) for _ in range(2))
        for tokenizer in (self._tokenizer, self._bare):
            tokenizer.no_padding()
            tokenizer.no_truncation()
            tokenizer.encode_special_tokens = True
        self._bare.post_processor = None  # it has its turn when texts are joined
        special = self._tokenizer.num_special_tokens_to_add(is_pair=True)
        self._room = checkpoint.max_length - special
        self._tokenizer.enable_truncation(max_length=checkpoint.max_length, strategy="only_second")
        self._claim_limit = self._room - ROOM_FOR_SENTENCE
        self._vocabulary = vocabulary_of(checkpoint)

    def encode(self, pairs: Sequence[tuple[str, str]], *, first: int = 0) -> EncodedPairs:
        """Tokenise checked pairs.

        Parameters
        ----------
        pairs : sequence of (claim, sentence)
        first : int
            The index of the first pair, for messages.

        Raises
        ------
        InputError
            If a claim leaves no room for the sentence; the message names the pair.
        """
        places = {claim: place for place, (claim, _) in reversed(list(enumerate(pairs, start=first)))}
        for claim, place in sorted(places.items(), key=itemgetter(1)):
            problem = self.claim_problem(claim)
            if problem:
                raise InputError(f"pair {place}: {problem}")
        encodings = self._joined(pairs)
        if any(max(encoding.ids, default=0) >= self._vocabulary for encoding in encodings):
            raise CheckpointError(
                f"the tokenizer has tokens beyond the {self._vocabulary:,} that the network knows "
                f"(vocab_size in {CONFIG}); it belongs to another model"
            )
        truncated = np.array([bool(encoding.overflowing) for encoding in encodings], dtype=np.bool_)
        return EncodedPairs(encodings, truncated)

    def _joined(self, pairs: Sequence[tuple[str, str]]) -> list[Encoding]:
        """Tokenise every different text once and join the pairs, which is three times as fast."""
        claims = list(dict.fromkeys(claim for claim, _ in pairs))
        sentences = list(dict.fromkeys(sentence for _, sentence in pairs))
        # behind an empty claim, so that a sentence has the type of a second text
        seconds = self._bare.encode_batch([("", sentence) for sentence in sentences])
        for encoding in seconds:
            _cut(encoding, self._room + 1)
        claim_of = dict(zip(claims, self._bare.encode_batch(claims), strict=True))
        sentence_of = dict(zip(sentences, seconds, strict=True))
        return [self._join(claim_of[claim], sentence_of[sentence]) for claim, sentence in pairs]

    def _join(self, claim: Encoding, sentence: Encoding) -> Encoding:
        room = self._room - len(claim)
        if len(sentence) > room:
            sentence = Encoding.merge([sentence], growing_offsets=False)  # a copy, for this claim alone
            _cut(sentence, room + 1)  # not to room: the tokenizer cuts the last one, and says so
        return self._tokenizer.post_process(claim, sentence)

    def claim_problem(self, claim: str) -> str:
        """Say why a claim is too long; empty when it is not."""
        if _most_tokens(claim) <= self._claim_limit:
            return ""  # short enough without counting
        tokens = len(self._bare.encode(claim, add_special_tokens=False).ids)
        if tokens <= self._claim_limit:
            return ""
        return (
            f"the claim {claim[:40]!r}... is too long: this model takes claims of at most "
            f"{self._claim_limit} tokens, and a claim is never cut; put it in fewer words"
        )


def padded(lengths: npt.NDArray[np.int64], longest: int) -> npt.NDArray[np.int64]:
    """Return to what lengths pairs are padded, at most to the longest input of the model."""
    steps: npt.NDArray[np.int64] = -(-lengths // LENGTH_STEP) * LENGTH_STEP
    return np.minimum(steps, longest)


def token_batches(
    widths: npt.NDArray[np.int64], tokens: int, batch_size: int | None = None, *, at_once: int = 1
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the indices of batches of the same padded length, longest first.

    What is too few for a full batch goes in powers of two: runtimes keep something in memory for every shape
    that they have seen.

    Parameters
    ----------
    widths : ndarray of shape (n_pairs,)
        Padded tokens of every pair (:func:`padded`).
    tokens : int
        Padded tokens in one batch at most; a longer pair stands alone.
    batch_size : int, optional
        Pairs in one batch at most, instead of ``tokens``.
    at_once : int
        Batches that are computed side by side: few pairs are shared out among them.
    """
    if at_once > 1:  # two batches for each, so that they end at about the same time
        tokens = min(tokens, int(widths.sum()) // (2 * at_once))
    if not len(widths):
        return
    order = np.argsort(-widths, kind="stable")
    starts = np.flatnonzero(np.diff(widths[order], prepend=-1))
    for alike in np.split(order, starts[1:]):
        size = batch_size or max(1, tokens // int(widths[alike[0]]))
        while len(alike):
            count = size if len(alike) >= size else 1 << (len(alike).bit_length() - 1)
            yield alike[:count]
            alike = alike[count:]


def pad_batch(
    encodings: Sequence[Encoding], input_names: Sequence[str], longest: int, pad_id: int = 0
) -> dict[str, npt.NDArray[np.int64]]:
    """Return the int64 inputs of the network, each of shape ``(n_pairs, n_tokens)``."""
    lengths = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    shape = len(encodings), int(padded(lengths, longest).max())
    arrays = {}
    for name in input_names:
        array = np.full(shape, pad_id if name == "input_ids" else 0, dtype=np.int64)
        for row, encoding in enumerate(encodings):
            values = getattr(encoding, INPUTS[name])
            array[row, : len(values)] = values
        arrays[name] = array
    return arrays


def keep_spans(
    spans: list[npt.NDArray[np.float32]],
    batch: npt.NDArray[np.float32],
    encodings: Sequence[Encoding],
    indices: npt.NDArray[np.int64],
) -> None:
    """Put the spans of a batch, shape ``(n_pairs, n_tokens, 2)``, into their places, without the padding."""
    for row, index in enumerate(indices):
        spans[index] = np.array(batch[row, : len(encodings[index].ids)], dtype=np.float32)


def pad_id_of(checkpoint: Checkpoint) -> int:
    """Return the id that pads a batch: from the model's configuration, 0 where it names none.

    Raises
    ------
    CheckpointError
        If the network knows no such token.
    """
    value = read_json_object(checkpoint.path / CONFIG).get("pad_token_id")
    if type(value) is not int:
        return 0
    if not 0 <= value < vocabulary_of(checkpoint):
        raise CheckpointError(
            f"{checkpoint.path / CONFIG}: pad_token_id is {value!r:.40}; expected one of the "
            f"{vocabulary_of(checkpoint):,} tokens of the network"
        )
    return value


def vocabulary_of(checkpoint: Checkpoint) -> int:
    """Return how many tokens the network knows; where its configuration does not tell, any number."""
    value = read_json_object(checkpoint.path / CONFIG).get("vocab_size")
    return value if type(value) is int and value > 0 else LARGEST_VOCABULARY


def _most_tokens(text: str) -> int:
    """Return what no tokenizer exceeds: a token for each letter, and one that some put in front."""
    return 1 + (len(text) if text.isascii() else TOKENS_PER_BYTE * len(text.encode("utf-8")))


def _cut(encoding: Encoding, length: int) -> None:
    """Cut an encoding. The library keeps what the last cut took away; here that is one token at most."""
    encoding.truncate(length + 1)
    encoding.truncate(length)


def _load_tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise CheckpointError(f"{path} cannot be read as a tokenizer: {error}") from error
