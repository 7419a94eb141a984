"""Public sources: found, mapped, split by groups, or refused with the way to get them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stance.corpus.examples import Example
from stance.corpus.sources import SOURCES, is_validation_group, load_source, undo_treebank
from stance.errors import InputError
from stance.schema import LABELS, Label

ROW = {"claim": "They met.", "sentence": "No.", "label": "denies", "source": "scifact", "group": "g1"}


def public(folder: Path, *rows: Any) -> Path:
    file = folder / "public.jsonl"
    lines = (row if isinstance(row, str) else json.dumps({**ROW, **row}) for row in rows)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def group_of(*, validation: bool) -> str:
    return next(str(i) for i in range(10_000) if is_validation_group(str(i)) == validation)


def test_every_source_states_origin_and_licence() -> None:
    for source in SOURCES.values():
        assert source.origin
        assert source.licence
        assert bool(source.labels) == (source.hub_id is not None)
        assert set(source.labels.values()) <= set(LABELS)


def test_hub_labels_map_by_their_meaning() -> None:
    assert SOURCES["snli"].labels == SOURCES["mnli"].labels
    assert SOURCES["snli"].labels == {0: Label.SUPPORTS, 1: Label.NEUTRAL, 2: Label.DENIES}
    assert SOURCES["vitaminc"].labels["REFUTES"] is Label.DENIES


def test_a_local_file_is_read(tmp_path: Path) -> None:
    group = group_of(validation=False)
    file = public(tmp_path, {"group": group}, {"source": "snli"})
    expected = [Example("They met.", "No.", Label.DENIES, group, True, "scifact")]
    assert load_source("scifact", "train", file) == expected


def test_a_local_file_is_split_by_groups_and_no_group_is_torn_apart(tmp_path: Path) -> None:
    rows = [{"group": f"g{i % 400}", "sentence": f"No {i}."} for i in range(800)]
    file = public(tmp_path, *rows)
    parts = {split: load_source("scifact", split, file) for split in ("train", "validation")}
    groups = {split: {e.group for e in part} for split, part in parts.items()}
    assert not groups["train"] & groups["validation"]
    assert sum(map(len, parts.values())) == 800
    assert 0 < len(parts["validation"]) < 60


def test_about_two_groups_in_a_hundred_are_validation() -> None:
    assert 150 < sum(is_validation_group(f"group {i}") for i in range(10_000)) < 250


@pytest.mark.parametrize("split", ["test", "validaton", ""])
def test_an_unknown_split_is_refused_and_not_taken_for_training(tmp_path: Path, split: str) -> None:
    file = public(tmp_path, {"group": group_of(validation=False)})
    with pytest.raises(InputError, match=r"expected .*train.*validation"):
        load_source("scifact", split, file)


def test_an_unknown_source_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"source 'squad' is unknown; expected one of .*snli.*fever"):
        load_source("squad", "train", public(tmp_path, {}))


def test_a_source_that_the_file_does_not_hold_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"public\.jsonl' has no rows of source 'fever'"):
        load_source("fever", "train", public(tmp_path, {}))


def test_a_source_that_is_not_on_the_hub_says_how_to_get_it() -> None:
    with pytest.raises(
        InputError, match=r"'scifact' is not on the hub; get it from allenai/scifact .*public=FILE"
    ):
        load_source("scifact", "train", None)


def test_a_hub_that_cannot_be_reached_is_an_input_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="public=FILE"):
        load_source("snli", "train", None)


def test_a_missing_local_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_source("snli", "train", tmp_path / "none.parquet")


def test_a_local_file_without_a_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "public.csv"
    file.write_text("claim,sentence,label\na,b,denies\n", encoding="utf-8")
    with pytest.raises(InputError, match="lacks the columns source, group"):
        load_source("snli", "train", file)


def test_a_wrong_label_is_named_with_its_row(tmp_path: Path) -> None:
    file = public(tmp_path, {}, {"label": "refutes"})
    with pytest.raises(
        InputError, match=r"public\.jsonl', row 2: label is 'refutes'; expected one of supports"
    ):
        load_source("scifact", "train", file)


@pytest.mark.parametrize(
    "row", ["{broken", {"claim": None}, {"sentence": 3}, {"claim": " "}, '{"claim": "a"}']
)
def test_a_broken_row_is_named(tmp_path: Path, row: Any) -> None:
    with pytest.raises(InputError, match="row 2"):
        load_source("scifact", "train", public(tmp_path, {}, row))


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    group = group_of(validation=False)
    for sentence in ("No.", "Never."):
        file = public(tmp_path, {"group": group, "sentence": sentence})
        (only,) = load_source("scifact", "train", file)
        assert only.sentence == sentence


def test_treebank_text_is_mended_where_the_source_has_it(tmp_path: Path) -> None:
    group = group_of(validation=False)
    text = "It was released -LRB- in 1965 -RRB- ."
    rows = [{"source": s, "group": group, "claim": text} for s in ("fever", "scifact")]
    file = public(tmp_path, *rows)
    assert load_source("fever", "train", file)[0].claim == "It was released (in 1965)."
    assert load_source("scifact", "train", file)[0].claim == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (
            "It was released in 1965 -LRB- the year of `` Help ! '' -RRB- .",
            'It was released in 1965 (the year of "Help!").',
        ),
        ("-LSB- 1 -RSB-", "[1]"),
        ("He did n't say it 's true .", "He didn't say it's true."),
        ("A plain sentence.", "A plain sentence."),
        ("Größe , 模型 .", "Größe, 模型."),
        ("", ""),
    ],
)
def test_treebank_tokens_become_plain_text(text: str, plain: str) -> None:
    assert undo_treebank(text) == plain


def test_the_public_test_sets_of_the_hub_make_a_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets
    from stance.evaluation.suites import evaluation_data

    asked = []

    def load(place: str, *, split: str) -> list[dict[str, Any]]:
        asked.append((place, split))
        row = {"premise": "They met.", "hypothesis": "Nobody met.", "label": 2, "promptID": "p"}
        return [row, {**row, "label": -1}]  # the second has no gold label

    monkeypatch.setattr(datasets, "load_dataset", load)
    sets = evaluation_data([], suite="public")
    assert [one.name for one in sets] == ["snli", "mnli"]
    assert asked == []  # each is fetched when it is its turn
    read = [one.read() for one in sets]
    assert asked == [("stanfordnlp/snli", "test"), ("nyu-mll/multi_nli", "validation_mismatched")]
    assert read[0] == [Example("Nobody met.", "They met.", Label.DENIES, "p", True, "snli")]
    assert not sets[0].other_split("train")
