"""Wire copy: what is a copy, whatever the order, and that copies are no agreement."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance.check import SourceComparison, check_article, compare_sources
from stance.copies import SHORTEST, SIMILAR, origins, similarity, words_of
from stance.schema import Article, Label, Sentence
from stance.testing import KeywordClassifier

CLASSIFIER = KeywordClassifier({"met": Label.SUPPORTS, "denied": Label.DENIES})
WIRE = "The two leaders met for three hours in the capital on Monday, officials said."
EDITED = "The two leaders met for three hours in the capital late on Monday, officials said"
OWN = "A guard at the gate told our reporter that he saw how both of them met at noon."
OTHER = "Photographs that this paper has seen show that they met behind the old opera house."

vocabulary = st.sampled_from("ab")
sentences = st.lists(
    st.tuples(st.integers(0, 2), st.lists(vocabulary, min_size=1, max_size=14).map(" ".join)), max_size=9
)


def is_copy(one: tuple[int, str], other: tuple[int, str]) -> bool:
    """Say it as the documentation does."""
    words, others = words_of(one[1]), words_of(other[1])
    if words == others and one[0] == other[0]:
        return True
    return min(len(words), len(others)) >= SHORTEST and similarity(words, others) >= SIMILAR


@settings(max_examples=300)
@given(sentences)
def test_the_origins_are_those_of_the_rule_applied_to_every_two_sentences(
    drawn: list[tuple[int, str]],
) -> None:
    expected = [{place} for place in range(len(drawn))]
    for i, j in itertools.combinations(range(len(drawn)), 2):
        if is_copy(drawn[i], drawn[j]):
            joined = expected[i] | expected[j]
            for place in joined:
                expected[place] = joined
    numbers = origins(drawn)
    for i, j in itertools.combinations(range(len(drawn)), 2):
        assert (numbers[i] == numbers[j]) == (j in expected[i])


@settings(max_examples=100)
@given(sentences, st.randoms(use_true_random=False))
def test_the_order_of_sentences_changes_nothing(drawn: list[tuple[int, str]], rng: object) -> None:
    order = list(range(len(drawn)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    straight, shuffled = origins(drawn), origins([drawn[i] for i in order])
    for (i, a), (j, b) in itertools.combinations(enumerate(order), 2):
        assert (shuffled[i] == shuffled[j]) == (straight[a] == straight[b])


@given(st.lists(vocabulary, max_size=12), st.lists(vocabulary, max_size=12))
def test_similarity_is_symmetrical(one: list[str], other: list[str]) -> None:
    assert similarity(tuple(one), tuple(other)) == similarity(tuple(other), tuple(one))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (WIRE, WIRE.upper().replace(",", " –"), True),
        (WIRE, EDITED, True),
        (WIRE, "KARST (Reuters) - " + WIRE, True),
        (WIRE, OWN, False),
        ("They met.", "They met.", False),
        ("one two three four five six seven", "one two three four five six seven", False),
        ("a man said that nobody had met him", "A man said: 'That nobody had met him!'", True),
        ("They “couldn’t” say when or where both met", "they couldn't say when or where both met", True),
    ],
)  # fmt: skip
def test_copies_between_articles(one: str, other: str, same: bool) -> None:
    first, second = origins([("a", one), ("b", other)])
    assert (first == second) is same


def comparison(stories: Sequence[Sequence[str]]) -> SourceComparison:
    spans = [tuple(Sentence(text, 0, len(text)) for text in story) for story in stories]
    articles = [Article("-", article_id=str(number), sentences=own) for number, own in enumerate(spans)]
    return compare_sources(CLASSIFIER, ["They met."], articles)


@pytest.mark.parametrize(
    ("stories", "standing", "count"),
    [
        ([[WIRE], [EDITED], [WIRE]], "lone", 1),
        ([[WIRE], [WIRE, OWN]], "lone", 2),
        ([[WIRE, OWN], [OWN, EDITED]], "lone", 2),
        ([[WIRE, OWN], [WIRE, OTHER]], "agreed", 3),
        ([[WIRE], [OWN]], "agreed", 2),
        ([[WIRE, OWN], [WIRE], [OWN]], "agreed", 2),
        ([["They met."], ["They met."]], "agreed", 2),
        ([["They met.", "They met!"]], "lone", 1),
    ],
)
def test_agreement_takes_two_who_do_not_only_copy(
    stories: list[list[str]], standing: str, count: int
) -> None:
    for order in itertools.permutations(stories):
        result = comparison(order)
        assert result.standing(0) == standing
        assert result.origins(0) == {Label.SUPPORTS: count, Label.DENIES: 0}
        assert result.to_dict()["claims"][0]["origins"] == {"supports": count, "denies": 0}


def test_copies_are_marked_with_the_articles_that_share_them() -> None:
    value = comparison([[WIRE, OWN], ["It rained."], [EDITED], [OTHER]]).to_dict()["claims"][0]
    marks = [[(one["text"], one["shared_with"]) for one in cell["wire_copy"]] for cell in value["articles"]]
    assert marks == [[(WIRE, ["2"])], [], [(EDITED, ["0"])], []]
    assert value["articles"][0]["wire_copy"][0]["label"] == "supports"


def test_copies_that_take_different_sides_are_not_of_one_origin() -> None:
    denied = WIRE.replace("officials said", "officials denied")
    classifier = KeywordClassifier({"denied": Label.DENIES, "met": Label.SUPPORTS})
    articles = [Article(WIRE, article_id="0"), Article(denied, article_id="1")]
    result = compare_sources(classifier, ["They met."], articles)
    assert (result.standing(0), result.wire_copy(0)) == ("split", {})


def test_within_an_article_a_repeated_sentence_counts_once() -> None:
    check = check_article(
        CLASSIFIER, "They met.", Article(f"They met.\n{WIRE}\nHe denied it.\n{EDITED}\nThey met.")
    )
    assert len(check.strongest(Label.SUPPORTS, 9)) == 4
    assert check.to_dict()["counts"] == {"supports": 2, "denies": 1}
