from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance.errors import InputError
from stance.files import atomic_path, write_json
from stance.tables import FORMATS, Row, read_table, table_columns, table_format, write_table
from stance.train.states import is_complete, seal_state

from strategies import texts

cells = texts.filter(lambda text: "\0" not in text)  # Python 3.10 reads no NUL in CSV
rows_of_text = st.lists(st.fixed_dictionaries({"claim": cells, "sentence": cells}), max_size=6)
plain_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.lists(texts, max_size=2),
)


def values(path: Path) -> list[dict[str, Any]]:
    rows = list(read_table(path))
    assert [row.error for row in rows] == [""] * len(rows)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    return [row.values for row in rows]


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".part")]


@settings(max_examples=60)
@given(rows=rows_of_text, ending=st.sampled_from(FORMATS))
def test_texts_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], ending: str
) -> None:
    file = tmp_path_factory.mktemp("tables") / f"pairs{ending}"
    assert write_table(file, rows, ("claim", "sentence")) == len(rows)
    assert values(file) == rows


@settings(max_examples=60)
@given(rows=st.lists(st.dictionaries(st.sampled_from("abc"), plain_values), max_size=5))
def test_json_lines_keep_every_value(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    file = tmp_path_factory.mktemp("tables") / "rows.jsonl"
    write_table(file, rows, ("a", "b", "c"))
    assert values(file) == [{name: row.get(name) for name in "abc"} for row in rows]
    assert file.read_bytes().count(b"\n") == len(rows)


@pytest.mark.parametrize("ending", FORMATS)
def test_only_the_named_columns_are_written_in_their_order(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t{ending}"
    write_table(file, [{"b": "2", "extra": "x", "a": "1"}], ("a", "b"))
    assert [list(row.items()) for row in values(file)] == [[("a", "1"), ("b", "2")]]
    assert table_columns(file) == ["a", "b"]


def test_csv_writes_none_as_nothing_and_truth_in_lower_case(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    write_table(file, [{"a": None, "b": True, "c": 0.5, "d": 0}], "abcd")
    assert file.read_bytes() == b"a,b,c,d\r\n,true,0.5,0\r\n"


def test_parquet_keeps_types_and_a_column_that_is_empty_at_first(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    rows = [{"p": 0.5, "cut": True, "n": 3, "error": None} for _ in range(5000)]
    rows.append({"p": None, "cut": None, "n": None, "error": "broken"})
    assert write_table(file, iter(rows), ("p", "cut", "n", "error")) == 5001
    assert values(file) == rows


@pytest.mark.parametrize("ending", FORMATS)
def test_an_empty_table_can_be_written_and_read(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t{ending}"
    assert write_table(file, [], ("a", "b")) == 0
    assert values(file) == []


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_the_columns_of_a_table_without_rows_are_known(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t{ending}"
    write_table(file, [], ("id", "claim", "sentence"))
    assert table_columns(file, ("claim", "sentence")) == ["id", "claim", "sentence"]


def test_the_columns_of_json_lines_are_those_of_all_rows(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"b": 1}\noops\n{"a": 2, "b": 3}\n')
    assert table_columns(file) == ["b", "a"]


def test_the_columns_of_csv_are_known_behind_a_broken_row(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b,c\n1\n1,2,3\n")
    assert table_columns(file) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "ending"), [("a.csv", ".csv"), ("A.JSONL", ".jsonl"), ("x.y.parquet", ".parquet")]
)
def test_the_format_is_told_by_the_name(name: str, ending: str) -> None:
    assert table_format(name) == ending


@pytest.mark.parametrize("name", ["a.json", "a.tsv", "a", ".csv", "a.csv.gz", "csv"])
def test_an_unknown_format_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    for act in (
        lambda: table_format(name),
        lambda: list(read_table(name)),
        lambda: write_table(name, [], ("a",)),
    ):
        with pytest.raises(InputError, match=r"expected one of \.csv, \.jsonl, \.parquet") as caught:
            act()
        assert repr(name) in str(caught.value)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match="does not exist"):
        list(read_table(tmp_path / f"absent{ending}"))
    (tmp_path / f"folder{ending}").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        list(read_table(tmp_path / f"folder{ending}"))


def test_a_file_name_that_no_system_takes_is_refused() -> None:
    with pytest.raises(InputError):
        list(read_table("x" * 300 + ".csv"))


@pytest.mark.parametrize("ending", FORMATS)
def test_a_missing_column_is_named_with_the_ones_that_are_there(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t{ending}"
    write_table(file, [{"claim": "They met.", "text": "He denied it."}], ("claim", "text"))
    with pytest.raises(InputError, match=r"lacks the column sentence; it has: claim, text"):
        list(read_table(file, ("claim", "sentence")))
    with pytest.raises(InputError, match=r"lacks the columns x, y; it has: claim, text"):
        table_columns(file, ("x", "y"))


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_an_empty_file_lacks_every_column(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t{ending}"
    file.write_bytes(b"")
    assert list(read_table(file)) == []
    with pytest.raises(InputError, match=r"lacks the column claim; it has: none"):
        list(read_table(file, ("claim",)))


@pytest.mark.parametrize("body", [b"claim\nm\xe9t\n", b"\xff\xfec\0"])
@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path, ending: str, body: bytes) -> None:
    file = tmp_path / f"t{ending}"
    file.write_bytes(body)
    with pytest.raises(
        InputError, match=r"is not UTF-8 \(byte 0x(e9|ff) at position [07]\); save it as UTF-8"
    ):
        list(read_table(file))


def test_the_place_of_a_byte_that_is_not_utf_8_is_that_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    sound = b"claim\n" + f"{'é' * 499}\n".encode() * 1_200
    block = 1 << 20  # read at once; its end tears a letter apart
    assert sound[block - 1 : block + 1] == "é".encode()
    file.write_bytes(sound + b"\xe9\n")
    with pytest.raises(InputError, match=r"byte 0xe9 at position 1,198,806"):
        list(read_table(file))


def test_dates_and_the_like_are_written_as_they_print(tmp_path: Path) -> None:
    row = {"day": date(2024, 2, 29), "list": ["é", 1], "none": None, "yes": True}
    for ending in (".csv", ".parquet"):
        write_table(tmp_path / f"t{ending}", [row], tuple(row))
        [read] = read_table(tmp_path / f"t{ending}")
        assert (read.values["day"], read.values["list"]) == ("2024-02-29", '["é", 1]')


def test_a_row_that_csv_could_not_give_back_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"has a row of 10,001 lines; CSV holds fewer than 10,000, write \.jsonl or"
    ):
        write_table(tmp_path / "t.csv", [{"a": "line\n" * 10_000}], ("a",))
    for end in ("\n", "\r\n"):
        text = f"line{end}" * 9_998
        write_table(tmp_path / "t.csv", [{"a": text}], ("a",))
        assert [row.values["a"] for row in read_table(tmp_path / "t.csv")] == [text]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t{ending}"
    file.write_bytes(b"\xef\xbb\xbf" + (b"claim\nx\n" if ending == ".csv" else b'{"claim": "x"}\n'))
    assert values(file) == [{"claim": "x"}]


def test_a_broken_line_of_json_keeps_its_place_and_harms_no_neighbour(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    lines = ['{"a": 1}', '{"a": ', "[1]", '"text"', "[" * 100_000, '{"a": ' + "9" * 5000 + "}", '{"a": 7}']
    file.write_text("\r\n".join(lines[:2]) + "\n \n\n" + "\n".join(lines[2:]))
    rows = list(read_table(file, ("a",)))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [rows[0].values, rows[6].values] == [{"a": 1}, {"a": 7}]
    assert rows[1].error.startswith("broken JSON")
    assert rows[2].error == "a JSON list; expected an object"
    assert rows[3].error == "a JSON str; expected an object"
    assert rows[4].error.startswith("broken JSON")
    assert rows[5].error.startswith("broken JSON")


def test_a_line_separator_inside_a_json_text_ends_no_row(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"a": "one\u2028two\x85three"}\n', encoding="utf-8")
    assert values(file) == [{"a": "one\u2028two\x85three"}]


@pytest.mark.parametrize("first", ["oops", "[1]"])
def test_a_missing_column_is_found_behind_a_broken_first_line(tmp_path: Path, first: str) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(f'{first}\n{{"text": "x"}}\n')
    with pytest.raises(InputError, match="lacks the column claim"):
        list(read_table(file, ("claim",)))


def test_a_csv_row_of_another_length_keeps_its_place_and_its_values(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b\n1,2\n3\n\n4,5,6\n7,8\n")
    assert list(read_table(file)) == [
        Row(1, {"a": "1", "b": "2"}),
        Row(2, {"a": "3"}, "1 fields; the header has 2"),
        Row(3, {"a": "4", "b": "5"}, "3 fields; the header has 2; not kept: ['6']"),
        Row(4, {"a": "7", "b": "8"}),
    ]


def test_an_open_quote_in_csv_loses_no_row_in_silence(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text('claim,sentence\na,"b\nc,d\ne,f\n')
    broken, *others = read_table(file)
    assert (broken.number, broken.values, bool(broken.error)) == (1, {}, True)
    assert others == [
        Row(2, {"claim": "c", "sentence": "d"}),
        Row(3, {"claim": "e", "sentence": "f"}),
    ]


def test_a_column_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,b,a\n1,2,3\n")
    with pytest.raises(InputError, match="names a column twice: a, b, a"):
        list(read_table(file))


@pytest.mark.parametrize("ending", FORMATS)
def test_a_very_long_sentence_is_no_error(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t{ending}"
    row = {"claim": "x", "sentence": "word " * 200_000}
    write_table(file, [row], ("claim", "sentence"))
    assert values(file) == [row]


@pytest.mark.parametrize("body", [b"", b"PAR1", b"claim,sentence\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "t.parquet"
    file.write_bytes(body)
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        list(read_table(file))


def test_a_truncated_parquet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    write_table(file, [{"a": str(n)} for n in range(100)], ("a",))
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        list(read_table(file))


def test_a_parquet_with_damaged_pages_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    write_table(file, [{"a": str(n)} for n in range(5000)], ("a",))
    damaged = bytearray(file.read_bytes())
    damaged[100:3000] = b"\xff" * 2900
    file.write_bytes(damaged)
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        list(read_table(file))


def test_rows_are_read_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    with file.open("wb") as stream:
        stream.write(b'{"a": "x"}\n' * 100_000 + b"\xff")
    rows = read_table(file)
    assert next(rows).values == {"a": "x"}  # the bad byte at the end is not met yet
    with pytest.raises(InputError, match="not UTF-8"):
        list(rows)


@pytest.mark.parametrize("ending", FORMATS)
def test_what_was_read_can_be_written(tmp_path: Path, ending: str) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / f"out{ending}"
    source.write_text('{"a": "cut \\ud83d"}\n{"a": "sound"}\n')
    assert write_table(out, [row.values for row in read_table(source)], ("a",)) == 2
    assert values(out)[1] == {"a": "sound"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_lines_are_json_even_for_a_number_that_is_none(tmp_path: Path, value: float) -> None:
    def refuse(name: str) -> None:
        raise ValueError(name)

    file = tmp_path / "t.jsonl"
    write_table(file, [{"a": value}], ("a",))
    assert json.loads(file.read_text(), parse_constant=refuse) == {"a": None}


def test_a_nested_value_is_written_to_csv_as_json(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    write_table(file, [{"a": {"names": ["Київ", None]}}], ("a",))
    assert json.loads(values(file)[0]["a"]) == {"names": ["Київ", None]}


@pytest.mark.parametrize(
    ("usual", "late"),
    [
        (1, 1.5),
        ({"x": 1}, {"y": 2}),
        (1, "text"),
        ("text", 1),
        (None, {"x": 1}),
    ],
)
@pytest.mark.parametrize("before", [1, 4096])
def test_parquet_keeps_a_value_of_another_type(
    tmp_path: Path, usual: object, late: object, before: int
) -> None:
    file = tmp_path / "t.parquet"
    write_table(file, [*({"a": usual} for _ in range(before)), {"a": late}], ("a",))
    kept = values(file)[-1]["a"]
    if isinstance(late, dict) or (isinstance(usual, str) and not isinstance(late, str)):
        kept = json.loads(kept)  # what is neither text nor number becomes JSON text
    assert kept == late


def test_folders_on_the_way_are_made_and_the_file_is_readable_for_others(tmp_path: Path) -> None:
    file = tmp_path / "new" / "deeper" / "t.csv"
    old = os.umask(0o022)
    try:
        write_table(file, [{"a": 1}], ("a",))
    finally:
        os.umask(old)
    assert file.stat().st_mode & 0o777 == 0o644
    assert os.listdir(file.parent) == ["t.csv"]


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, ending: str, failure: type[BaseException]
) -> None:
    def rows() -> Iterator[dict[str, str]]:
        for _ in range(5000):
            yield {"a": "new"}
        raise failure

    file = tmp_path / f"t{ending}"
    write_table(file, [{"a": "old"}], ("a",))
    with pytest.raises(failure):
        write_table(file, rows(), ("a",))
    assert values(file) == [{"a": "old"}]
    assert os.listdir(tmp_path) == [file.name]


def test_a_table_can_be_rewritten_from_its_own_rows(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    write_table(file, [{"a": n} for n in range(10)], ("a",))
    write_table(file, ({"a": row.values["a"] + 1} for row in read_table(file)), ("a",))
    assert [row["a"] for row in values(file)] == list(range(1, 11))


@pytest.mark.parametrize("ending", FORMATS)
def test_a_folder_is_never_replaced_by_a_file(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / f"t{ending}"
    folder.mkdir()
    with pytest.raises(InputError, match="it is a folder; give a file name"):
        write_table(folder, [], ("a",))
    assert folder.is_dir()


def test_a_place_that_cannot_hold_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file" / "t.csv", tmp_path / ("x" * 300 + ".csv")):
        with pytest.raises(InputError, match="cannot write"):
            write_table(place, [], ("a",))


def test_atomic_path_replaces_only_when_the_block_succeeds(tmp_path: Path) -> None:
    file = tmp_path / "out.bin"
    with atomic_path(file) as part:
        part.write_bytes(b"1")
        assert not file.exists()
        assert part.parent == file.parent
    assert file.read_bytes() == b"1"
    with pytest.raises(ZeroDivisionError), atomic_path(file) as part:
        part.write_bytes(b"%d" % (1 // 0))
    assert file.read_bytes() == b"1"
    assert leftovers(tmp_path) == []


def test_a_file_is_synced_where_it_is_open_for_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere the system would allow more: Windows refuses to sync what is open for reading."""
    synced = []

    def fsync(handle: int) -> None:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            synced.append(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE)
        original(handle)

    original = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    write_json(tmp_path / "weights.json", {"a": 1})
    seal_state(tmp_path)
    assert is_complete(tmp_path)
    assert len(synced) == 3  # the file, the file again, the seal
    assert os.O_RDONLY not in synced


def test_json_is_written_for_people_and_machines(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    write_json(file, {"city": "Київ", "n": [1]})
    assert file.read_text(encoding="utf-8") == '{\n  "city": "Київ",\n  "n": [\n    1\n  ]\n}\n'


@pytest.mark.parametrize("value", [float("nan"), [float("-inf")], {"a": object()}, {"a": {1, 2}}])
def test_what_is_no_json_is_refused_and_leaves_the_old_file(tmp_path: Path, value: object) -> None:
    file = tmp_path / "t.json"
    write_json(file, 1)
    with pytest.raises((ValueError, TypeError)):
        write_json(file, value)
    assert file.read_text() == "1\n"
    assert leftovers(tmp_path) == []
