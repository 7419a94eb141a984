"""The Fake News Challenge, stage 1: a headline against a whole article, four classes.

The article is cut into sentences; those most like the headline become a short passage, and models fine-tuned
by ``training/fnc1.toml`` give the passage's stance. A gradient boosting over their probabilities, those of
the embedded checkpoint for single sentences, and how much the two texts share decides between *agree*,
*disagree*, *discuss* and *unrelated*.

The test articles are about other stories than those of training, so everything that the boosting learns from
is said by models that have not seen the story: the training stories are cut into folds, and each fold is
judged by what was fitted to the others. How much each class counts is chosen in the same way: *disagree* is
one pair in fifty, and would hardly ever be said otherwise. Nothing is chosen on the test set.

    make fnc1 FNC=/path/to/folder

The folder holds ``fnc1_train.parquet`` and ``fnc1_test.parquet`` (claim, sentence, orig_label).

Writes ``training/results/fnc1.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from stance import StanceClassifier, split_sentences
from stance.checkpoint import default_checkpoint
from stance.corpus.shallow import DENIAL_WORDS, words
from stance.evaluation.fnc import FNC_LABELS, fnc_score
from stance.evaluation.metrics import f1_of
from stance.resampling import count_pairs, estimate, resample
from stance.results import write_result
from stance.schema import LABELS
from stance.tables import read_table, write_table
from stance.train.config import DataPart
from stance.train.libraries import prepare_libraries
from stance.train.recipe import load_config
from stance.train.trainer import train

RECIPE = Path("training/fnc1.toml")
RUNS = Path("runs/fnc1")
PUBLISHED = {"best of the challenge": {"fnc_score": 0.820, "macro_f1": 0.60, "disagree_f1": 0.15}}
STANCE_OF = {"agree": "supports", "disagree": "denies", "discuss": "neutral"}
FOLDS = 3
"""Parts of the training stories; as many passage models are fine-tuned."""

PASSAGE = 3
"""Sentences most like the headline that make up the passage, besides the first of the article."""

PASSAGE_CHARACTERS = 500
SENTENCES = 8
"""Sentences that are scored one by one."""

RELATED = 0.02
"""Least probability of being related for a pair whose stance is computed at all."""

FACTORS = (1.0, *(2.0 ** (step / 2) for step in range(-4, 9) if step))
"""Factors that are tried for the probability of a class; of equal ones the first wins."""

ROUNDS = 3
"""How often every class is gone over."""


class Pair(NamedTuple):
    """A headline, an article, the class, and the number of the article's story."""

    headline: str
    body: str
    label: str
    story: int


class Ranked(NamedTuple):
    """Sentences of an article, most like the headline first, with their cosines."""

    order: npt.NDArray[np.int64]
    cosine: npt.NDArray[np.float64]


class Articles:
    """Sentences of every article and their TF-IDF vectors, made once."""

    def __init__(self, bodies: Sequence[str], vectorizer: TfidfVectorizer) -> None:
        self._vectorizer = vectorizer
        self.sentences = {body: [s.text for s in split_sentences(body)] or [body] for body in set(bodies)}
        self._vectors = {body: vectorizer.transform(texts) for body, texts in self.sentences.items()}
        self._whole = dict(zip(self.sentences, vectorizer.transform(list(self.sentences)), strict=True))
        self._heads: dict[str, Any] = {}

    def rank(self, pair: Pair) -> Ranked:
        """Order the sentences of the article by likeness to the headline."""
        cosine = (self._vectors[pair.body] @ self._head(pair.headline).T).toarray()[:, 0]
        return Ranked(np.argsort(-cosine, kind="stable"), cosine)

    def passage(self, pair: Pair) -> str:
        """Return the sentences most like the headline, in the order of the article."""
        best = sorted({0, *self.rank(pair).order[:PASSAGE].tolist()})
        return " ".join(self.sentences[pair.body][i] for i in best)[:PASSAGE_CHARACTERS]

    def likeness(self, pair: Pair) -> list[float]:
        """Return how much headline and article share."""
        ranked = self.rank(pair)
        top = ranked.cosine[ranked.order[:SENTENCES]]
        head, body = set(words(pair.headline)), words(pair.body)
        first = set(words(self.sentences[pair.body][0]))
        whole = float((self._whole[pair.body] @ self._head(pair.headline).T).toarray()[0, 0])
        return [
            whole,
            *np.pad(top, (0, SENTENCES - len(top))),
            len(head & set(body)) / max(1, len(head)),
            len(head & first) / max(1, len(head)),
            len(DENIAL_WORDS & head),
            sum(word in DENIAL_WORDS for word in body) / max(1, len(body)),
            np.log1p(len(body)),
            len(head),
        ]

    def _head(self, headline: str) -> Any:
        if headline not in self._heads:
            self._heads[headline] = self._vectorizer.transform([headline])
        return self._heads[headline]


