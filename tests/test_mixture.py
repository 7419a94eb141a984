"""Mixtures: nothing of an evaluation set, no pair twice, no pair with two labels."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stance.corpus.examples import Example
from stance.corpus.mixture import WORDS_OF_A_GIVEAWAY, Part, balance, mix, normalised, unrelated_pairs
from stance.errors import InputError
from stance.schema import LABELS, Label

texts = st.sampled_from(
    [
        "They met.",
        "they MET",
        "It rained.",
        "He denied it!",
        "one two three four five",
        "One, two; three four FIVE?",
    ]
    + [f"the leaders of {name} met on monday" for name in "abc"]
)
examples = st.builds(
    Example,
    claim=texts,
    sentence=texts,
    label=st.sampled_from(LABELS),
    group=st.sampled_from("gh"),
    related=st.booleans(),
)
example_lists = st.lists(examples, max_size=12)


def key(example: Example) -> tuple[str, str]:
    return normalised(example.claim), normalised(example.sentence)


def example(claim: str, sentence: str = "s", label: Label = Label.NEUTRAL, group: str = "g") -> Example:
    return Example(claim, sentence, label, group)


# law 5


@given(first=example_lists, second=example_lists, held_out=example_lists, seed=st.integers(0, 99))
def test_no_evaluation_text_stands_in_a_training_mix(
    first: list[Example], second: list[Example], held_out: list[Example], seed: int
) -> None:
    mixture = mix([Part(first, repeat=2), Part(second, neutral_share=0.5)], held_out, seed=seed)
    pairs = {key(e) for e in held_out}
    claims = {claim for claim, _ in pairs if len(claim.split()) >= WORDS_OF_A_GIVEAWAY}
    assert not pairs & {key(e) for e in mixture.examples}
    assert not claims & {normalised(e.claim) for e in mixture.examples}


def test_no_random_pair_stands_in_an_evaluation_set() -> None:
    held_out = [example("They met.", "It rained.", Label.DENIES)]
    training = [
        example("They met.", "He said so.", group="g"),
        example("They slept.", "It rained.", group="h"),
    ]
    mixture = mix([Part(training, unrelated=50)], held_out, seed=1)
    assert key(held_out[0]) not in {key(e) for e in mixture.examples}


def test_no_random_pair_contradicts_a_labelled_one() -> None:
    training = [
        example("They met.", "They did meet.", Label.SUPPORTS, group="g"),
        example("They slept.", "They did meet.", Label.DENIES, group="h"),
        example("They met.", "They slept well.", Label.DENIES, group="h"),
    ]
    # every pair of texts of two groups is labelled, so none of the random ones may stay
    assert Counter(mix([Part(training, unrelated=50)], [], seed=1).examples) == Counter(training)


@given(training=example_lists, held_out=example_lists, count=st.integers(0, 20), seed=st.integers(0, 99))
def test_crossed_pairs_are_two_texts_of_one_group_that_nobody_has_labelled(
    training: list[Example], held_out: list[Example], count: int, seed: int
) -> None:
    kept = mix([Part(training)], held_out, seed=seed).examples
    texts = {(e.group, text) for e in kept for text in (e.claim, e.sentence)}
    several = [group for group in "gh" if sum(one == group for one, _ in texts) > 1]
    if count and not several:
        with pytest.raises(InputError, match="needs data with groups"):
            mix([Part(training, crossed=count)], held_out, seed=seed)
        return
    mixture = mix([Part(training, crossed=count)], held_out, seed=seed)
    assert mixture.examples == kept  # what has a label is the same with and without
    assert len(mixture.unlabelled) == len(set(mixture.unlabelled)) <= count
    labelled = {key(e) for e in kept}
    forbidden = {key(e) for e in held_out}
    for first, second in mixture.unlabelled:
        assert first != second
        assert any({(group, first), (group, second)} <= texts for group in several)
        assert (normalised(first), normalised(second)) not in labelled | forbidden
        is_giveaway = len(normalised(first).split()) >= WORDS_OF_A_GIVEAWAY
        assert not (is_giveaway and normalised(first) in {claim for claim, _ in forbidden})


@pytest.mark.parametrize("form", ["THE LEADERS of a   met, on Monday!", "«the leaders of a met on monday»"])
def test_case_punctuation_and_space_hide_no_leak(form: str) -> None:
    held_out = [example("The leaders of A met on Monday.", "Yes.")]
    mixture = mix([Part([example(form, "another sentence")])], held_out, seed=0)
    assert mixture.examples == []
    assert mixture.dropped == {"in a held-out set": 1}


@pytest.mark.parametrize(
    "change", [lambda t: unicodedata.normalize("NFD", t), str.upper, lambda t: t.replace("a", "ａ")]
)
def test_the_unicode_form_hides_no_leak(change: object) -> None:
    claim = "der größte Präsident war auf der Straße"
    assert mix([Part([example(change(claim))])], [example(claim)], seed=0).examples == []  # type: ignore[operator]


def test_a_short_claim_may_return_with_another_sentence() -> None:
    held_out = [example("They met.", "Yes.")]
    training = [example("They met!", "yes"), example("They met.", "No, never.")]
    assert mix([Part(training)], held_out, seed=0).examples == training[1:]


# duplicates


@given(first=example_lists, second=example_lists, seed=st.integers(0, 99))
def test_every_pair_stands_once_with_its_first_label(
    first: list[Example], second: list[Example], seed: int
) -> None:
    mixture = mix([Part(first), Part(second)], [], seed=seed)
    expected: dict[tuple[str, str], Label] = {}
    for e in [*first, *second]:
        expected.setdefault(key(e), e.label)
    assert {key(e): e.label for e in mixture.examples} == expected
    assert len(mixture.examples) == len(expected)
    assert len(mixture.examples) + sum(mixture.dropped.values()) == len(first) + len(second)


def test_what_was_dropped_is_told_by_reason() -> None:
    training = [
        example("a", label=Label.DENIES),
        example("A", label=Label.DENIES),
        example("a.", label=Label.SUPPORTS),
        example("b"),
    ]
    mixture = mix([Part(training)], [example("b")], seed=0)
    assert mixture.dropped == {"duplicate": 1, "contradictory duplicate": 1, "in a held-out set": 1}
    assert mixture.examples == training[:1]


@pytest.mark.parametrize("thinned", [{"max_rows": 10}, {"neutral_share": 0.1}])
def test_a_later_part_gives_what_an_earlier_one_left_out(thinned: dict[str, Any]) -> None:
    pairs = [example(f"claim {i}", label=LABELS[i % 3]) for i in range(90)]
    alone = mix([Part(pairs, **thinned)], [], seed=1).examples
    mixture = mix([Part(pairs, **thinned), Part(pairs)], [], seed=1)
    assert 0 < len(alone) < len(pairs)
    assert Counter(mixture.examples) == Counter(pairs)
    assert mixture.dropped == {"duplicate": len(alone)}


def test_no_random_pair_contradicts_a_labelled_one_that_was_not_chosen() -> None:
    left_out = [example("They met.", "They slept well.", Label.NEUTRAL), example("x", "y", Label.DENIES)]
    training = [example("They met.", "x", group="g"), example("y", "They slept well.", group="h")]
    mixture = mix([Part(left_out, neutral_share=0.0), Part(training, unrelated=200)], [], seed=1)
    made = {(e.claim, e.sentence) for e in mixture.examples if not e.related}
    assert made == {("y", "x")}


# caps, repeats, order


@given(given_examples=example_lists, seed=st.integers(0, 9), repeat=st.integers(1, 3), cap=st.integers(1, 5))
def test_caps_and_repeats_count(given_examples: list[Example], seed: int, repeat: int, cap: int) -> None:
    distinct = len({key(e) for e in given_examples})
    mixture = mix([Part(given_examples, repeat=repeat, max_rows=cap)], [], seed=seed)
    counts = Counter(mixture.examples)
    assert len(counts) == min(distinct, cap)
    assert set(counts.values()) <= {repeat}


def test_another_seed_gives_another_order() -> None:
    many = [example(f"claim {i}") for i in range(50)]
    orders = [[e.claim for e in mix([Part(many)], [], seed=seed).examples] for seed in (1, 2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_the_input_is_left_as_it_is() -> None:
    many = [example(f"claim {i}") for i in range(9)]
    before = list(many)
    mix([Part(many, neutral_share=0.2)], [], seed=0)
    assert many == before


def test_nothing_makes_an_empty_mixture() -> None:
    assert mix([], [], seed=0).examples == []
    assert mix([Part([])], [], seed=0).examples == []


@given(
    given_examples=example_lists,
    share=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]),
    seed=st.integers(0, 9),
)
def test_neutral_pairs_are_thinned_to_their_share_related_ones_first(
    given_examples: list[Example], share: float, seed: int
) -> None:
    chosen = balance(given_examples, share, random.Random(seed))
    others = [e for e in given_examples if e.label is not Label.NEUTRAL]
    kept = Counter(e for e in chosen if e.label is Label.NEUTRAL)
    given_neutral = Counter(e for e in given_examples if e.label is Label.NEUTRAL)
    assert Counter(e for e in chosen if e.label is not Label.NEUTRAL) == Counter(others)
    assert kept <= given_neutral
    if share == 1.0 or not others:
        assert kept == given_neutral
        return
    allowed = round(len(others) * share / (1 - share))  # to the nearest row
    assert kept.total() == min(allowed, given_neutral.total())
    dropped = given_neutral - kept
    assert not (any(e.related for e in dropped) and any(not e.related for e in kept))


@given(given_examples=example_lists, count=st.integers(0, 9), seed=st.integers(0, 9))
def test_random_pairs_are_neutral_unrelated_and_of_two_groups(
    given_examples: list[Example], count: int, seed: int
) -> None:
    if count and len({e.group for e in given_examples}) < 2:
        with pytest.raises(InputError, match="at least two groups"):
            unrelated_pairs(given_examples, count, random.Random(seed))
        return
    made = unrelated_pairs(given_examples, count, random.Random(seed))
    assert len(made) == count
    for e in made:
        assert (e.label, e.related) == (Label.NEUTRAL, False)
        claims = {o.group for o in given_examples if o.claim == e.claim}
        sentences = {o.group for o in given_examples if o.sentence == e.sentence}
        assert len(claims | sentences) == 2
