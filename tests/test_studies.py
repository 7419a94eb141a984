"""The studies: what is left out is left out, and what is compared differs in nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from stance.corpus.examples import Example, read_examples
from stance.corpus.mixture import WORDS_OF_A_GIVEAWAY, normalised
from stance.errors import CheckpointError, InputError
from stance.publish import KREMLIN_CALL, NEWSROOM
from stance.schema import Label
from stance.studies import context, curves, forgetting, outlets, runs
from stance.testing import KeywordClassifier
from stance.train.config import DataPart, TrainConfig
from stance.train.data import load_data

from conftest import ROOT, examples_of

RECIPE = TrainConfig(
    base="nothing is trained",
    train=(DataPart(data=str(KREMLIN_CALL), repeat=2), DataPart(data=str(NEWSROOM), repeat=3)),
    validation=(DataPart(data=str(KREMLIN_CALL), split="validation"),),
)


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def in_tmp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for module in (outlets, forgetting):
        monkeypatch.setattr(module, "RUNS", tmp_path)
    return tmp_path


def test_the_studies_train_on_what_the_embedded_checkpoint_was_trained_on() -> None:
    config = runs.short_recipe(Path("pairs.parquet"))
    assert (config.public, config.max_steps, config.teachers) == ("pairs.parquet", runs.STEPS, ())
    assert {Path(part.data).name for part in config.train} >= {KREMLIN_CALL.name, NEWSROOM.name, "public"}


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_part_of_the_events_leaves_the_mixture_as_it_is(share: float) -> None:
    part = curves.with_events(RECIPE, share)
    assert part.train[0] == RECIPE.train[0]
    mixture, _ = load_data(dataclasses.replace(part, train=part.train[1:]))
    everything = {example.group for example in read_examples(NEWSROOM, "train")}
    kept = {example.group for example in mixture.examples}
    assert len(kept) == pytest.approx(share * len(everything), abs=1)
    assert part.train[1].repeat * share == RECIPE.train[1].repeat


@pytest.mark.slow
def test_a_smaller_share_of_the_events_is_part_of_a_larger_one() -> None:
    few, more = (
        {example.group for example in load_data(config)[0].examples}
        for config in (
            dataclasses.replace(one, train=one.train[1:])
            for one in (curves.with_events(RECIPE, 0.02), curves.with_events(RECIPE, 0.04))
        )
    )
    assert few < more


def test_the_outlet_and_nothing_else_is_left_out(in_tmp: Path) -> None:
    everything = read_examples(KREMLIN_CALL, "train")
    outlet = outlets.outlet_of(everything[0])
    config = outlets.without_outlet(RECIPE, outlet)
    assert config.train[1] == RECIPE.train[1]
    assert config.train[0].repeat == RECIPE.train[0].repeat
    left = read_examples(config.train[0].data, "train")
    assert left == [one for one in everything if outlets.outlet_of(one) != outlet]  # with their voices
    assert len(left) < len(everything)
    assert any(one.voice for one in left)


def test_the_recipe_without_an_outlet_is_chosen_without_it_and_trains_on_no_claim_of_the_tests(
    in_tmp: Path,
) -> None:
    tested = [one for split in ("validation", "test") for one in read_examples(KREMLIN_CALL, split)]
    copied = runs.write_examples(tested, in_tmp / "copied.parquet")
    outlet = outlets.outlet_of(tested[0])
    config = outlets.without_outlet(
        dataclasses.replace(RECIPE, train=(RECIPE.train[0], DataPart(data=str(copied)))), outlet
    )
    mixture, validation = load_data(config)
    claims = {one.claim for one in tested if len(normalised(one.claim).split()) >= WORDS_OF_A_GIVEAWAY}
    assert len(claims) > 10
    assert not claims & {one.claim for one in mixture.examples}
    assert outlet not in {outlets.outlet_of(one) for one in validation}


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_what_a_training_reads_of_written_examples_is_what_was_given(tmp_path: Path, ending: str) -> None:
    given = [
        Example("c", "he denied it", Label.DENIES, "g", source="set", voice=(0, 2)),
        Example("c", "it is so", Label.SUPPORTS, "g", source="set", voice=(0, 0)),
        Example("d", "it rained", Label.NEUTRAL, "h", related=False, source="set"),
    ]
    read = read_examples(runs.write_examples(given, tmp_path / f"set.{ending}"))
    assert [one._replace(facets=()) for one in read] == given
    unvoiced = runs.write_examples(given[2:], tmp_path / f"unvoiced.{ending}")
    assert [one.voice for one in read_examples(unvoiced)] == [None]


def test_own_pairs_and_held_out_pairs_share_no_group() -> None:
    examples = [
        Example(f"claim {i}", "it is so", Label.SUPPORTS, group=f"story {i % 10}") for i in range(1000)
    ]
    own, held_out = forgetting.halves(examples)
    assert len(own) == forgetting.PAIRS
    assert not {one.group for one in own} & {one.group for one in held_out}
    with pytest.raises(InputError, match="expected at least 300"):
        forgetting.halves(examples[:400])


@pytest.mark.parametrize("folder", [NEWSROOM, KREMLIN_CALL])
def test_sentences_that_follow_another_are_the_same_pairs_with_that_one_in_front(folder: Path) -> None:
    alone, following = context.leaning(folder / "validation.parquet")
    sentences = {example.sentence for example in examples_of(ROOT / folder, "validation")}
    assert 0 < len(alone) == len(following)
    for one, other in zip(alone, following, strict=True):
        assert one._replace(sentence=other.sentence) == other
        assert one.sentence in sentences
        assert other.sentence.endswith(f" {one.sentence}")
        assert len(other.sentence) > len(one.sentence) + 1


def test_what_the_sentence_before_changes_is_measured() -> None:
    alone = [
        Example(f"claim {i}", "he said so", Label.DENIES if i % 2 else Label.NEUTRAL, group=f"{i}")
        for i in range(40)
    ]
    following = [
        one._replace(sentence="It is denied. he said so") if one.label is Label.DENIES else one
        for one in alone
    ]
    scores = context.context_scores(KeywordClassifier({"denied": Label.DENIES}), alone, following)
    assert scores["n"] == 40
    before, after = (one["accuracy"] for one in scores["scores"].values())
    assert (before, after) == (0.5, 1.0)
    assert [one["outcome"] for one in scores["differences"]] == ["second better"] * 2


def test_pairs_without_a_sentence_before_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("claim,sentence,label\na,b,denies\n", encoding="utf-8")
    with pytest.raises(InputError, match="names no sentence before any other in a column 'context'"):
        context.leaning(tmp_path / "pairs.csv")


def test_a_checkpoint_of_another_recipe_is_not_taken_for_this_one() -> None:
    folder = ROOT / "stance" / "assets" / "default"
    with pytest.raises(CheckpointError, match="another recipe; remove the folder"):
        runs.trained(RECIPE, folder)
