"""Classifying files: no row lost, interrupted runs resumed to the very same bytes."""

from __future__ import annotations

import contextlib
import csv
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stance.checkpoint import WEIGHTS, Checkpoint, file_digest, write_manifest
from stance.errors import InputError
from stance.inference import batch, shards
from stance.inference.batch import RESULTS, classify_file
from stance.inference.classifier import StanceClassifier
from stance.schema import Prediction
from stance.tables import parquet_rows, read_table

from conftest import ROOT, WORDS

ENDINGS = (".csv", ".jsonl", ".parquet")
VOCABULARY = " ".join(WORDS).split()
PAIRS = [(" ".join(VOCABULARY[i : i + 3]), " ".join(VOCABULARY[i + 3 : i + 4 + i % 7])) for i in range(25)]


class Interrupted(RuntimeError):
    """What the wrapper raises."""


class Stopping(StanceClassifier):
    """A real classifier that fails after some chunks, as a machine that is switched off."""

    calls_left = 0

    def classify_pairs(
        self, pairs: Sequence[tuple[str, str]], *, batch_size: int | None = None
    ) -> list[Prediction]:
        if self.calls_left == 0:
            raise Interrupted
        self.calls_left -= 1
        return super().classify_pairs(pairs, batch_size=batch_size)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "ROWS_PER_CHUNK", 4)


def stopping(clf: StanceClassifier, after: int) -> Stopping:
    stopper = Stopping(clf.checkpoint, clf._backend)
    stopper.calls_left = after
    return stopper


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows without the package's own writer."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    rows = list(read_table(path))
    assert not [row.error for row in rows if row.error]
    return [row.values for row in rows]


def pair_rows(count: int = len(PAIRS)) -> list[dict[str, Any]]:
    return [{"id": f"r{i}", "claim": c, "sentence": s} for i, (c, s) in enumerate(PAIRS[:count])]


# the result


@pytest.mark.parametrize("out_ending", ENDINGS)
@pytest.mark.parametrize("in_ending", ENDINGS)
@pytest.mark.usefixtures("small_chunks")
def test_every_format_goes_in_and_out(
    clf: StanceClassifier, tmp_path: Path, in_ending: str, out_ending: str
) -> None:
    source = write(tmp_path / f"pairs{in_ending}", pair_rows(11))
    out = tmp_path / "deep" / "er" / f"out{out_ending}"
    assert classify_file(clf, source, out) == {"rows": 11, "errors": 0}
    expected = clf.predict_proba(PAIRS[:11])
    rows = read(out)
    assert [row["id"] for row in rows] == [f"r{i}" for i in range(11)]
    assert [(row["claim"], row["sentence"]) for row in rows] == PAIRS[:11]
    assert list(rows[0]) == ["id", "claim", "sentence", *RESULTS]
    for row, probabilities, label in zip(rows, expected, clf.predict(PAIRS[:11]), strict=True):
        assert row["label"] == label
        assert [float(row[name]) for name in RESULTS[1:4]] == pytest.approx(probabilities, abs=1e-3)
        assert row["truncated"] in (False, "false")
        assert row["error"] == ""
    assert sorted(path.name for path in out.parent.iterdir()) == [out.name]


def test_a_cut_sentence_is_told(clf: StanceClassifier, tmp_path: Path) -> None:
    rows = [{"claim": "they met", "sentence": "no"}, {"claim": "they met", "sentence": "no " * 500}]
    out = tmp_path / "out.jsonl"
    classify_file(clf, write(tmp_path / "in.jsonl", rows), out)
    assert [row["truncated"] for row in read(out)] == [False, True]


def test_columns_named_like_results_are_kept(clf: StanceClassifier, tmp_path: Path) -> None:
    row = {"claim": "they met", "sentence": "no", "label": "gold", "neutral": "0", "error": "none", "x": "1"}
    out = tmp_path / "out.csv"
    classify_file(clf, write(tmp_path / "in.csv", [row]), out)
    (result,) = read(out)
    assert list(result) == ["claim", "sentence", "input_label", "input_neutral", "input_error", "x", *RESULTS]
    assert (result["input_label"], result["input_neutral"], result["input_error"]) == ("gold", "0", "none")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_second_round_keeps_the_columns_of_the_first(
    clf: StanceClassifier, tmp_path: Path, ending: str
) -> None:
    row = {"claim": "they met", "sentence": "no", "input_label": "first", "label": "second"}
    out = tmp_path / f"out{ending}"
    classify_file(clf, write(tmp_path / f"in{ending}", [row]), out)
    (result,) = read(out)
    assert {"first", "second"} <= set(map(str, result.values()))