def run(bench: Path) -> dict[str, Any]:
    """Do the whole benchmark and return its results."""
    training, tested = (_read(bench / f"fnc1_{split}.parquet") for split in ("train", "test"))
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, stop_words="english")
    vectorizer.fit([pair.body for pair in training] + [pair.headline for pair in training])
    articles = Articles([pair.body for pair in (*training, *tested)], vectorizer)
    folds = list(GroupKFold(FOLDS).split(training, groups=[pair.story for pair in training]))
    judges = [
        _fine_tuned([training[place] for place in fitted], articles, number)
        for number, (fitted, _) in enumerate(folds)
    ]
    has_not_seen = np.zeros((len(training), FOLDS), dtype=bool)
    for number, (_, held_out) in enumerate(folds):
        has_not_seen[held_out, number] = True

    likeness, likeness_tested = _likenesses(training, articles), _likenesses(tested, articles)
    is_related = [pair.label != "unrelated" for pair in training]
    filter_ = HistGradientBoostingClassifier(random_state=13)
    related = cross_val_predict(filter_, likeness, is_related, cv=folds, method="predict_proba")[:, 1]
    related_tested = filter_.fit(likeness, is_related).predict_proba(likeness_tested)[:, 1]
    known = np.column_stack([likeness, related, _stances(training, articles, related, judges, has_not_seen)])
    judged = _stances(tested, articles, related_tested, judges, np.ones((len(tested), FOLDS), dtype=bool))
    new = np.column_stack([likeness_tested, related_tested, judged])

    decide = HistGradientBoostingClassifier(random_state=13, learning_rate=0.05, max_iter=200)
    labels = [pair.label for pair in training]
    held_out = cross_val_predict(decide, known, labels, cv=folds, method="predict_proba")
    decide.fit(known, labels)
    factors = _best_factors(held_out, np.searchsorted(decide.classes_, labels))
    predicted = decide.classes_[(decide.predict_proba(new) * factors).argmax(axis=1)]
    return {
        **_scores(tested, [str(label) for label in predicted]),
        "factors": dict(zip(decide.classes_.tolist(), factors.tolist(), strict=True)),
        "published": PUBLISHED,
        "pairs": {"train": len(training), "test": len(tested)},
        "training": dict(judges[-1].checkpoint.provenance),
    }


def _read(file: Path) -> list[Pair]:
    rows = [row.values for row in read_table(file, ("claim", "sentence", "orig_label"))]
    pairs = [Pair(row["claim"], row["sentence"], row["orig_label"], story=0) for row in rows]
    stories = _stories(pairs)
    return [pair._replace(story=stories[pair.body]) for pair in pairs]


def _stories(pairs: Sequence[Pair]) -> dict[str, int]:
    """Return the number of every article's story: articles related to the same headline belong together."""
    node = {text: number for number, text in enumerate({text: None for one in pairs for text in one[:2]})}
    links = [(node[one.headline], node[one.body]) for one in pairs if one.label != "unrelated"]
    graph = coo_array((np.ones(len(links)), np.transpose(links)), shape=(len(node), len(node)))
    _, story = connected_components(graph, directed=False)
    return {one.body: int(story[node[one.body]]) for one in pairs}


