"""What predictors that see too little make of the same pairs: the floor under every figure."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stance.corpus.examples import Example
from stance.corpus.shallow import SHALLOW, fit_shallow
from stance.errors import require
from stance.resampling import SEED
from stance.schema import LABELS

LEARNT_FROM = 20_000
"""Training pairs, drawn at random, that controls learn from: more cost minutes and change little."""

FOLDS = 3
"""Parts that take turns where there is no training split."""


def control_probabilities(
    tested: Sequence[Example], train: Sequence[Example] = ()
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the probabilities of every shallow predictor.

    Parameters
    ----------
    tested : sequence of Example
    train : sequence of Example
        What to learn from. Where it is empty, the tested pairs are split by group and each part is
        predicted by what the others teach: an upper bound for such a predictor.

    Returns
    -------
    dict of str to ndarray of shape (n_tested, 3)
        Empty where there are fewer groups than parts, or one label only.
    """
    if train:
        chosen = random.Random(SEED).sample(list(train), min(LEARNT_FROM, len(train)))
        everything = np.arange(len(tested))
        return {name: _predicted(name, chosen, tested, everything) for name in SHALLOW}
    groups = [example.group for example in tested]
    if len(set(groups)) < FOLDS:
        return {}
    folds = list(require("sklearn.model_selection", "train").GroupKFold(FOLDS).split(groups, groups=groups))
    if any(len({tested[i].label for i in learnt}) < 2 for learnt, _ in folds):
        return {}
    found = {name: np.zeros((len(tested), len(LABELS)), dtype=np.float32) for name in SHALLOW}
    for name, probabilities in found.items():
        for learnt, left in folds:
            probabilities[left] = _predicted(name, [tested[i] for i in learnt], tested, left)
    return found


def _predicted(
    name: str, train: Sequence[Example], tested: Sequence[Example], rows: npt.NDArray[np.integer]
) -> npt.NDArray[np.float32]:
    predictor = fit_shallow(name, [(e.claim, e.sentence) for e in train], [e.label for e in train])
    return predictor.predict_proba([(tested[i].claim, tested[i].sentence) for i in rows])
