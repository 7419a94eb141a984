"""Verdicts of articles and the board of claims by sources."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stance.check import (
    DECISIVE,
    ArticleCheck,
    SentenceStance,
    Verdict,
    check_article,
    compare_sources,
)
from stance.errors import InputError
from stance.schema import LABELS, Article, Label, Sentence
from stance.testing import KeywordClassifier

WORDS = {"met": Label.SUPPORTS, "denied": Label.DENIES}
CLAIM = "The two leaders met."


class Rows:
    """A user's own predictor: gives the rows it was built with, whatever it is asked."""

    def __init__(self, rows: object) -> None:
        self.rows = rows

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        return self.rows  # type: ignore[return-value]


def article(*sentences: str, name: str = "a", kinds: Sequence[str] = ()) -> Article:
    """An article whose sentences are given, so that segmentation plays no part."""
    text, spans = "", []
    for number, sentence in enumerate(sentences):
        kind = kinds[number] if kinds else "content"
        spans.append(Sentence(sentence, len(text), len(text) + len(sentence), kind))
        text += sentence + "\n"
    return Article(text, article_id=name, sentences=tuple(spans))


def stance_of(label: Label, probability: float, kind: str = "content") -> SentenceStance:
    rest = (1 - probability) / 2
    probabilities = {one: probability if one is label else rest for one in LABELS}
    return SentenceStance(Sentence("x", 0, 1, kind), label, probabilities)


SUPPORT, DENIAL, NOTHING = "They met.", "He denied it.", "It rained."


@pytest.mark.parametrize(
    ("sentences", "verdict"),
    [
        ([SUPPORT, NOTHING], "supports"),
        ([NOTHING, DENIAL, DENIAL], "denies"),
        ([DENIAL, SUPPORT], "disputed"),
        ([SUPPORT, SUPPORT, SUPPORT, SUPPORT, DENIAL], "disputed"),
        ([NOTHING, NOTHING], "neutral"),
    ],
)
def test_the_verdict_is_the_side_or_the_sides_that_sentences_take(sentences: list[str], verdict: str) -> None:
    result = check_article(KeywordClassifier(WORDS), CLAIM, article(*sentences))
    assert result.verdict.value == str(result.verdict) == verdict


@given(
    st.lists(
        st.tuples(
            st.sampled_from(LABELS),
            st.floats(0.34, 1),
            st.sampled_from(["content", "headline", "caption", "credit", "advertisement", "related"]),
        ),
        max_size=8,
    )
)
def test_the_verdict_follows_from_the_sentences_that_count_and_from_no_other(
    drawn: list[tuple[Label, float, str]],
) -> None:
    result = ArticleCheck(CLAIM, Article("x"), tuple(stance_of(*one) for one in drawn))
    told = {
        label.value
        for label, p, kind in drawn
        if p >= DECISIVE and label is not Label.NEUTRAL and kind in ("content", "headline", "caption")
    }
    expected = {0: "neutral", 2: "disputed"}.get(len(told)) or told.pop()
    assert result.verdict.value == expected
    assert result.count(Label.NEUTRAL) == 0


@pytest.mark.parametrize(
    "kind", ["credit", "advertisement", "newsletter", "correction", "related", "metadata"]
)
def test_boilerplate_is_listed_but_not_counted(kind: str) -> None:
    source = article(NOTHING, DENIAL, kinds=("content", kind))
    result = check_article(KeywordClassifier(WORDS), CLAIM, source)
    assert [one.sentence.text for one in result.sentences] == [NOTHING, DENIAL]
    assert result.sentences[1].label is Label.DENIES
    assert result.sentences[1].side is None
    assert (result.verdict, result.count(Label.DENIES)) == (Verdict.NEUTRAL, 0)
    assert result.to_dict()["sentences"][1]["counts"] is False


