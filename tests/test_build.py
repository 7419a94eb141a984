"""From annotations to rows: every claim against every labelled sentence, splits kept apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stance.corpus.build import (
    EVENT_COLUMNS,
    PAIR_COLUMNS,
    build_corpus,
    event_cells,
    save_corpus,
    statistics,
    to_dataset_dict,
    write_splits,
)
from stance.corpus.events import read_events
from stance.corpus.examples import SPLITS, read_examples
from stance.corpus.standoff import text_digest
from stance.errors import DataError
from stance.schema import LABELS, Label
from stance.tables import read_table

from corpora import event_rows

TEXT = "They met.\nThe ministry denied it.\nADVERTISEMENT"


def jsonl(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def sentence(number: int, start: int, end: int, kind: str = "content") -> dict[str, Any]:
    return {
        "sentence_id": f"s{number}", "article_id": "a", "start": start, "end": end, "kind": kind,
        "paragraph": number, "restated": f"Own words {number}.",
    }  # fmt: skip


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus folder of one article with three sentences, the last of them boilerplate."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    jsonl(folder / "articles.jsonl", [{"article_id": "a", "outlet": "G", "sha256": text_digest(TEXT)}])
    jsonl(
        folder / "sentences.jsonl",
        [sentence(0, 0, 9), sentence(1, 10, 33), sentence(2, 34, 47, "advertisement")],
    )
    jsonl(
        folder / "claims.jsonl",
        [
            {"claim_id": f"C{n}", "family": f"f{n}", "kind": "claim", "split": split, "claim": f"Claim {n}."}
            for n, split in enumerate(SPLITS)
        ],
    )
    jsonl(
        folder / "annotations.jsonl",
        [
            {
                "claim_id": "C0", "sentence_id": "s1", "label": "denies", "voice": [10, 22],
                "restated_voice": [0, 3], "related": True,
            },
            {
                "claim_id": "C2", "sentence_id": "s0", "label": "neutral", "voice": None,
                "restated_voice": None, "related": True,
            },
        ],
    )  # fmt: skip
    return folder


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "any name").write_bytes(TEXT.encode())
    return folder


def test_every_claim_meets_every_labelled_sentence_and_no_boilerplate(corpus: Path) -> None:
    rows = build_corpus(corpus)
    assert list(rows) == list(SPLITS)
    for number, split in enumerate(SPLITS):
        assert [row["pair_id"] for row in rows[split]] == [f"C{number}/s0", f"C{number}/s1"]
        assert all(tuple(row) == PAIR_COLUMNS for row in rows[split])


def test_what_is_not_annotated_is_neutral_and_unrelated(corpus: Path) -> None:
    rows = build_corpus(corpus)
    decisions = {
        row["pair_id"]: (row["label"], row["voice"], row["related"]) for part in rows.values() for row in part
    }
    assert decisions == {
        "C0/s0": ("neutral", None, False),
        "C0/s1": ("denies", "Own", True),
        "C1/s0": ("neutral", None, False),
        "C1/s1": ("neutral", None, False),
        "C2/s0": ("neutral", None, True),
        "C2/s1": ("neutral", None, False),
    }


def test_the_verbatim_edition_differs_only_in_sentence_and_voice(corpus: Path, articles: Path) -> None:
    own, verbatim = build_corpus(corpus), build_corpus(corpus, articles)
    for split in SPLITS:
        for ours, theirs in zip(own[split], verbatim[split], strict=True):
            differing = {name for name in ours if ours[name] != theirs[name]}
            assert differing <= {"context", "sentence", "voice", "voice_start"}
    assert verbatim["train"][1]["sentence"] == "The ministry denied it."
    assert verbatim["train"][1]["voice"] == "The ministry"


def test_a_changed_article_builds_nothing(corpus: Path, articles: Path) -> None:
    (articles / "any name").write_bytes(TEXT.encode() + b"\n")
    with pytest.raises(DataError, match="a changed article is refused, offsets are never shifted"):
        build_corpus(corpus, articles)


def test_an_unknown_split_is_refused(corpus: Path) -> None:
    file = corpus / "claims.jsonl"
    file.write_text(file.read_text().replace('"validation"', '"dev"'))
    with pytest.raises(DataError, match=r"row 2: split is 'dev'; expected one of"):
        build_corpus(corpus)


def test_statistics_count_what_was_built(corpus: Path) -> None:
    counts = statistics(build_corpus(corpus))
    assert counts["train"] == {
        "pairs": 2, "groups": 1, "claims": 1, "labels": {"supports": 0, "denies": 1, "neutral": 1},
        "related_neutral": 0, "with_voice": 1,
    }  # fmt: skip
    assert counts["test"]["related_neutral"] == 1


def test_written_splits_are_read_back_as_they_were(corpus: Path, tmp_path: Path) -> None:
    rows = build_corpus(corpus)
    write_splits(rows, tmp_path / "out", PAIR_COLUMNS)
    for split in SPLITS:
        assert [row.values for row in read_table(tmp_path / "out" / f"{split}.parquet")] == rows[split]


def test_the_dataset_dict_names_its_labels_in_the_fixed_order(corpus: Path) -> None:
    rows = build_corpus(corpus)
    built = to_dataset_dict(rows, PAIR_COLUMNS)
    assert list(built) == list(SPLITS)
    label = built["train"].features["label"]
    assert label.names == [one.value for one in LABELS]
    for split in SPLITS:
        kept = [{**row, "label": label.int2str(row["label"])} for row in built[split]]
        assert kept == rows[split]


def test_a_saved_corpus_is_opened_again_and_replaces_an_older_one(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "saved"
    rows = build_corpus(corpus)
    save_corpus(rows, PAIR_COLUMNS, out)
    save_corpus(rows, PAIR_COLUMNS, out)
    assert [one.name for one in out.parent.iterdir()] == ["saved"]
    for split in SPLITS:
        examples = read_examples(out, split)
        assert [(e.claim, e.sentence, e.label.value, e.group, e.related) for e in examples] == [
            (r["claim"], r["sentence"], r["label"], r["group"], r["related"]) for r in rows[split]
        ]


def test_a_folder_that_is_no_corpus_is_never_replaced(corpus: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("mine")
    for place in (precious, precious / "thesis.txt"):
        with pytest.raises(DataError, match="exists and is no corpus; choose another folder"):
            save_corpus(build_corpus(corpus), PAIR_COLUMNS, place)
    assert (precious / "thesis.txt").read_text() == "mine"
    assert [one.name for one in precious.iterdir()] == ["thesis.txt"]


EVENT: dict[str, Any] = {
    "event_id": "E1", "domain": "d", "split": "test", "event": "x",
    "sentences": [
        {"text": "They met.", "outlet": "b", "forms": ["lead", "plain"]},
        {"text": "He denied it.", "after": 1},
        {"text": "They met, he said."},
    ],
    "claims": [
        {
            "claim": "One.", "kind": "fact", "labels": "SD-", "voices": {"1": "", "2": "He"},
            "tags": {"2": "t"},
        },
        {"claim": "Two.", "labels": "NNS"},
    ],
}  # fmt: skip


def events(folder: Path, *rows: dict[str, Any]) -> Path:
    jsonl(folder / "events.jsonl", list(rows))
    return folder


def test_events_become_every_decided_pair(tmp_path: Path) -> None:
    rows = event_rows(events(tmp_path, EVENT))
    assert (rows["train"], rows["validation"]) == ([], [])
    assert all(tuple(row) == EVENT_COLUMNS for row in rows["test"])
    names = ("pair_id", "claim", "claim_kind", "sentence", "label", "voice", "voice_start", "tag")
    assert [tuple(row[name] for name in names) for row in rows["test"]] == [
        ("E1/1/1", "One.", "fact", "They met.", "supports", "", None, None),
        ("E1/1/2", "One.", "fact", "He denied it.", "denies", "He", 0, "t"),
        ("E1/2/1", "Two.", None, "They met.", "neutral", None, None, None),
        ("E1/2/2", "Two.", None, "He denied it.", "neutral", None, None, None),
        ("E1/2/3", "Two.", None, "They met, he said.", "supports", None, None, None),
    ]
    names = ("outlet", "context", "forms")
    assert [tuple(row[name] for name in names) for row in rows["test"][2:]] == [
        ("outlet b", None, "lead plain"),
        (None, "They met.", None),
        (None, None, None),
    ]


def test_cells_without_a_decision_are_kept_for_labelling(tmp_path: Path) -> None:
    cells = event_cells(read_events(events(tmp_path, EVENT)))["test"]
    assert [cell["label"] for cell in cells] == ["supports", "denies", None, "neutral", "neutral", "supports"]


@pytest.mark.parametrize("split", SPLITS)
def test_an_empty_split_is_written_and_read_as_such(tmp_path: Path, split: str) -> None:
    rows = event_rows(events(tmp_path, {**EVENT, "split": split}))
    assert [name for name in SPLITS if rows[name]] == [split]
    write_splits(rows, tmp_path / "out", EVENT_COLUMNS)
    counts = {name: len(list(read_table(tmp_path / "out" / f"{name}.parquet"))) for name in SPLITS}
    assert counts == {name: 5 * (name == split) for name in SPLITS}
    assert to_dataset_dict(rows, EVENT_COLUMNS)[split].num_rows == 5


def test_labels_of_events_are_label_members(tmp_path: Path) -> None:
    rows = event_rows(events(tmp_path, EVENT))["test"]
    assert [Label(row["label"]) for row in rows] == [
        Label.SUPPORTS, Label.DENIES, Label.NEUTRAL, Label.NEUTRAL, Label.SUPPORTS,
    ]  # fmt: skip
