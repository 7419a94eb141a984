"""StanceClassifier: the one class that users hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, overload

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding

from stance.checkpoint import Checkpoint
from stance.errors import CheckpointError, InputError
from stance.inference.ahead import one_ahead
from stance.inference.answers import AnsweredPairs, Pairs, softmax
from stance.inference.encoding import (
    EncodedPairs,
    Outputs,
    PairEncoder,
    padded,
    token_batches,
)
from stance.inference.finding import find_checkpoint
from stance.inference.sanity import tell_doubts
from stance.questions import ABSTAIN, check_batch_size, check_pairs, least_confidence, pair_problem
from stance.schema import LABELS, Label, Prediction

PAIRS_PER_CHUNK = 2048
"""Pairs that are tokenised and sorted together; bounds the memory of a call."""


class Backend(Protocol):
    """What runs the network."""

    @property
    def description(self) -> str:
        """Runtime, precision and device, for people."""
        ...

    @property
    def arithmetic(self) -> str:
        """Of these, what decides the last digits."""
        ...

    @property
    def at_once(self) -> int:
        """Batches that are computed side by side."""
        ...

    @property
    def tokens_per_batch(self) -> int:
        """Padded tokens that a batch should hold at most."""
        ...

    def compute(self, encodings: Sequence[Encoding], batches: Sequence[npt.NDArray[np.int64]]) -> Outputs:
        """Compute what the network gives for all pairs, batch by batch; called by several threads."""
        ...


class StanceClassifier:
    """Labels (claim, sentence) pairs as ``supports``, ``denies`` or ``neutral``.

    Build one with :meth:`from_pretrained`. It may be shared by threads, sent to other processes and used
    further in a forked one (on the CPU; CUDA itself works in spawned processes only).

    Attributes
    ----------
    classes_ : tuple of Label
        The order of the columns of :meth:`predict_proba`.
    checkpoint : Checkpoint
        Where the weights come from.
    """

    classes_ = LABELS

    def __init__(self, checkpoint: Checkpoint, backend: Backend) -> None:
        self.checkpoint = checkpoint
        self._backend = backend
        self._encoder = PairEncoder(checkpoint)

    def __reduce__(self) -> tuple[type[StanceClassifier], tuple[Checkpoint, Backend]]:
        return type(self), (self.checkpoint, self._backend)

    @classmethod
    def from_pretrained(
        cls,
        path_or_hub_id: str | Path | None = None,
        *,
        device: str = "auto",
        threads: int | None = None,
    ) -> StanceClassifier:
        """Open a checkpoint.

        One that fails any of three plain cases (the claim itself, an explicit denial, something unrelated) is
        opened too, with a warning in the log ``stance``.

        Parameters
        ----------
        path_or_hub_id : str or Path, optional
            A checkpoint folder, or the id of one on the Hugging Face hub (``ID@REVISION`` is one state of
            it); by default the checkpoint that is embedded in the package, which needs no network.
        device : {"auto", "cpu", "cuda"}
            ``"auto"`` takes CUDA where torch is installed and sees a device, else the CPU.
        threads : int, optional
            CPU threads that run the network; by default all cores that this process may use.

        Raises
        ------
        CheckpointError
            If it is no stance checkpoint, or a damaged one.
        InputError
            If the device is unknown or not there, or threads are asked of a GPU.
        MissingExtraError
            If CUDA is asked for by name and torch is not installed.
        """
        if device not in ("auto", "cpu", "cuda"):
            raise InputError(f"device is {device!r}; expected 'auto', 'cpu' or 'cuda'")
        if threads is not None and (type(threads) is not int or threads < 1):
            raise InputError(f"threads is {threads!r:.40}; expected a whole number of at least 1")
        checkpoint = find_checkpoint(path_or_hub_id)
        from stance.inference.gpu import TorchBackend, cuda_is_there

        backend: Backend
        if device == "cuda" or (device == "auto" and cuda_is_there()):
            if threads is not None:
                raise InputError(
                    f"threads is {threads}, but CUDA computes; leave it out or use the device 'cpu'"
                )
            backend = TorchBackend(checkpoint, device="cuda")
        else:
            from stance.inference.cpu import CpuBackend

            backend = CpuBackend(checkpoint, threads=threads)
        classifier = cls(checkpoint, backend)
        if path_or_hub_id is not None:  # the embedded one is held to more than that by the tests
            tell_doubts(classifier)
        return classifier

    @property
    def runtime(self) -> str:
        """What computes, in which precision, on how many threads."""
        return self._backend.description

    @property
    def arithmetic(self) -> str:
        """What of the runtime decides the last digits: with the same, answers are the same."""
        return self._backend.arithmetic

    def predict_proba(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        batch_size: int | None = None,
        progress: bool = False,
    ) -> npt.NDArray[np.float32]:
        """Return calibrated probabilities.

        Parameters
        ----------
        pairs : sequence of (claim, sentence)
        batch_size : int, optional
            Pairs computed together; by default chosen by their length.
        progress : bool
            Show a progress bar on stderr.

        Returns
        -------
        ndarray of shape (n_pairs, 3), float32
            Columns in the order of ``classes_``; rows sum to 1.

        Raises
        ------
        InputError
            If a pair is not two non-empty texts, or a claim is too long.
        """
        parts = [np.empty((0, len(LABELS)), dtype=np.float32)]
        parts += [chunk.probabilities for chunk in self._chunks(pairs, batch_size, progress=progress)]
        return np.concatenate(parts)

    @overload
    def predict(
        self, pairs: Pairs, *, batch_size: int | None = None, progress: bool = False
    ) -> list[Label]: ...

    @overload
    def predict(
        self,
        pairs: Pairs,
        *,
        batch_size: int | None = None,
        progress: bool = False,
        min_confidence: float | None = None,
        max_risk: float | None = None,
    ) -> list[Label | str]: ...

    def predict(
        self,
        pairs: Pairs,
        *,
        batch_size: int | None = None,
        progress: bool = False,
        min_confidence: float | None = None,
        max_risk: float | None = None,
    ) -> list[Label] | list[Label | str]:
        """Return the most probable label of every pair.

        Parameters
        ----------
        pairs, batch_size, progress
            As for :meth:`predict_proba`.
        min_confidence : float, optional
            Give ``"abstain"`` where the probability of the label is smaller.
        max_risk : float, optional
            The same, with the confidence that kept the share of wrong labels to this on the validation
            data of the checkpoint: one of the risks it records, such as 0.05. On data that are harder
            than those the share is larger.

        Raises
        ------
        InputError
            As for :meth:`predict_proba`; if both are given, or the checkpoint does not record the risk.
        """
        recorded = {} if max_risk is None else self.checkpoint.confidence_for_risk
        least = least_confidence(min_confidence, max_risk, recorded)
        probabilities = self.predict_proba(pairs, batch_size=batch_size, progress=progress)
        # as Python's floats: NumPy would round the least confidence to float32, one just above 1 to 1
        return [LABELS[int(row.argmax())] if float(row.max()) >= least else ABSTAIN for row in probabilities]

    def classify(self, claim: str, sentence: str) -> Prediction:
        """Classify one pair; errors as :meth:`classify_pairs`."""
        return self.classify_pairs([(claim, sentence)])[0]

    def classify_pairs(
        self, pairs: Sequence[tuple[str, str]], *, batch_size: int | None = None
    ) -> list[Prediction]:
        """Return label, probabilities, voice and whether the sentence was cut, for every pair.

        Parameters
        ----------
        pairs, batch_size
            As for :meth:`predict_proba`, and with its errors.
        """
        chunks = self._chunks(pairs, batch_size, progress=False)
        return [prediction for chunk in chunks for prediction in chunk.predictions()]

    def encode(self, pairs: Pairs) -> EncodedPairs:
        """Tokenise pairs, as :meth:`classify_encoded` takes them; errors as :meth:`classify_pairs`."""
        return self._encoder.encode(check_pairs(pairs))

    def classify_encoded(self, pairs: Pairs, encoded: EncodedPairs) -> list[Prediction]:
        """Return what :meth:`classify_pairs` does, for pairs that were tokenised before."""
        return list(self._run_chunk(pairs, encoded, None).predictions())

    def pair_problem(self, claim: object, sentence: object) -> str:
        """Say why a pair cannot be classified by this model; empty when it can."""
        problem = pair_problem(claim, sentence)
        return problem or self._encoder.claim_problem(str(claim))

    def _chunks(self, pairs: Pairs, batch_size: int | None, *, progress: bool) -> Iterable[AnsweredPairs]:
        check_batch_size(batch_size)
        checked = check_pairs(pairs)
        starts = range(0, len(checked), PAIRS_PER_CHUNK)

        def encoded(start: int) -> tuple[Pairs, EncodedPairs]:
            pairs = checked[start : start + PAIRS_PER_CHUNK]
            return pairs, self._encoder.encode(pairs, first=start)

        chunks = (self._run_chunk(*both, batch_size) for both in one_ahead(encoded, starts))
        if not progress:
            return chunks
        from rich.console import Console
        from rich.progress import track

        return track(chunks, "classifying", total=len(starts), console=Console(stderr=True))

    def _run_chunk(self, pairs: Pairs, encoded: EncodedPairs, batch_size: int | None) -> AnsweredPairs:
        widths = padded(encoded.lengths, self.checkpoint.max_length)
        backend = self._backend
        batches = list(token_batches(widths, backend.tokens_per_batch, batch_size, at_once=backend.at_once))
        outputs = backend.compute(encoded.encodings, batches)
        if not all(np.isfinite(values).all() for values in (outputs.logits, *(outputs.spans or []))):
            raise CheckpointError(
                f"the network of {str(self.checkpoint.path)!r} gave values that are not finite; "
                "its weights are unusable"
            )
        probabilities = softmax(outputs.logits / self.checkpoint.temperature)
        return AnsweredPairs(pairs, encoded, probabilities, outputs.spans)
