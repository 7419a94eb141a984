"""Which sources support a claim, which deny it, and in which sentence.

>>> from stance import StanceClassifier
>>> clf = StanceClassifier.from_pretrained()          # embedded checkpoint, CPU, no network
>>> clf.classify("The minister met the envoy.", "The ministry rejected reports of a meeting.")

Names are imported on first use, so that ``import stance`` itself costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from stance.articles import read_article
    from stance.check import check_article, compare_sources
    from stance.errors import StanceError
    from stance.inference.classifier import StanceClassifier
    from stance.schema import Article, Label, Pair, Prediction, Sentence
    from stance.segment import split_sentences
    from stance.verdicts import ArticleCheck, SourceComparison

_HOME = {
    "Article": "stance.schema",
    "ArticleCheck": "stance.verdicts",
    "Label": "stance.schema",
    "Pair": "stance.schema",
    "Prediction": "stance.schema",
    "Sentence": "stance.schema",
    "SourceComparison": "stance.verdicts",
    "StanceClassifier": "stance.inference.classifier",
    "StanceError": "stance.errors",
    "check_article": "stance.check",
    "compare_sources": "stance.check",
    "read_article": "stance.articles",
    "split_sentences": "stance.segment",
}

__all__ = [
    "Article",
    "ArticleCheck",
    "Label",
    "Pair",
    "Prediction",
    "Sentence",
    "SourceComparison",
    "StanceClassifier",
    "StanceError",
    "__version__",
    "check_article",
    "compare_sources",
    "read_article",
    "split_sentences",
]


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module 'stance' has no attribute {name!r}") from None
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
