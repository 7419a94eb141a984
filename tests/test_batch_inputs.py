"""What a batch run reads: files, folders, patterns, URLs, frames, data sets, anything that gives rows."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import fsspec
import numpy as np
import pandas as pd
import pytest
from stance.batch_tables import runs_table, sizing_table
from stance.errors import InputError
from stance.inference.batch import RESULTS, classify_dataset, classify_file
from stance.inference.classifier import StanceClassifier
from stance.inference.inputs import find_files, inspect
from stance.pages import BATCH_PAGE, batch_page
from stance.schema import Pair
from stance.tables import read_table

from conftest import ROOT

SOUND = {"claim": "they met", "sentence": "no"}


def write(path: Path, *ids: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": one, "claim": "they met", "sentence": f"no {one}"} for one in ids]
    if path.suffix == ".csv":
        path.write_text("id,claim,sentence\n" + "".join(",".join(r.values()) + "\n" for r in rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [row.values for row in read_table(path)]


def ids(path: Path) -> list[str]:
    return [row["id"] for row in read(path)]


# files


def test_a_folder_is_all_its_tables_in_the_order_of_their_names(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    write(folder / "b.csv", "3", "4")
    write(folder / "a.jsonl", "1", "2")
    write(folder / "c" / "deep.csv", "5")
    write(folder / ".hidden.csv", "x")
    write(folder / "_temporary" / "t.csv", "x")
    (folder / "README.md").write_text("no table")
    out = tmp_path / "out.csv"
    assert classify_file(clf, folder, out) == {"rows": 5, "errors": 0}
    assert ids(out) == ["1", "2", "3", "4", "5"]


def test_patterns_and_lists_keep_the_order_in_which_they_are_given(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    for name in ("x1.csv", "x2.csv", "y.csv"):
        write(tmp_path / name, name)
    out = tmp_path / "out.jsonl"
    classify_file(clf, str(tmp_path / "x?.csv"), out)
    assert ids(out) == ["x1.csv", "x2.csv"]
    classify_file(clf, [tmp_path / "y.csv", tmp_path / "x*.csv"], out)
    assert ids(out) == ["y.csv", "x1.csv", "x2.csv"]


def test_a_pattern_may_stand_for_folders(tmp_path: Path) -> None:
    files = [write(tmp_path / day / "p.csv", day) for day in ("day1", "day2")]
    assert find_files(str(tmp_path / "day*"), tmp_path / "out.csv") == list(map(str, files))


def test_a_file_that_is_named_several_times_is_read_once(
    clf: StanceClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "sub/c.csv", "sub/deep/d.csv"):
        write(Path("pairs", name), name)
    Path("pairs/empty").mkdir()
    Path("other.csv").symlink_to("pairs/a.csv")
    every = ["pairs/a.csv", "pairs/b.csv", "pairs/sub/c.csv", "pairs/sub/deep/d.csv"]
    for source in (
        "pairs/**",
        "pairs/**/*.csv",
        ["pairs", "pairs/a.csv"],
        ["pairs", str(tmp_path / "pairs")],
    ):
        assert find_files(source, "out.csv") == every
    assert find_files(["pairs/b.csv", "pairs", "other.csv"], "out.csv") == [every[1], every[0], *every[2:]]
    assert find_files(["other.csv", "./pairs/a.csv"], "out.csv") == ["other.csv"]
    assert classify_file(clf, ["pairs/**", "pairs"], "out.csv") == {"rows": 4, "errors": 0}


def test_folders_of_a_pattern_are_walked_once_and_hidden_ones_as_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    deep = write(Path("pairs", *"123456789", "p.csv"), "1")
    walks: list[Path] = []

    def rglob(self: Path, pattern: str) -> Iterator[Path]:
        walks.append(self)
        return original(self, pattern)

    original = Path.rglob
    monkeypatch.setattr(Path, "rglob", rglob)
    assert find_files("pairs/**", "out.csv") == [str(deep)]
    assert walks == [Path("pairs")]
    hidden = write(Path("pairs", "_old", "h.csv"), "1")
    assert find_files("pairs/_*", "out.csv") == [str(hidden)]
    assert find_files(["pairs", "pairs/_old"], "out.csv") == [str(deep), str(hidden)]
    assert find_files("pairs/**/", "out.csv") == [str(deep), str(hidden)]


def test_files_with_different_columns_give_one_table_with_all_of_them(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    one, two = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    one.write_text(json.dumps({**SOUND, "score": 1}) + "\n")
    two.write_text(json.dumps({**SOUND, "score": 2.5, "note": "late"}) + "\n")
    out = tmp_path / "out.parquet"
    classify_file(clf, [one, two], out, rows_per_shard=1)
    rows = read(out)
    assert list(rows[0]) == ["claim", "sentence", "score", "note", *RESULTS]
    assert [(row["score"], row["note"]) for row in rows] == [(1.0, None), (2.5, "late")]


def test_a_file_without_rows_among_others_is_no_failure(clf: StanceClassifier, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    out = tmp_path / "out.csv"
    sources = [tmp_path / "empty.jsonl", write(tmp_path / "p.csv", "1")]
    assert classify_file(clf, sources, out) == {"rows": 1, "errors": 0}
    assert ids(out) == ["1"]


def test_json_lines_that_cannot_be_read_at_all_are_error_rows(clf: StanceClassifier, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text("{\n7\n")
    out = tmp_path / "out.csv"
    assert classify_file(clf, tmp_path / "p.jsonl", out) == {"rows": 2, "errors": 2}
    assert all(row["error"] for row in read(out))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("p.csv.gz", "packed as .gz; unpack it"),
        ("p.csv.bak", "is a folder that holds no file ending in .csv"),
        ("notes.txt", "is a folder that holds no file ending in .csv"),
        (".p.csv", "is a folder that holds no file ending in .csv"),
    ],
)
def test_a_folder_without_a_usable_table_is_refused(
    clf: StanceClassifier, tmp_path: Path, name: str, message: str
) -> None:
    write(tmp_path / "in" / name, "1")
    with pytest.raises(InputError, match=message):
        classify_file(clf, tmp_path / "in", tmp_path / "out.csv")


def test_a_pattern_without_a_file_and_a_list_without_one_are_refused(tmp_path: Path) -> None:
    for source in (str(tmp_path / "*.csv"), []):
        with pytest.raises(InputError, match="names no file"):
            find_files(source, tmp_path / "out.csv")


def test_the_output_is_never_part_of_the_input(clf: StanceClassifier, tmp_path: Path) -> None:
    write(tmp_path / "in" / "p.csv", "1")
    with pytest.raises(InputError, match="lies in the input folder"):
        classify_file(clf, tmp_path / "in", tmp_path / "in" / "out.csv")
    old = write(tmp_path / "in" / "out.csv", "old")
    with pytest.raises(InputError, match="is the input itself"):
        classify_file(clf, str(tmp_path / "in" / "*.csv"), old)
    parts = write(tmp_path / "new.csv.parts" / "0.csv", "1")
    with pytest.raises(InputError, match="is the input itself"):
        find_files(parts, tmp_path / "new.csv")


def test_one_bad_file_among_many_is_refused_before_the_work(clf: StanceClassifier, tmp_path: Path) -> None:
    good, bad = write(tmp_path / "a.csv", "1"), tmp_path / "b.csv"
    bad.write_text("claim,text\na,b\n")
    with pytest.raises(InputError, match=r"b\.csv' lacks the column sentence"):
        classify_file(clf, [good, bad], tmp_path / "out.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_what_a_column_holds_is_told_of_all_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    values = [1, 2**60, None, 1.5, True, "x", {"a": 1}, 2**70]
    file.write_text("".join(json.dumps({**SOUND, "v": value}) + "\n" for value in values))
    source = inspect(str(file))
    assert (source.rows, set(source.kinds["v"])) == (8, {"int", "long", "", "float", "bool", "text"})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None, 2**60], [1, None, 2**60]),
        ([2**60 + 1, 0.5], [str(2**60 + 1), "0.5"]),  # no float holds it exactly
        ([2**64, 1], [str(2**64), "1"]),
        ([True, 1], ["true", "1"]),
    ],
)
def test_numbers_of_all_sizes_go_to_parquet_unharmed(
    clf: StanceClassifier, tmp_path: Path, values: list[Any], expected: list[Any]
) -> None:
    file, out = tmp_path / "p.jsonl", tmp_path / "out.parquet"
    file.write_text("".join(json.dumps({**SOUND, "v": value}) + "\n" for value in values))
    classify_file(clf, file, out, rows_per_shard=1)
    assert [row["v"] for row in read(out)] == expected


# URLs


@pytest.fixture
def bucket() -> Iterator[str]:
    """A place of its own in fsspec's file system in memory, which stands for S3 and its like."""
    yield "memory://bucket"
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


