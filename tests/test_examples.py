"""Labelled pairs from tables and corpus folders; labels map by name (law 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance.corpus.examples import (
    Example,
    label_counts,
    parse_example,
    parse_label,
    read_examples,
    read_other_splits,
)
from stance.errors import InputError, StanceError
from stance.schema import LABELS, Label
from stance.tables import write_table

ROWS = [
    {"claim": "c1", "sentence": "s,1\n“x”", "label": "supports", "group": "g1", "related": True},
    {"claim": "c2", "sentence": "s2 🙂", "label": "denies", "group": None, "related": True},
    {"claim": "c2", "sentence": "s3", "label": "neutral", "group": "g2", "related": False},
]
COLUMNS = ("claim", "sentence", "label", "group", "related")


def table(file: Path, rows: list[dict[str, Any]], columns: tuple[str, ...] = COLUMNS) -> Path:
    write_table(file, rows, columns)
    return file


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_all_formats_give_the_same_examples(tmp_path: Path, ending: str) -> None:
    assert read_examples(table(tmp_path / f"set.{ending}", ROWS)) == [
        Example("c1", "s,1\n“x”", Label.SUPPORTS, "g1", True, "set"),
        Example("c2", "s2 🙂", Label.DENIES, "c2", True, "set"),  # without a group, the claim is one
        Example("c2", "s3", Label.NEUTRAL, "g2", False, "set"),
    ]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        *((label.value, label) for label in LABELS),
        (" Denies ", Label.DENIES),
        ("NEUTRAL", Label.NEUTRAL),
        (Label.SUPPORTS, Label.SUPPORTS),
    ],
)
def test_labels_map_by_name(value: object, label: Label) -> None:
    assert parse_label(value, "here") is label


@pytest.mark.parametrize(
    "value",
    ["deny", "support", "entailment", "", None, True, -1, 0, 1, "2", 3, 1.0, "1.0", "S", "０", b"denies", []],
)
def test_an_unknown_label_is_an_error_never_a_guess(value: object) -> None:
    with pytest.raises(InputError, match=r"^here: label is .*; expected one of supports, denies, neutral$"):
        parse_label(value, "here")


@settings(max_examples=80)
@given(st.text(max_size=12))
def test_no_text_but_the_names_is_a_label(text: str) -> None:
    if text.strip().lower() in ("supports", "denies", "neutral"):
        return
    with pytest.raises(InputError):
        parse_label(text, "here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "deny"}, r"set\.jsonl', row 2: label is 'deny'; expected one of"),
        ({"label": None}, "row 2: label is None"),
        ({"claim": ""}, "row 2: claim is ''; expected a text"),
        ({"claim": " \t"}, r"row 2: claim is ' \\t'; expected a text"),
        ({"sentence": None}, "row 2: sentence is None; expected a text"),
        ({"sentence": 7}, "row 2: sentence is 7; expected a text"),
        ({"sentence": ["x"]}, r"row 2: sentence is \['x'\]; expected a text"),
    ],
)
def test_a_row_that_is_no_labelled_pair_is_named(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    rows = [ROWS[0], {**ROWS[1], **change}]
    with pytest.raises(InputError, match=message):
        read_examples(table(tmp_path / "set.jsonl", rows))


def test_a_broken_row_is_named_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"claim": "c", "sentence": "s", "label": "denies"}\n{"claim": "c", "sen\n')
    with pytest.raises(InputError, match=r"row 2: broken JSON.*; mend the row or remove it"):
        read_examples(file)


@pytest.mark.parametrize("missing", ["claim", "sentence", "label"])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_missing_column_is_named_beside_those_there(tmp_path: Path, missing: str, ending: str) -> None:
    columns = tuple(name for name in COLUMNS if name != missing)
    with pytest.raises(InputError, match=f"lacks the column {missing}; it has: {', '.join(columns)}"):
        read_examples(table(tmp_path / f"a.{ending}", ROWS, columns))


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no rows; expected at least one labelled pair"):
        read_examples(table(tmp_path / "a.csv", []))


def split_rows() -> list[dict[str, Any]]:
    return [
        {"claim": "c", "sentence": f"s{n}", "label": "denies", "split": split}
        for n, split in enumerate(["train", "test", "", "test"])
    ]


def test_a_file_with_a_split_column_gives_the_rows_of_the_split(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", split_rows(), ("claim", "sentence", "label", "split"))
    assert [e.sentence for e in read_examples(file, "test")] == ["s1", "s3"]
    assert [e.sentence for e in read_other_splits(file, ["test"])] == ["s0", "s2"]
    assert len(read_examples(file)) == 4


@pytest.mark.parametrize("columns", [("claim", "sentence", "label"), ("claim", "sentence", "label", "split")])
def test_a_file_whose_rows_name_no_split_is_read_whole(tmp_path: Path, columns: tuple[str, ...]) -> None:
    rows = [{**row, "split": None} for row in split_rows()]
    for ending in ("csv", "jsonl", "parquet"):
        file = table(tmp_path / f"a.{ending}", rows, columns)
        assert len(read_examples(file, "test")) == 4
        assert read_other_splits(file, ["test"]) == []


def test_a_split_that_no_row_has_is_refused(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", split_rows()[:2], ("claim", "sentence", "label", "split"))
    expected = r"has no rows with split 'dev'; its column split holds 'test', 'train': ask for one of these"
    with pytest.raises(InputError, match=expected):
        read_examples(file, "dev")


def test_of_a_folder_the_test_split_is_read_unless_told_otherwise(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "validation", "test")):
        table(tmp_path / f"{split}.jsonl", [{**ROWS[0], "claim": split}] * (number + 1))
    assert {e.claim for e in read_examples(tmp_path)} == {"test"}
    assert {e.claim for e in read_examples(tmp_path, "train")} == {"train"}


def test_a_corpus_folder_gives_one_split(tmp_path: Path) -> None:
    table(tmp_path / "test.parquet", ROWS)
    assert len(read_examples(tmp_path)) == 3


def test_a_folder_without_rows_of_the_split_is_refused(tmp_path: Path) -> None:
    table(tmp_path / "train.csv", ROWS)
    table(tmp_path / "validation.csv", [])
    for split in ("validation", "test"):
        expected = rf"no rows in the split '{split}'; expected a corpus folder with {split}\.parquet"
        with pytest.raises(InputError, match=expected):
            read_examples(tmp_path, split)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_examples(tmp_path / "none.csv")


def test_unlabelled_rows_are_passed_over_only_where_asked(tmp_path: Path) -> None:
    file = table(tmp_path / "a.parquet", [ROWS[0], {**ROWS[1], "label": None}])
    assert [e.label for e in read_examples(file, skip_unlabelled=True)] == [Label.SUPPORTS]
    with pytest.raises(InputError, match="row 2: label is None"):
        read_examples(file)


def test_a_null_label_hides_no_other_defect(tmp_path: Path) -> None:
    file = table(tmp_path / "a.jsonl", [ROWS[0], {**ROWS[1], "label": "deny"}])
    with pytest.raises(InputError, match="label is 'deny'"):
        read_examples(file, skip_unlabelled=True)


def parsed(**values: object) -> Example:
    return parse_example({**ROWS[0], **values}, "here", "")


@pytest.mark.parametrize("value", ["false", "False", "FALSE", False, 0, 0.0, "0", "0.0", "no", " No ", "NO"])
def test_related_false_is_understood_in_every_spelling(value: object) -> None:
    assert not parsed(related=value).related


@pytest.mark.parametrize("value", ["true", "True", True, 1, 1.0, "1", "yes", "YES", None, "", float("nan")])
def test_related_true_is_understood_in_every_spelling_and_is_what_an_empty_cell_says(value: object) -> None:
    assert parsed(related=value).related


@pytest.mark.parametrize("value", ["perhaps", "t", 2, -1, 0.5, " ", "none", [], b"no"])
def test_any_other_value_of_related_is_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"^here: related is .*; expected true or false .*or an empty cell$"):
        parsed(related=value)


@pytest.mark.parametrize("value", [0, 0.0, "0", False, "nan"])
def test_a_group_may_be_called_zero(value: object) -> None:
    assert parsed(group=value).group == str(value)


@pytest.mark.parametrize("value", [None, "", float("nan")])
def test_without_a_group_the_claim_is_one(value: object) -> None:
    assert parsed(group=value).group == "c1"


def test_the_source_column_wins_over_the_file_name(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", [{**ROWS[0], "source": "wire"}], (*COLUMNS, "source"))
    assert read_examples(file)[0].source == "wire"


def test_label_counts_keep_the_fixed_order_and_name_the_absent() -> None:
    counts = label_counts([Example("c", "s", Label.NEUTRAL), Example("c", "s", Label.DENIES)])
    assert list(counts.items()) == [("supports", 0), ("denies", 1), ("neutral", 1)]


def test_a_later_row_without_a_label_is_no_crash(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"claim": "c", "sentence": "s", "label": "denies"}\n{"claim": "c", "sentence": "t"}\n')
    assert len(read_examples(file, skip_unlabelled=True)) == 1


@pytest.mark.parametrize("content", ["{", '{"splits": ["test"]}'], ids=["no JSON", "split missing"])
def test_a_broken_dataset_dict_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset_dict.json").write_text(content)
    with pytest.raises(StanceError, match=tmp_path.name):
        read_examples(tmp_path)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_number_in_a_table_is_no_label_because_sets_number_theirs_differently(
    tmp_path: Path, ending: str
) -> None:
    file = table(tmp_path / f"mnli.{ending}", [{**row, "label": n} for n, row in enumerate(ROWS)])
    with pytest.raises(InputError, match=r"row 1: label is '?0'?; expected one of supports, denies, neutral"):
        read_examples(file)


def saved(folder: Path, kind: Any, labels: list[int | None]) -> Path:
    """Save pairs as ``datasets`` does, with the labels as numbers."""
    import datasets

    texts = {name: datasets.Value("string") for name in ("claim", "sentence")}
    columns = {"claim": ["c"] * len(labels), "sentence": ["s"] * len(labels), "label": labels}
    made = datasets.Dataset.from_dict(columns, features=datasets.Features({**texts, "label": kind}))
    datasets.DatasetDict({"test": made}).save_to_disk(str(folder))
    return folder


def test_numbers_of_a_saved_data_set_mean_what_its_own_names_say(tmp_path: Path) -> None:
    from datasets import ClassLabel

    folder = saved(tmp_path / "ours", ClassLabel(names=["neutral", "denies", "supports"]), [0, 1, 2])
    assert [e.label for e in read_examples(folder)] == [Label.NEUTRAL, Label.DENIES, Label.SUPPORTS]


def test_numbers_without_one_of_our_names_are_refused_in_a_saved_data_set(tmp_path: Path) -> None:
    from datasets import ClassLabel, Value

    kinds = [
        (ClassLabel(names=["entailment", "neutral", "contradiction"]), 2, "'contradiction'"),
        (ClassLabel(names=["supports", "denies", "neutral"]), -1, "-1"),
        (ClassLabel(names=["supports", "denies", "neutral"]), None, "None"),
        (Value("int64"), 1, "1"),
    ]
    for number, (kind, label, shown) in enumerate(kinds):
        folder = saved(tmp_path / str(number), kind, [label])
        with pytest.raises(InputError, match=f"test row 1: label is {shown}; expected one of supports"):
            read_examples(folder)