def test_boilerplate_found_by_segmentation_does_not_count_either() -> None:
    source = Article("They met on Monday.\nREAD MORE\nHe denied everything in an older story.\n")
    result = check_article(KeywordClassifier(WORDS), CLAIM, source)
    assert [one.sentence.kind for one in result.sentences] == ["content", "related", "related"]
    assert result.verdict is Verdict.SUPPORTS


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [(DECISIVE, "denies"), (np.nextafter(DECISIVE, 0), "neutral"), (0.4, "neutral"), (1.0, "denies")],
)
def test_a_sentence_counts_from_decisive_on(probability: float, verdict: str) -> None:
    result = ArticleCheck(CLAIM, Article("x"), (stance_of(Label.DENIES, probability),))
    assert result.verdict.value == verdict


def test_probabilities_of_a_sentence_are_those_of_the_predictor_in_the_fixed_order() -> None:
    rows = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]], dtype=np.float32)
    result = check_article(Rows(rows), CLAIM, article(NOTHING, NOTHING))
    assert [one.label for one in result.sentences] == [Label.SUPPORTS, Label.DENIES]
    for one, row in zip(result.sentences, rows, strict=True):
        assert list(one.probabilities) == list(LABELS)
        assert list(one.probabilities.values()) == [float(p) for p in row]


def test_the_strongest_sentences_come_first_and_only_those_of_the_side() -> None:
    drawn = [(Label.DENIES, 0.6), (Label.DENIES, 0.95), (Label.SUPPORTS, 0.99), (Label.DENIES, 0.9)]
    result = ArticleCheck(CLAIM, Article("x"), tuple(stance_of(*one) for one in drawn))
    clearest = [one.probabilities[Label.DENIES] for one in result.strongest(Label.DENIES)]
    assert clearest == [0.95, 0.9]
    assert [one.label for one in result.strongest(Label.SUPPORTS, limit=5)] == [Label.SUPPORTS]
    assert result.strongest(Label.NEUTRAL) == []


def test_offsets_of_a_checked_article_yield_its_sentences() -> None:
    text = "“It is untrue,” he said.\r\n\r\nThey met – in Ōsaka. 🙂 Nobody denied it.\u2028End"
    result = check_article(KeywordClassifier(WORDS), CLAIM, Article(text))
    for one in result.to_dict()["sentences"]:
        assert text[one["start"] : one["end"]] == one["text"]


def test_checks_and_comparisons_are_plain_json() -> None:
    sources = [article(SUPPORT, DENIAL, name="a"), Article("They met. 🙂", outlet='"Ō" & sons')]
    board = compare_sources(KeywordClassifier(WORDS), [CLAIM, "x"], sources).to_dict()
    check = check_article(KeywordClassifier(WORDS), CLAIM, sources[0]).to_dict()
    for value in (board, check):
        assert json.loads(json.dumps(value, allow_nan=False)) == value
    assert check["verdict"] == "disputed"
    assert check["counts"] == {"supports": 1, "denies": 1}
    assert check["article"] == {
        "article_id": "a", "outlet": None, "title": None, "published": None, "url": None,
    }  # fmt: skip
    first = board["claims"][0]["articles"][0]
    assert [one["text"] for one in first["strongest"]["denies"]] == [DENIAL]
    assert [a["outlet"] for a in board["articles"]] == [None, '"Ō" & sons']


@pytest.mark.parametrize(
    ("stories", "standing"),
    [
        ([[SUPPORT], [DENIAL], [NOTHING]], "split"),
        ([[SUPPORT, DENIAL], [NOTHING]], "split"),
        ([[SUPPORT, DENIAL]], "split"),
        ([[SUPPORT, DENIAL], [SUPPORT, DENIAL]], "split"),
        ([[SUPPORT], [SUPPORT], [NOTHING]], "agreed"),
        ([[DENIAL], [DENIAL]], "agreed"),
        ([[NOTHING], [DENIAL]], "lone"),
        ([[NOTHING], [NOTHING]], "silent"),
    ],
)
def test_standing_tells_split_agreed_lone_and_silent(stories: list[list[str]], standing: str) -> None:
    sources = [article(*story, name=str(number)) for number, story in enumerate(stories)]
    result = compare_sources(KeywordClassifier(WORDS), [CLAIM], sources)
    assert result.standing(0) == standing
    assert result.to_dict()["claims"][0]["standing"] == standing