def test_the_input_is_never_its_own_output(clf: StanceClassifier, tmp_path: Path) -> None:
    file = write(tmp_path / "pairs.csv", pair_rows(3))
    before = file.read_bytes()
    with pytest.raises(InputError, match="is the input itself"):
        classify_file(clf, file, file)
    assert file.read_bytes() == before


def test_an_old_output_is_replaced(clf: StanceClassifier, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("an older result", encoding="utf-8")
    classify_file(clf, write(tmp_path / "in.csv", pair_rows(2)), out)
    assert len(read(out)) == 2


# bad rows


def test_bad_rows_keep_their_place_with_the_reason(clf: StanceClassifier, tmp_path: Path) -> None:
    lines = [
        '{"claim": "they met", "sentence": "no", "id": 1}',
        '{"claim": "", "sentence": "no", "id": 2}',
        '{"claim": "they met", "id": 3}',
        '{"claim": 5, "sentence": "no", "id": 4}',
        '{"claim": "they met", "sentence": null, "id": 5}',
        "{broken",
        "[1, 2]",
        json.dumps({"claim": "they met " * 30, "sentence": "no", "id": 8}),
        '{"claim": "they met", "sentence": "yes", "id": 9}',
    ]
    source = tmp_path / "in.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out.jsonl"
    assert classify_file(clf, source, out) == {"rows": 9, "errors": 7}
    rows = read(out)
    assert [row["id"] for row in rows] == [1, 2, 3, 4, 5, None, None, 8, 9]
    reasons = [row["error"] for row in rows]
    expected = [
        "",
        "claim is empty",
        "sentence is None",
        "claim is 5 (int)",
        "sentence is None",
        "broken JSON",
        "a JSON list",
        "too long",
        "",
    ]
    for reason, part in zip(reasons, expected, strict=True):
        assert part in reason
        assert bool(reason) == bool(part)
    assert [row["label"] is None for row in rows] == [bool(part) for part in expected]
    assert rows[3]["claim"] == 5


def test_a_very_long_claim_is_one_bad_row(clf: StanceClassifier, tmp_path: Path) -> None:
    rows = [{"claim": "they met", "sentence": "no"}, {"claim": "they met " * 500, "sentence": "no"}]
    out = tmp_path / "out.csv"
    assert classify_file(clf, write(tmp_path / "in.csv", rows), out) == {"rows": 2, "errors": 1}


def test_bad_csv_rows_keep_their_place(clf: StanceClassifier, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("claim,sentence\nthey met,no\nthey met\nthey met,no,more\n,no\nthey met,no\n", "utf-8")
    out = tmp_path / "out.csv"
    assert classify_file(clf, source, out) == {"rows": 5, "errors": 3}
    reasons = [row["error"] for row in read(out)]
    assert reasons == [
        "",
        "1 fields; the header has 2",
        "3 fields; the header has 2; not kept: ['more']",
        *reasons[3:4],
        "",
    ]
    assert "claim is empty" in reasons[3]


bad_or_good = st.one_of(
    st.just('{"claim": "they met", "sentence": "no"}'),
    st.builds(
        lambda c, s: json.dumps({"claim": c, "sentence": s}),
        st.one_of(st.none(), st.integers(), st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    ),
    st.sampled_from(["{", "7", "[]", "null", "{}", '{"claim": {"a": []}, "sentence": [1]}']),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(bad_or_good, max_size=9))
@pytest.mark.usefixtures("small_chunks")
def test_rows_in_are_rows_out_always(clf: StanceClassifier, tmp_path: Path, lines: list[str]) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    first = '{"claim": "they met", "sentence": "no", "id": 0}'
    source.write_text("\n".join([first, *lines]) + "\n", encoding="utf-8")
    counts = classify_file(clf, source, out)
    rows = read(out)
    assert counts["rows"] == len(rows) == 1 + len(lines)
    assert counts["errors"] == sum(bool(row["error"]) for row in rows)
    assert all((row["label"] is None) == bool(row["error"]) for row in rows)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_lone_surrogate_is_one_bad_row_and_not_the_end(
    clf: StanceClassifier, tmp_path: Path, ending: str
) -> None:
    rows = [{"claim": "they met", "sentence": "no"}, {"claim": "they \ud800met", "sentence": "no"}]
    out = tmp_path / f"out{ending}"
    assert classify_file(clf, write(tmp_path / "in.jsonl", rows), out) == {"rows": 2, "errors": 1}


def test_a_bad_cell_of_another_type_is_one_bad_row_in_parquet_too(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    rows = [{"claim": "they met", "sentence": "no"}, {"claim": 5, "sentence": "no"}]
    out = tmp_path / "out.parquet"
    assert classify_file(clf, write(tmp_path / "in.jsonl", rows), out) == {"rows": 2, "errors": 1}
    assert len(read(out)) == 2


def test_a_parquet_output_may_begin_with_many_bad_rows(
    clf: StanceClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_rows, "ROWS_PER_CHUNK", 2)
    rows = [{"claim": c, "sentence": "no"} for c in ("", "", "they met")]
    out = tmp_path / "out.parquet"
    assert classify_file(clf, write(tmp_path / "in.jsonl", rows), out) == {"rows": 3, "errors": 2}
    assert read(out)[2]["supports"] > 0


def test_a_parquet_input_with_dates_goes_to_json_lines(clf: StanceClassifier, tmp_path: Path) -> None:
    row = {"claim": "they met", "sentence": "no", "day": datetime.date(2024, 2, 29)}
    out = tmp_path / "out.jsonl"
    classify_file(clf, write(tmp_path / "in.parquet", [row]), out)
    assert read(out)[0]["day"] == "2024-02-29"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_without_rows_gives_one_without_rows(
    clf: StanceClassifier, tmp_path: Path, ending: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("claim,sentence\n", encoding="utf-8")
    out = tmp_path / f"out{ending}"
    assert classify_file(clf, source, out) == {"rows": 0, "errors": 0}
    assert read(out) == []


@pytest.mark.parametrize("content", ["id,claim,sentence\n", "claim,sentence,id\nthey met,no\n"])
def test_columns_of_a_table_without_a_sound_row_are_kept(
    clf: StanceClassifier, tmp_path: Path, content: str
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(content, encoding="utf-8")
    classify_file(clf, source, out)
    assert "id" in out.read_text(encoding="utf-8").splitlines()[0].split(",")


# law 4: resuming


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.usefixtures("small_chunks")
def test_a_resumed_run_gives_byte_for_byte_what_an_uninterrupted_one_gives(
    clf: StanceClassifier, tmp_path: Path, ending: str, after: int
) -> None:
    rows = [*pair_rows(9), {"id": "bad", "claim": "", "sentence": "no"}, *pair_rows(9)]
    source = write(tmp_path / "in.jsonl", rows)
    whole, resumed = tmp_path / f"whole{ending}", tmp_path / f"resumed{ending}"
    expected = classify_file(clf, source, whole)
    with pytest.raises(Interrupted):
        classify_file(stopping(clf, after), source, resumed)
    assert not resumed.exists()
    assert classify_file(stopping(clf, 5 - after), source, resumed, resume=True) == expected
    assert resumed.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([source.name, whole.name, resumed.name])


@pytest.mark.usefixtures("small_chunks")
def test_a_run_interrupted_again_and_again_ends_the_same(clf: StanceClassifier, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", pair_rows(19))
    whole, resumed = tmp_path / "whole.csv", tmp_path / "resumed.csv"
    classify_file(clf, source, whole)
    for _ in range(4):
        with pytest.raises(Interrupted):
            classify_file(stopping(clf, 1), source, resumed, resume=True)
    classify_file(stopping(clf, 1), source, resumed, resume=True)
    assert resumed.read_bytes() == whole.read_bytes()


@pytest.fixture
def interrupted(clf: StanceClassifier, tmp_path: Path, small_chunks: None) -> tuple[Path, Path]:
    source, out = write(tmp_path / "in.csv", pair_rows(19)), tmp_path / "out.csv"
    with pytest.raises(Interrupted):
        classify_file(stopping(clf, 2), source, out)
    return source, out


def test_a_part_that_cannot_be_written_costs_no_finished_part(
    clf: StanceClassifier, interrupted: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> int:
        raise InputError("cannot write: no space left on device")

    source, out = interrupted
    with monkeypatch.context() as patch:
        patch.setattr(shards, "write_table", full_disk)
        with pytest.raises(InputError, match="no space left"):
            classify_file(clf, source, out, resume=True)
    kept = sorted(path.name for path in out.with_name("out.csv.parts").iterdir())
    assert kept == ["00000-00000000.csv", "00000-00000001.csv", "manifest.json"]
    assert classify_file(clf, source, out, resume=True) == {"rows": 19, "errors": 0}


def test_an_interrupted_run_is_never_overwritten_silently(
    clf: StanceClassifier, interrupted: tuple[Path, Path]
) -> None:
    with pytest.raises(InputError, match=r"out\.csv\.parts' holds an interrupted run; go on with --resume"):
        classify_file(clf, *interrupted)


def test_another_input_is_refused(clf: StanceClassifier, interrupted: tuple[Path, Path]) -> None:
    source, out = interrupted
    with source.open("a", encoding="utf-8") as stream:
        stream.write("r99,they met,no\n")
    with pytest.raises(InputError, match="had another input; delete the folder"):
        classify_file(clf, source, out, resume=True)
    assert not out.exists()


def test_another_checkpoint_is_refused(
    clf: StanceClassifier, interrupted: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(clf.checkpoint.path, tmp_path / "copy"))
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    write_manifest(folder, temperature=1.5, max_length=64, provenance={})
    other = StanceClassifier.from_pretrained(folder, device="cpu")
    with pytest.raises(InputError, match="had another checkpoint"):
        classify_file(other, *interrupted, resume=True)


def test_the_same_weights_at_another_temperature_are_refused(
    clf: StanceClassifier, interrupted: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(clf.checkpoint.path, tmp_path / "copy"))
    write_manifest(folder, temperature=9.0, max_length=64, provenance={})
    other = StanceClassifier.from_pretrained(folder, device="cpu")
    with pytest.raises(InputError, match="had another checkpoint"):
        classify_file(other, *interrupted, resume=True)


def test_other_chunks_are_refused(
    clf: StanceClassifier, interrupted: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "ROWS_PER_CHUNK", 5)
    with pytest.raises(InputError, match="had another number of rows a shard"):
        classify_file(clf, *interrupted, resume=True)


def test_resume_with_nothing_to_resume_starts(clf: StanceClassifier, tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.csv", pair_rows(3)), tmp_path / "out.csv"
    assert classify_file(clf, source, out, resume=True) == {"rows": 3, "errors": 0}


def test_a_finished_output_is_not_replaced_by_resuming(clf: StanceClassifier, tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.csv", pair_rows(3)), tmp_path / "out.csv"
    classify_file(clf, source, out, resume=True)
    before = out.read_bytes()
    write(source, pair_rows(2))
    with pytest.raises(
        InputError, match=r"nothing is to be resumed\. Keep it as it is, or leave out --resume"
    ):
        classify_file(clf, source, out, resume=True)
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]
    assert classify_file(clf, source, out) == {"rows": 2, "errors": 0}


def test_a_half_written_part_is_no_part(clf: StanceClassifier, interrupted: tuple[Path, Path]) -> None:
    source, out = interrupted
    parts = out.with_name("out.csv.parts")
    assert sorted(p.name for p in parts.iterdir()) == [
        "00000-00000000.csv",
        "00000-00000001.csv",
        "manifest.json",
    ]
    (parts / ".00000-00000002.csv.abc.part").write_text('{"label": "supp', encoding="utf-8")
    assert classify_file(clf, source, out, resume=True) == {"rows": 19, "errors": 0}
    assert len(read(out)) == 19
    assert not parts.exists()


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_damaged_manifest_is_refused(
    clf: StanceClassifier, interrupted: tuple[Path, Path], content: str
) -> None:
    source, out = interrupted
    (out.with_name("out.csv.parts") / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="delete the folder"):
        classify_file(clf, source, out, resume=True)


def test_a_part_that_was_cut_short_is_refused(clf: StanceClassifier, interrupted: tuple[Path, Path]) -> None:
    source, out = interrupted
    part = out.with_name("out.csv.parts") / "00000-00000001.csv"
    part.write_text(part.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"00000-00000001\.csv' is damaged; delete it and go on"):
        classify_file(clf, source, out, resume=True)
    part.unlink()
    assert classify_file(clf, source, out, resume=True) == {"rows": 19, "errors": 0}


def test_a_file_where_the_parts_belong_is_told(clf: StanceClassifier, tmp_path: Path) -> None:
    (tmp_path / "out.csv.parts").touch()
    with pytest.raises(InputError, match=r"out\.csv\.parts"):
        classify_file(clf, write(tmp_path / "in.csv", pair_rows(1)), tmp_path / "out.csv", resume=True)


# what cannot be read or written is refused before the work begins


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.txt", b"", r"ends in '\.txt'; expected one of \.csv, \.jsonl, \.parquet"),
        ("in", b"", "has no ending; expected one of"),
        ("in.csv", b"claim,text\na,b\n", "lacks the column sentence; it has: claim, text"),
        ("in.csv", b"", "lacks the columns claim, sentence; it has: none"),
        ("in.jsonl", b'{"text": "a"}\n', "lacks the columns claim, sentence"),
        ("in.csv", b"claim,sentence\n\xff\xfe,b\n", "is not UTF-8"),
        ("in.parquet", b"no parquet", "cannot be read as Parquet"),
        ("in.csv", b"claim,sentence,claim\na,b,c\n", "names a column twice"),
    ],
)
def test_an_input_that_cannot_be_used_is_refused(
    clf: StanceClassifier, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        classify_file(clf, tmp_path / name, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_refused_input_leaves_nothing_behind_and_can_be_mended(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    source, out = write(tmp_path / "in.csv", [{"claim": "they met", "text": "no"}]), tmp_path / "out.csv"
    with pytest.raises(InputError, match="lacks the column sentence"):
        classify_file(clf, source, out)
    write(source, [{"claim": "they met", "sentence": "no"}])
    assert classify_file(clf, source, out) == {"rows": 1, "errors": 0}


def test_a_missing_input_and_a_folder_are_refused(clf: StanceClassifier, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        classify_file(clf, tmp_path / "in.csv", tmp_path / "out.csv")
    (tmp_path / "in.csv").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        classify_file(clf, tmp_path / "in.csv", tmp_path / "out.csv")


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.json"])
def test_an_unknown_output_format_is_refused_first(clf: StanceClassifier, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="expected one of"):
        classify_file(clf, tmp_path / "missing.csv", tmp_path / name)


def test_a_folder_is_no_output(clf: StanceClassifier, tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(InputError, match="it is a folder; give a file name"):
        classify_file(clf, write(tmp_path / "in.csv", pair_rows(1)), tmp_path / "out.csv")


def test_progress_is_shown_on_stderr_only(
    clf: StanceClassifier, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "in.csv", pair_rows(3))
    classify_file(clf, source, tmp_path / "quiet.csv")
    assert capfd.readouterr() == ("", "")
    classify_file(clf, source, tmp_path / "shown.csv", progress=True)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "rows" in shown.err


# shards


@pytest.mark.parametrize("ending", ENDINGS)
def test_shards_are_the_joined_output_in_pieces(clf: StanceClassifier, tmp_path: Path, ending: str) -> None:
    source = write(tmp_path / "in.jsonl", [{**row, "n": i} for i, row in enumerate(pair_rows(11))])
    whole, folder = tmp_path / f"whole{ending}", tmp_path / f"shards{ending}"
    expected = classify_file(clf, source, whole, rows_per_shard=4)
    assert classify_file(clf, source, folder, shards=True, rows_per_shard=4) == expected
    names = [f"00000-0000000{chunk}{ending}" for chunk in range(3)]
    assert sorted(path.name for path in folder.iterdir()) == [*names, "manifest.json"]
    assert [row for name in names for row in read(folder / name)] == read(whole)
    if ending == ".parquet":
        schemas = {pq.read_schema(path) for path in (whole, *(folder / name for name in names))}
        assert len(schemas) == 1


def test_the_manifest_of_shards_says_what_they_are(clf: StanceClassifier, tmp_path: Path) -> None:
    rows = [*pair_rows(5), {"id": "bad", "claim": "", "sentence": "no"}]
    source, folder = write(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    classify_file(clf, source, folder, shards=True, rows_per_shard=4)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["input"] == [[file_digest(source), 6]]
    assert manifest["files"] == [str(source)]
    assert manifest["checkpoint"] == clf.checkpoint.digest
    assert manifest["runtime"] == clf.arithmetic
    assert manifest["rows_per_chunk"] == 4
    assert list(manifest["columns"]) == ["id", "claim", "sentence", *RESULTS]
    assert manifest["finished"] == {"rows": 6, "errors": 1, "shards": 2}


def test_a_shard_that_was_lost_is_made_again(clf: StanceClassifier, tmp_path: Path) -> None:
    source, folder = write(tmp_path / "in.csv", pair_rows(19)), tmp_path / "out.parquet"
    counts = classify_file(clf, source, folder, shards=True, rows_per_shard=4)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "00000-00000002.parquet").unlink()
    with pytest.raises(InputError, match="holds a finished run"):
        classify_file(clf, source, folder, shards=True, rows_per_shard=4)
    stopper = stopping(clf, 1)  # one chunk and no more
    assert classify_file(stopper, source, folder, shards=True, rows_per_shard=4, resume=True) == counts
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_finished_run_that_is_resumed_does_nothing(clf: StanceClassifier, tmp_path: Path) -> None:
    source, folder = write(tmp_path / "in.csv", pair_rows(5)), tmp_path / "out.csv"
    counts = classify_file(clf, source, folder, shards=True)
    assert classify_file(stopping(clf, 0), source, folder, shards=True, resume=True) == counts


def test_shards_are_not_written_into_a_file_or_a_folder_of_other_things(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    source = write(tmp_path / "in.csv", pair_rows(1))
    (tmp_path / "file.csv").touch()
    with pytest.raises(InputError, match="it is a file"):
        classify_file(clf, source, tmp_path / "file.csv", shards=True)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.csv" / "mine.txt").touch()
    with pytest.raises(InputError, match=r"holds 'mine\.txt', but no manifest"):
        classify_file(clf, source, tmp_path / "folder.csv", shards=True, resume=True)
    assert [path.name for path in (tmp_path / "folder.csv").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("rows_per_shard", [0, -1])
def test_a_shard_has_rows(clf: StanceClassifier, tmp_path: Path, rows_per_shard: int) -> None:
    source = write(tmp_path / "in.csv", pair_rows(1))
    with pytest.raises(InputError, match="expected at least 1"):
        classify_file(clf, source, tmp_path / "out.csv", rows_per_shard=rows_per_shard)


def test_an_input_that_changes_during_the_run_is_noticed(clf: StanceClassifier, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", pair_rows(9))

    class Changing(Stopping):
        def classify_pairs(self, pairs: Any, *, batch_size: int | None = None) -> list[Prediction]:
            write(source, pair_rows(2))
            return super().classify_pairs(pairs, batch_size=batch_size)

    with source.open("a", encoding="utf-8") as stream:  # more than is read ahead
        stream.writelines(f"x{n},they met,{'no ' * 40}\n" for n in range(2000))
    changing = Changing(clf.checkpoint, clf._backend)
    changing.calls_left = 10**6
    with pytest.raises(InputError, match="was changed while it was read"):
        classify_file(changing, source, tmp_path / "out.csv", rows_per_shard=500)


# killed at any point


class Killed(BaseException):
    """The process is gone: nothing that it would still do is done."""


class Disk:
    """Counts what is done to the disk, and kills the process before a given act."""

    def __init__(self, patch: pytest.MonkeyPatch, survives: int) -> None:
        self.acts, self.survives = 0, survives
        for owner, name in (
            (os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (Path, "rmdir"),
        ):  # fmt: skip
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, act: Any) -> Any:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.acts += 1
            if self.acts > self.survives:
                raise Killed
            return act(*arguments, **named)

        return counted


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("as_shards", [False, True])
def test_a_run_that_is_killed_at_any_point_is_resumed_to_the_same_bytes(
    clf: StanceClassifier, tmp_path: Path, ending: str, as_shards: bool
) -> None:
    source = write(tmp_path / "in.jsonl", [*pair_rows(5), {"id": "bad", "claim": "", "sentence": "no"}])

    def run(out: Path, resume: bool) -> dict[str, int]:
        return classify_file(clf, source, out, resume=resume, shards=as_shards, rows_per_shard=3)

    def is_over(out: Path) -> bool:  # killed, if at all, after its very last act
        return not as_shards and out.exists() and not out.with_name(f"{out.name}.parts").exists()

    def content(out: Path) -> Any:
        return {p.name: p.read_bytes() for p in out.iterdir()} if as_shards else out.read_bytes()

    whole = tmp_path / f"whole{ending}"
    counts = run(whole, resume=False)
    for survives in range(100):
        out = tmp_path / f"out{survives}{ending}"
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, survives)
            with contextlib.suppress(Killed):
                run(out, resume=False)
        if disk.acts <= survives:  # it was not killed at all
            break
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
            Disk(patch, survives % 5)
            if not is_over(out):
                run(out, resume=True)  # killed again
        if not is_over(out):
            assert run(out, resume=True) == counts, survives
        assert content(out) == content(whole), survives
        assert not out.with_name(f"{out.name}.parts").exists(), survives
    assert survives > 10
    assert content(out) == content(whole)


@pytest.mark.slow
def test_a_process_that_is_killed_again_and_again_ends_the_same(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    source = write(tmp_path / "in.jsonl", [{**row, "n": n} for n in range(80) for row in pair_rows()])
    whole, out = tmp_path / "whole.parquet", tmp_path / "out.parquet"
    classify_file(clf, source, whole, rows_per_shard=20)
    command = [
        sys.executable,
        "-m",
        "stance",
        "classify",
        str(source),
        "--out",
        str(out),
        "--json",
        "--resume",
    ]
    command += ["--rows-per-shard", "20", "--model", str(clf.checkpoint.path), "--device", "cpu"]
    parts = out.with_name("out.parquet.parts")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for kills in (1, 2, 3):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        while process.poll() is None and len(list(parts.glob("0*.parquet"))) < 20 * kills:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert json.loads(done.stdout)["rows"] == 2000, done.stderr
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.parquet", "whole.parquet"]


# what is computed


def test_a_pair_that_occurs_often_in_a_chunk_is_computed_once(clf: StanceClassifier, tmp_path: Path) -> None:
    class Counting(Stopping):
        computed = 0

        def classify_pairs(self, pairs: Any, *, batch_size: int | None = None) -> list[Prediction]:
            self.computed += len(pairs)
            return super().classify_pairs(pairs, batch_size=batch_size)

    rows = [row for row in pair_rows(3) for _ in range(5)]
    counting = Counting(clf.checkpoint, clf._backend)
    counting.calls_left = 2
    out = tmp_path / "out.jsonl"
    classify_file(counting, write(tmp_path / "in.csv", rows), out, rows_per_shard=10)
    assert counting.computed == 2 + 1
    expected = clf.predict([(row["claim"], row["sentence"]) for row in rows])
    assert [(row["id"], row["label"]) for row in read(out)] == [
        (row["id"], label) for row, label in zip(rows, expected, strict=True)
    ]


def test_a_column_of_the_users_called_voice_stays_where_the_checkpoint_tells_none(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    rows = [{"claim": c, "sentence": s, "voice": "mine"} for c, s in PAIRS]
    classify_file(clf, write(tmp_path / "in.csv", rows), tmp_path / "out.csv")
    assert {row["voice"] for row in read(tmp_path / "out.csv")} == {"mine"}


def test_a_text_with_more_lines_than_csv_holds_is_refused_before_anything_is_computed(
    clf: StanceClassifier, tmp_path: Path
) -> None:
    rows = [*pair_rows(3), {"id": "4", "claim": "They met.", "sentence": "line\n" * 10_000}]
    source = write(tmp_path / "in.jsonl", rows)
    with pytest.raises(InputError, match=r"in\.jsonl has a row of 10,001 lines; CSV holds fewer than 10,000"):
        classify_file(clf, source, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
    assert classify_file(clf, source, tmp_path / "out.jsonl")["rows"] == 4


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_voice_is_written_where_the_checkpoint_tells_it(
    speaking_checkpoint: Checkpoint, tmp_path: Path, ending: str
) -> None:
    speaking = StanceClassifier.from_pretrained(speaking_checkpoint.path, device="cpu")
    rows = [{"claim": c, "sentence": f"{s} the minister said", "voice": "mine"} for c, s in PAIRS]
    out = tmp_path / f"out{ending}"
    classify_file(speaking, write(tmp_path / "in.csv", rows), out)
    expected = speaking.classify_pairs([(row["claim"], row["sentence"]) for row in rows])
    assert any(one.voice for one in expected)
    result = read(out)
    assert list(result[0]) == ["claim", "sentence", "input_voice", *RESULTS, "voice"]
    assert [row["voice"] or "" for row in result] == [one.voice or "" for one in expected]
    assert {row["input_voice"] for row in result} == {"mine"}