def _fine_tuned(pairs: Sequence[Pair], articles: Articles, number: int) -> StanceClassifier:
    """Train a passage model on related pairs, or go on with what an interrupted run has left of it."""
    rows = [
        {
            "claim": pair.headline,
            "sentence": articles.passage(pair),
            "label": STANCE_OF[pair.label],
            "group": str(pair.story),
        }
        for pair in pairs
        if pair.label in STANCE_OF
    ]
    folder = RUNS / default_checkpoint().digest[:12]
    table = folder / f"passages{number}.parquet"
    write_table(table, rows, ("claim", "sentence", "label", "group"))
    recipe = replace(load_config(RECIPE), train=(DataPart(data=str(table)),))
    return StanceClassifier.from_pretrained(train(recipe, folder / f"model{number}", resume=True).path)


def _likenesses(pairs: Sequence[Pair], articles: Articles) -> npt.NDArray[np.float64]:
    return np.array([articles.likeness(pair) for pair in pairs])


def _stances(
    pairs: Sequence[Pair],
    articles: Articles,
    related: npt.NDArray[np.float64],
    judges: Sequence[StanceClassifier],
    may_judge: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """Return the stances of passages and sentences, missing where a pair is clearly unrelated.

    Parameters
    ----------
    pairs : sequence of Pair
    articles : Articles
    related : ndarray of shape (n_pairs,)
        Probabilities.
    judges : sequence of StanceClassifier
        Models of passages.
    may_judge : ndarray of shape (n_pairs, n_judges)
        Where several may, their mean counts.
    """
    chosen = np.flatnonzero(related >= RELATED)
    passages = [(pairs[i].headline, articles.passage(pairs[i])) for i in chosen]
    singles = [
        (pairs[i].headline, articles.sentences[pairs[i].body][n])
        for i in chosen
        for n in np.resize(articles.rank(pairs[i]).order[:SENTENCES], SENTENCES)
    ]
    by_passage = np.zeros((len(chosen), len(LABELS)))
    for judge, may in zip(judges, may_judge[chosen].T, strict=True):
        by_passage[may] += judge.predict_proba([passages[k] for k in np.flatnonzero(may)])
    by_passage /= may_judge[chosen].sum(axis=1, keepdims=True)
    by_sentence = StanceClassifier.from_pretrained().predict_proba(singles)
    by_sentence = by_sentence.reshape(len(chosen), SENTENCES, len(LABELS))
    stances = np.full((len(pairs), 4 * len(LABELS)), np.nan)
    stances[chosen] = np.hstack(
        [by_passage, by_sentence[:, 0], by_sentence.max(axis=1), by_sentence.mean(axis=1)]
    )
    return stances


def _best_factors(
    probabilities: npt.NDArray[np.float64], classes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return a factor for the probability of each class: those with the best macro-F1, class by class.

    Parameters
    ----------
    probabilities : ndarray of shape (n_pairs, n_classes)
        Of pairs that the model was not fitted to.
    classes : ndarray of shape (n_pairs,)
        Places of the true classes among the columns.
    """
    factors = np.ones(probabilities.shape[1])

    def score(place: int, factor: float) -> float:
        tried = np.where(np.arange(len(factors)) == place, factor, factors)
        return float(f1_score(classes, (probabilities * tried).argmax(axis=1), average="macro"))

    for _ in range(ROUNDS):
        for place in range(len(factors)):
            factors[place] = max(FACTORS, key=partial(score, place))
    return factors


def _scores(pairs: Sequence[Pair], predicted: Sequence[str]) -> dict[str, Any]:
    references = [pair.label for pair in pairs]
    by_class = f1_score(references, predicted, labels=list(FNC_LABELS), average=None)
    rows, columns = ([FNC_LABELS.index(label) for label in side] for side in (references, predicted))
    counts = count_pairs(rows, columns, [pair.story for pair in pairs], len(FNC_LABELS))
    macro = estimate(lambda c: f1_of(c).mean(axis=-1), counts, resample(counts))
    return {
        "fnc_score": fnc_score(references, predicted),
        "macro_f1": float(by_class.mean()),
        "interval": {"clusters": len(counts), "macro_f1": [macro.low, macro.high]},
        "per_class": dict(zip(FNC_LABELS, map(float, by_class), strict=True)),
        "confusion": counts.sum(axis=0).astype(int).tolist(),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder of the two tables")
    options = parser.parse_args()
    prepare_libraries()
    results = run(options.bench)
    write_result("fnc1", results)
    for name in ("fnc_score", "macro_f1", "per_class"):
        print(name, results[name])