def test_every_cell_of_the_board_holds_its_own_claim_and_article() -> None:
    class OwnWord:
        """Supports where the sentence holds the claim's own word."""

        def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
            rows = [[1, 0, 0] if claim in sentence else [0, 0, 1] for claim, sentence in pairs]
            return np.array(rows, dtype=np.float32)

    claims = ["alpha", "beta", "gamma"]
    sources = [
        article("alpha here", "nothing", name="1"),
        article("gamma and beta", name="2"),
        article("x", "y", "gamma", name="3"),
    ]
    result = compare_sources(OwnWord(), claims, iter(sources))
    verdicts = [[check.verdict.value for check in row] for row in result.checks]
    assert verdicts == [
        ["supports", "neutral", "neutral"],
        ["neutral", "supports", "neutral"],
        ["neutral", "supports", "supports"],
    ]
    for row, claim in zip(result.checks, claims, strict=True):
        assert [check.claim for check in row] == [claim] * 3
        assert [check.article.article_id for check in row] == ["1", "2", "3"]


def test_two_articles_with_one_id_are_refused() -> None:
    with pytest.raises(InputError, match=r"two articles have the id 'same'.*different ids"):
        compare_sources(
            KeywordClassifier(WORDS), [CLAIM], [article("x", name="same"), article("y", name="same")]
        )


def test_articles_without_an_id_may_be_many() -> None:
    result = compare_sources(KeywordClassifier(WORDS), [CLAIM], [Article("They met."), Article("No.")])
    assert len(result.articles) == 2


def test_one_text_instead_of_a_list_of_claims_is_refused() -> None:
    with pytest.raises(InputError, match=r"claims is the text 'The two leaders met.'; expected a list"):
        compare_sources(KeywordClassifier(WORDS), CLAIM, [article("x")])


def test_a_text_or_a_path_instead_of_an_article_is_refused() -> None:
    for given_ in ("articles/a.txt", ["They met."], [None]):
        with pytest.raises(InputError, match=r"is no Article; read one with read_article"):
            compare_sources(KeywordClassifier(WORDS), [CLAIM], given_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "claims", [["good", ""], ["good", " \n"], ["good", None], ["good", 3], ["good", b"x"]]
)
def test_an_empty_claim_is_refused_by_its_index(claims: list[object]) -> None:
    with pytest.raises(InputError, match=r"claim 1 is .*; expected a text"):
        compare_sources(KeywordClassifier(WORDS), claims, [article("x")])  # type: ignore[arg-type]


def test_no_claim_and_no_article_are_refused() -> None:
    with pytest.raises(InputError, match="no claim is given"):
        compare_sources(KeywordClassifier(WORDS), [], [article("x")])
    with pytest.raises(InputError, match="no article is given"):
        compare_sources(KeywordClassifier(WORDS), [CLAIM], [])


@pytest.mark.parametrize("text", ["", "   ", "\n\n\t", "\u2028"])
def test_an_article_without_text_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match="article 'gazette' has no text"):
        check_article(KeywordClassifier(WORDS), CLAIM, Article(text, outlet="gazette"))


def test_claims_from_a_generator_are_all_held_against_the_articles() -> None:
    result = compare_sources(KeywordClassifier(WORDS), (c for c in ["x", "y"]), [article("a")])  # type: ignore[arg-type]
    assert result.claims == ("x", "y")


def test_one_article_instead_of_a_list_is_refused() -> None:
    with pytest.raises(InputError, match="list"):
        compare_sources(KeywordClassifier(WORDS), [CLAIM], article("x"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rows",
    [
        np.full((1, 3), 1 / 3),
        np.full((3, 3), 1 / 3),
        np.full((2, 4), 1 / 4),
        np.full((2, 3), np.nan),
        np.zeros((0, 3)),
    ],
    ids=["too few rows", "too many rows", "four columns", "not finite", "no rows"],
)
def test_a_predictor_that_answers_in_another_shape_is_refused(rows: npt.NDArray[np.float64]) -> None:
    with pytest.raises(InputError, match="predictor"):
        check_article(Rows(rows), CLAIM, article(NOTHING, NOTHING))