def test_urls_are_read_and_shards_written_to_them(clf: StanceClassifier, tmp_path: Path, bucket: str) -> None:
    files = fsspec.filesystem("memory")
    for name in ("a.csv", "b.csv"):
        table = write(tmp_path / name, *(f"{name}{n}" for n in range(5)))
        files.pipe(f"/bucket/in/{name}", table.read_bytes())
    files.pipe("/bucket/in/README.md", b"no table")
    files.pipe("/bucket/in/_temporary/0.csv", b"not meant")
    with pytest.raises(InputError, match="lies in the input folder"):
        classify_file(clf, f"{bucket}/in", f"{bucket}/in/out.csv", shards=True)
    local, remote = tmp_path / "out.csv", f"{bucket}/out.csv"
    counts = classify_file(clf, f"{bucket}/in", local, shards=True, rows_per_shard=2)
    assert counts == {"rows": 10, "errors": 0}
    assert classify_file(clf, f"{bucket}/in/*.csv", remote, shards=True, rows_per_shard=2) == counts
    names = sorted(path.name for path in local.iterdir())
    assert sorted(one.rpartition("/")[2] for one in files.ls("/bucket/out.csv", detail=False)) == names
    for name in names[:-1]:
        assert files.cat(f"/bucket/out.csv/{name}") == (local / name).read_bytes()
    files.pipe("/bucket/_exports/day/_part.csv", files.cat("/bucket/in/a.csv"))
    for place in ("_exports/day/_part.csv", "_exports/*/_part.csv", "_exports/**"):  # named, not come across
        named = classify_file(clf, [f"{bucket}/{place}"] * 2, tmp_path / f"{len(place)}.csv")
        assert named == {"rows": 5, "errors": 0}
    with pytest.raises(InputError, match="names no file"):
        classify_file(clf, f"{bucket}/_exports", tmp_path / "none.csv")
    files.rm(f"/bucket/out.csv/{names[2]}")
    with pytest.raises(InputError, match="holds a finished run"):
        classify_file(clf, f"{bucket}/in", remote, shards=True, rows_per_shard=2)
    assert classify_file(clf, f"{bucket}/in", remote, shards=True, rows_per_shard=2, resume=True) == counts
    assert files.cat(f"/bucket/out.csv/{names[2]}") == (local / names[2]).read_bytes()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nonsense://x/p.csv", "expected the URL of a file system that fsspec knows"),
        ("memory://bucket/nothing.csv", "nothing.csv' cannot be used"),
        ("memory://bucket/*.csv", "names no file"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_url_that_leads_nowhere_is_refused(
    clf: StanceClassifier, tmp_path: Path, source: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        classify_file(clf, source, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_one_file_is_not_written_to_a_url(clf: StanceClassifier, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="add --shards"):
        classify_file(clf, write(tmp_path / "p.csv", "1"), "memory://bucket/out.csv")


# rows in memory


def test_frames_data_sets_and_iterables_give_the_same(clf: StanceClassifier, tmp_path: Path) -> None:
    rows = [{"claim": "they met", "sentence": f"no {n}", "id": n} for n in range(2500)]
    expected = None
    for given in (
        rows,
        iter(rows),
        pd.DataFrame(rows),
        datasets.Dataset.from_list(rows),
        datasets.Dataset.from_list(rows).to_iterable_dataset(),
    ):
        out = tmp_path / "out.parquet"
        assert classify_dataset(clf, given, out) == {"rows": 2500, "errors": 0}
        expected = expected or out.read_bytes()
        assert out.read_bytes() == expected
    assert [row["id"] for row in read(out)] == list(range(2500))
    assert list(tmp_path.iterdir()) == [out]


def test_whatever_an_iterable_gives_keeps_its_place(clf: StanceClassifier, tmp_path: Path) -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    given = [
        ("they met", "no"),
        Pair("they met", "no"),
        ["they met", "no"],
        {**SOUND, "day": datetime.date(2024, 2, 29), "n": np.float32(0.5)},
        {"claim": "they met", "sentence": float("nan")},
        {"claim": "they met", "sentence": "cut \ud83d"},
        None,
        "a text",
        ("a", "b", "c"),
        {(1, 2): "x"},
        circle,
        ("they met", None),
    ]
    out = tmp_path / "out.jsonl"
    assert classify_dataset(clf, given, out) == {"rows": 12, "errors": 8}
    rows = read(out)
    assert [bool(row["error"]) for row in rows] == [False] * 4 + [True] * 8
    assert (rows[3]["day"], rows[3]["n"]) == ("2024-02-29", 0.5)
    assert "surrogate" in rows[5]["error"]


def test_missing_values_of_a_frame_are_bad_rows(clf: StanceClassifier, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"claim": ["they met", None, 5], "sentence": [np.nan, "no", "no"], "n": [1, pd.NA, None]}
    )
    out = tmp_path / "out.jsonl"
    assert classify_dataset(clf, frame, out) == {"rows": 3, "errors": 3}
    assert [row["n"] for row in read(out)] == [1, None, None]


def test_nothing_at_all_gives_a_table_without_rows(clf: StanceClassifier, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert classify_dataset(clf, iter(()), out) == {"rows": 0, "errors": 0}
    assert out.read_text().split() == [",".join(("claim", "sentence", *RESULTS))]


@pytest.mark.parametrize("given", ["p.csv", b"x", 7, SOUND, datasets.DatasetDict()])
def test_what_gives_no_rows_is_refused(clf: StanceClassifier, tmp_path: Path, given: Any) -> None:
    with pytest.raises(InputError, match="expected a DataFrame, a Dataset"):
        classify_dataset(clf, given, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_frame_that_names_a_column_twice_is_refused(clf: StanceClassifier, tmp_path: Path) -> None:
    frame = pd.DataFrame([["a", "b", "c"]], columns=["claim", "sentence", "claim"])
    with pytest.raises(InputError, match="names a column twice"):
        classify_dataset(clf, frame, tmp_path / "out.csv")


def test_an_iterable_that_fails_leaves_nothing(clf: StanceClassifier, tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield SOUND
        raise RuntimeError("the source went away")

    with pytest.raises(RuntimeError, match="went away"):
        classify_dataset(clf, rows(), tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


# the page


def test_the_page_holds_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert BATCH_PAGE.read_text(encoding="utf-8") == batch_page(), "docs/batch.md is stale; run: make cards"


RUN = {
    "rows": 10**6, "different": 80_000, "format": ".csv", "seconds": 2000.0, "pairs_per_second": 500.0,
    "peak_megabytes": 600, "input_megabytes": 200.0, "output_megabytes": 300.0, "device": "cpu",
    "runtime": "OpenVINO", "processor": "A processor", "cores": 2,
}  # fmt: skip


def test_a_machine_is_sized_by_the_longest_run_that_computed_every_pair() -> None:
    short = {**RUN, "rows": 1000, "different": 1000, "pairs_per_second": 1.0}
    repeated = {**RUN, "rows": 10**7, "different": 64, "pairs_per_second": 10**5}
    core, gpu = sizing_table([short, RUN, repeated]).splitlines()[2:4]
    # 250 pairs a second and core: 1e9 / 250 / 3600 hours
    assert core.split(" | ")[1:] == ["250", "1,111", "44 USD", "200 GB", "300 GB |"]
    assert gpu.count("not measured yet") == 5
    assert (
        sizing_table([{**RUN, "device": "cuda"}]).splitlines()[3].startswith("| GPU | 500 | 556 | 1,667 USD")
    )


def test_without_a_measurement_the_page_says_so() -> None:
    assert "not measured yet" in runs_table([])
    assert sizing_table([]).count("not measured yet") == 10
    assert "1,000,000" in runs_table([RUN])


def test_the_recipe_for_spark_classifies_frames(
    clf: StanceClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spark:
        """Stands for a session, a reader and a table: runs the function on two frames."""

        def __init__(self) -> None:
            self.read = self.write = self
            self.dtypes = [("id", "bigint"), ("claim", "string"), ("sentence", "string")]

        def parquet(self, path: str) -> Spark:
            return self

        def mapInPandas(self, function: Any, schema: str) -> Spark:
            rows = [{"id": n, "claim": "they met", "sentence": f"no {n}"} for n in range(3)]
            frames = [pd.DataFrame(rows), pd.DataFrame([{"id": 9, "claim": None, "sentence": "x"}])]
            self.schema, self.frames = schema, list(function(iter(frames)))
            return self

    monkeypatch.setattr(StanceClassifier, "from_pretrained", lambda: clf)
    (recipe,) = re.findall(r"### Spark.*?```python\n(.*?)```", (ROOT / BATCH_PAGE).read_text("utf-8"), re.S)
    spark = Spark()
    exec(recipe, {"spark": spark})
    names = ["id", "claim", "sentence", *RESULTS]
    assert [one.split()[0] for one in spark.schema.split(", ")] == names
    assert [list(frame.columns) for frame in spark.frames] == [names, names]
    assert list(spark.frames[0]["label"]) == clf.predict([("they met", f"no {n}") for n in range(3)])
    assert "claim is None" in spark.frames[1]["error"][0]
