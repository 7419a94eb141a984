"""Public labelled data: where each set is found, its licence, and how its columns and labels map.

A source is read from a local file that holds the columns ``claim``, ``sentence``, ``label``,
``source`` and ``group``, or from the Hugging Face hub where it is there. None of it is part of
this project.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from stance.corpus.examples import Example, parse_example
from stance.errors import InputError, require
from stance.schema import LABELS, Label
from stance.tables import read_table

VALIDATION_PERCENT = 2
"""Share of a source's groups, chosen by their hash, that is kept out of training for validation."""

_NLI = {0: Label.SUPPORTS, 1: Label.NEUTRAL, 2: Label.DENIES}
_FEVER = {"SUPPORTS": Label.SUPPORTS, "REFUTES": Label.DENIES, "NOT ENOUGH INFO": Label.NEUTRAL}


@dataclass(frozen=True, slots=True)
class Source:
    """One public data set.

    ``hub_test`` is the split on the hub to evaluate on, empty where there is none that may be used;
    ``claim`` and ``sentence`` name the columns on the hub; ``labels`` maps its label values to
    ours; ``treebank`` says that its text is tokenised the Penn Treebank way.
    """

    origin: str
    licence: str
    hub_id: str | None = None
    hub_split: str = "train"
    hub_test: str = ""
    claim: str = "hypothesis"
    sentence: str = "premise"
    labels: Mapping[Any, Label] = field(default_factory=dict)
    treebank: bool = False


SOURCES: Mapping[str, Source] = {
    "lingnli": Source("Alicia-Parrish/ling_in_loop", "none stated; premises of MNLI"),
    "nli_protocols": Source("google-research-datasets/Textual-Entailment-New-Protocols", "CC BY-SA 3.0"),
    "vitaminc": Source(
        "TalSchuster/VitaminC",
        "CC BY-SA 3.0",
        hub_id="tals/vitaminc",
        claim="claim",
        sentence="evidence",
        labels=_FEVER,
        treebank=True,
    ),
    "snli": Source("Stanford SNLI", "CC BY-SA 4.0", hub_id="stanfordnlp/snli", hub_test="test", labels=_NLI),
    "mnli": Source(
        "nyu-mll/multiNLI",
        "OANC, CC BY, CC BY-SA",
        hub_id="nyu-mll/multi_nli",
        hub_test="validation_mismatched",
        labels=_NLI,
    ),
    "vitaminc_synthetic": Source("TalSchuster/VitaminC", "CC BY-SA 3.0", treebank=True),
    "fever": Source("fever.ai", "CC BY-SA 3.0", treebank=True),
    "conjnli": Source("swarnaHub/ConjNLI", "MIT"),
    "semi_auto_nli_wiki": Source("nyu-mll/semi-automatic-nli, Wikipedia part", "CC BY-SA"),
    "cad_nli": Source("acmi-lab/counterfactually-augmented-data", "Apache-2.0"),
    "fnc1_unrelated": Source("FakeNewsChallenge/fnc-1", "Apache-2.0 by the challenge page"),
    "fever_nei": Source("fever.ai", "CC BY-SA 3.0", treebank=True),
    "fever_nli": Source("fever.ai", "CC BY-SA 3.0", treebank=True),
    "fool_me_twice": Source("google-research/fool-me-twice", "Apache-2.0"),
    "emergent": Source("willferreira/mscproject, for and against only", "none stated"),
    "check_covid": Source("posuer/Check-COVID", "MIT"),
    "scifact": Source("allenai/scifact", "CC BY 4.0"),
}


