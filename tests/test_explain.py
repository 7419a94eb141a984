"""Words that decide: found by leaving each out, shown by their exact place, in one batch."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from stance.check import check_article
from stance.console import show_check
from stance.explain import LEAST_CHANGE, MOST_WORDS, explained
from stance.schema import Article, Label

from strategies import filled_texts

STORY = "The [minister] met the envoy.\nOn Monday he denied that he had met him — “denied” twice.\nIt rained."
EFFECTS = {"met": 0.2, "denied": -0.3, "monday": -0.02}


class Additive:
    """Gives ``supports`` 0.5, and what its words add to it, each time they stand there."""

    def __init__(self) -> None:
        self.calls: list[list[tuple[str, str]]] = []

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        self.calls.append(list(pairs))
        rows = []
        for _, sentence in pairs:
            supports = 0.5 + sum(sentence.lower().count(word) * p for word, p in EFFECTS.items())
            supports = min(max(supports, 0.0), 1.0)
            rows.append([supports, 1 - supports, 0] if any(w in sentence for w in EFFECTS) else [0, 0, 1])
        return np.array(rows, dtype=np.float32)


def test_the_words_that_change_the_probability_most_are_marked_in_their_place() -> None:
    article = Article(STORY)
    predictor = Additive()
    plain = check_article(predictor, "They met.", article)
    check = explained(predictor, plain)
    assert [one.side for one in check.sentences] == [Label.SUPPORTS, Label.DENIES, None]
    first, second, third = check.to_dict()["sentences"]
    assert [(word["text"], word["change"]) for word in first["words"]] == [("met", pytest.approx(-0.7))]
    assert [word["text"] for word in second["words"]] == ["denied", "denied", "met"]
    assert [word["change"] for word in second["words"]] == pytest.approx([-0.3, -0.3, 0.1], abs=0.05)
    assert "words" not in third
    for one in (first, second):
        for word in one["words"]:
            assert STORY[word["start"] : word["end"]] == word["text"]
    assert json.loads(json.dumps(check.to_dict(), allow_nan=False)) == check.to_dict()
    assert [one.probabilities for one in check.sentences] == [one.probabilities for one in plain.sentences]


def test_all_is_computed_in_one_batch_and_nothing_where_nothing_decides() -> None:
    predictor = Additive()
    explained(predictor, check_article(predictor, "They met.", Article(STORY)))
    assert len(predictor.calls) == 2
    assert ("They met.", "The [minister] the envoy.") in predictor.calls[1]
    silent = check_article(predictor, "They met.", Article("It rained."))
    assert explained(predictor, silent) is silent
    assert len(predictor.calls) == 3


class Erratic:
    """Gives every sentence some side, by its letters."""

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        assert all(sentence.strip() for _, sentence in pairs)
        sure = [0.61 + (sum(map(ord, sentence)) % 39) / 100 for _, sentence in pairs]
        return np.array([[p, 1 - p, 0] for p in sure], dtype=np.float32)


@settings(max_examples=60)
@given(filled_texts)
def test_whatever_the_text_words_are_few_and_stand_where_they_are_said_to(text: str) -> None:
    check = explained(Erratic(), check_article(Erratic(), "They met.", Article(text)))
    for one in check.sentences:
        assert one.words is None or one.side is not None
        for word in one.words or ():
            assert text[word.start : word.end] == word.text
            assert one.sentence.start <= word.start < word.end <= one.sentence.end
            assert abs(word.change) >= LEAST_CHANGE
        assert len(one.words or ()) <= MOST_WORDS


def test_people_see_the_words_and_what_is_without_them(capsys: pytest.CaptureFixture[str]) -> None:
    predictor = Additive()
    check = check_article(predictor, "They met.", Article(STORY))
    show_check(check)
    assert "without a word" not in capsys.readouterr().out
    show_check(explained(predictor, check))
    out = capsys.readouterr().out
    assert "without a word" in out
    assert "The [minister] met the envoy." in out
    assert "met -0.70" in out