def load_source(name: str, split: str, local: Path | None) -> list[Example]:
    """Read one public source, from the local file where there is one, else from the hub.

    Parameters
    ----------
    name : str
        A key of ``SOURCES``.
    split : {"train", "validation"}
        By groups: a fixed ``VALIDATION_PERCENT`` of them is validation.
    local : Path, optional
        A table with the columns ``claim``, ``sentence``, ``label``, ``source``, ``group``.

    Raises
    ------
    InputError
        If the source is unknown or can be had from neither place.
    """
    if name not in SOURCES:
        raise InputError(f"source {name!r} is unknown; expected one of {', '.join(SOURCES)}")
    if split not in ("train", "validation"):
        raise InputError(f"source {name!r} has no split {split!r}; expected 'train' or 'validation'")
    source = SOURCES[name]
    if local is not None:
        modified = local.stat().st_mtime_ns if local.is_file() else 0
        examples = _read_local(local, modified).get(name, [])
        if not examples:
            raise InputError(f"{str(local)!r} has no rows of source {name!r}")
    elif source.hub_id is not None:
        examples = list(_read_hub(name, source, source.hub_split))
    else:
        raise InputError(
            f"source {name!r} is not on the hub; get it from {source.origin} ({source.licence}), write "
            "the columns claim, sentence, label, source, group to a Parquet file and pass it with "
            "--set public=FILE"
        )
    wants_validation = split == "validation"
    return [
        _mended(example) if source.treebank else example
        for example in examples
        if is_validation_group(example.group) == wants_validation
    ]


HUB_TESTS = tuple(name for name, source in SOURCES.items() if source.hub_test)
"""Sources whose test split is on the hub; not VitaminC: the training mixture has most of its test pages."""


def load_hub_test(name: str) -> list[Example]:
    """Read the test split of one of ``HUB_TESTS``.

    Raises
    ------
    InputError
        If the hub cannot be reached.
    """
    return list(_read_hub(name, SOURCES[name], SOURCES[name].hub_test))


def is_validation_group(group: str) -> bool:
    """Whether a group belongs to the validation part: fixed by its hash, the same everywhere."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") % 100 < VALIDATION_PERCENT


def undo_treebank(text: str) -> str:
    """Turn Penn Treebank tokens back into plain text: brackets, quotes, spaces before stops.

    >>> undo_treebank("It was released in 1965 -LRB- the year of `` Help ! '' -RRB- .")
    'It was released in 1965 (the year of "Help!").'
    """
    text = text.replace("-LRB-", "(").replace("-RRB-", ")").replace("-LSB-", "[").replace("-RSB-", "]")
    text = text.replace("-COLON-", ":").replace(" -- ", " – ")
    return str(_detokenizer().detokenize(text.split()))


@lru_cache(maxsize=1)
def _detokenizer() -> Any:
    return require("nltk.tokenize.treebank", "train").TreebankWordDetokenizer()


def _mended(example: Example) -> Example:
    return example._replace(claim=undo_treebank(example.claim), sentence=undo_treebank(example.sentence))


@lru_cache(maxsize=1)
def _read_local(file: Path, modified: int) -> dict[str, list[Example]]:
    """Return the rows of a local file by source; ``modified`` makes a changed file a new one."""
    by_source: dict[str, list[Example]] = {}
    for row in read_table(file, ("claim", "sentence", "label", "source", "group")):
        where = f"{str(file)!r}, row {row.number}"
        if row.error:
            raise InputError(f"{where}: {row.error}; mend the row or remove it")
        example = parse_example(row.values, where, "")
        by_source.setdefault(example.source, []).append(example)
    return by_source


def _read_hub(name: str, source: Source, split: str) -> Iterator[Example]:
    datasets = require("datasets", "train")
    try:
        rows = datasets.load_dataset(source.hub_id, split=split)
    except (OSError, ValueError) as error:
        raise InputError(
            f"source {name!r} cannot be read from the hub ({source.hub_id}): {error}; give a local file: in "
            "training --set public=FILE, in evaluation --data FOLDER"
        ) from error
    for row in rows:
        label = source.labels.get(row["label"])
        claim, sentence = row[source.claim], row[source.sentence]
        if label in LABELS and claim and sentence:  # some sets mark rows without a gold label
            group = str(row.get("page") or row.get("promptID") or sentence)
            yield Example(claim, sentence, label, group, True, name)
