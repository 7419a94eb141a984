"""Law 1 on stand-off annotations: offsets are exact, and a changed article is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance.corpus.records import (
    Annotation,
    ArticleRef,
    Claim,
    SentenceRef,
    Standoff,
    load_standoff,
    read_standoff,
    sound_part,
)
from stance.corpus.standoff import Resolved, attach, detach, find_texts, restated, text_digest, verify
from stance.errors import DataError, InputError, StanceError
from stance.schema import Label
from stance.segment import split_sentences

TEXTS = {
    "one": "Envoy met minister\n\n“It is untrue,” the Ōsaka ministry said. Nobody else spoke. 🙂\r\n",
    "two": "They met — twice.\nSubscribe to our newsletter",
}

Tables = dict[str, list[dict[str, Any]]]


def tables() -> Tables:
    """A small sound corpus as the four tables that are on disk."""
    sentences, articles = [], []
    for article_id, text in TEXTS.items():
        articles.append({"article_id": article_id, "outlet": None, "sha256": text_digest(text)})
        for number, s in enumerate(split_sentences(text)):
            sentences.append(
                {
                    "sentence_id": f"{article_id}.{number}", "article_id": article_id,
                    "start": s.start, "end": s.end, "kind": s.kind, "paragraph": number,
                    "restated": f"Restated {number} words.",
                }
            )  # fmt: skip
    start = TEXTS["one"].index("the Ōsaka ministry")
    return {
        "articles": articles,
        "sentences": sentences,
        "claims": [
            Claim(f"C{n}", f"f{n // 2}", "claim", split, f"Claim {n}.")._asdict()
            for n, split in enumerate(["train", "train", "test", "test"])
        ],
        "annotations": [
            {
                "claim_id": "C0", "sentence_id": "one.1", "label": "denies",
                "voice": [start, start + 18], "restated_voice": [0, 8], "related": True,
            },
            {
                "claim_id": "C2", "sentence_id": "two.0", "label": "supports",
                "voice": [], "restated_voice": [], "related": True,
            },
            {
                "claim_id": "C1", "sentence_id": "two.0", "label": "neutral",
                "voice": None, "restated_voice": None, "related": True,
            },
        ],
    }  # fmt: skip


def write(folder: Path, content: Tables) -> Path:
    for name, rows in content.items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Standoff:
    return read_standoff(write(tmp_path, tables()))


def read_changed(folder: Path, change: Callable[[Tables], object]) -> Standoff:
    content = tables()
    change(content)
    return read_standoff(write(folder, content))


def test_attached_sentences_are_what_the_spans_hold(corpus: Standoff) -> None:
    resolved = attach(corpus, TEXTS)
    assert list(resolved) == [s.sentence_id for s in corpus.sentences]
    for sentence in resolved.values():
        ref = sentence.ref
        assert sentence.text == TEXTS[ref.article_id][ref.start : ref.end]
    assert resolved["two.0"].text == "They met — twice."


def test_detach_after_attach_is_the_identity(corpus: Standoff) -> None:
    assert detach(attach(corpus, TEXTS), TEXTS) == corpus.sentences


@settings(max_examples=25)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=3))
def test_detach_after_attach_is_the_identity_for_any_text(parts: list[str]) -> None:
    text = "\n".join(parts)
    refs = tuple(
        SentenceRef(f"s{n}", "a", s.start, s.end, s.kind, 0, "r") for n, s in enumerate(split_sentences(text))
    )
    corpus = Standoff((ArticleRef("a", None, text_digest(text)),), refs, (), ())
    problems: list[str] = []
    assert sound_part(corpus, problems) == corpus
    assert problems == []
    attached = attach(corpus, {"a": text})
    assert [one.text for one in attached.values()] == [s.text for s in split_sentences(text)]
    assert detach(attached, {"a": text}) == refs


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + " ",
        lambda text: text[1:],
        lambda text: text.replace("\r\n", "\n"),
        lambda text: text.replace("“", '"'),
        lambda text: text.replace("Ō", "O\u0304"),
        lambda text: "\ufeff" + text,
        lambda text: "",
    ],
    ids=["appended", "cut", "line ends", "quotes", "decomposed", "byte order mark", "emptied"],
)
def test_a_changed_article_is_refused(corpus: Standoff, change: Callable[[str], str]) -> None:
    with pytest.raises(DataError, match=r"article 'one' has changed: .*use the text that was annotated"):
        attach(corpus, TEXTS | {"one": change(TEXTS["one"])})


def test_a_missing_article_is_refused(corpus: Standoff) -> None:
    with pytest.raises(DataError, match="the text of article 'two' is missing"):
        attach(corpus, {"one": TEXTS["one"]})


def test_detach_refuses_a_sentence_that_its_span_does_not_hold(corpus: Standoff) -> None:
    attached = attach(corpus, TEXTS)
    moved = attached["one.1"].ref._replace(start=attached["one.1"].ref.start + 1)
    attached["one.1"] = Resolved(moved, attached["one.1"].text, moved.start)
    with pytest.raises(DataError, match=r"sentence one\.1: its text is not at"):
        detach(attached, TEXTS)


def test_verify_accepts_exactly_the_annotated_text() -> None:
    article = ArticleRef("a", None, text_digest("Ōne"))
    verify(article, "Ōne")
    with pytest.raises(DataError, match="has changed"):
        verify(article, "One")


def test_voices_are_spans_of_the_article_and_of_the_restated_sentence(corpus: Standoff) -> None:
    denial = corpus.annotations[0]
    assert attach(corpus, TEXTS)["one.1"].voice_text(denial.voice) == "the Ōsaka ministry"
    assert restated(corpus)["one.1"].voice_text(denial.restated_voice) == "Restated"
    assert restated(corpus)["two.0"].voice_text(()) == ""
    assert restated(corpus)["two.0"].voice_text(None) is None


def test_restated_needs_no_article(corpus: Standoff) -> None:
    assert [one.text for one in restated(corpus).values()] == [s.restated for s in corpus.sentences]


def overlap(t: Tables) -> None:
    t["sentences"][1]["start"] = t["sentences"][0]["end"] - 1


def swap(t: Tables) -> None:
    t["sentences"][0], t["sentences"][1] = t["sentences"][1], t["sentences"][0]


REFUSED: dict[str, tuple[Callable[[Tables], object], str]] = {
    "overlapping sentences": (overlap, r"sentence one\.1: span .* overlaps the one before"),
    "sentences out of order": (swap, r"sentence one\.0: .*ordered and disjoint"),
    "empty span": (lambda t: t["sentences"][0].update(end=0), r"sentence one\.0: span 0-0 is empty"),
    "negative start": (
        lambda t: t["sentences"][0].update(start=-1),
        r"row 1: start is -1; expected a whole number",
    ),
    "sentence of no article": (
        lambda t: t["sentences"][0].update(article_id="nine"),
        r"sentence one\.0: no article 'nine'",
    ),
    "family in two splits": (
        lambda t: t["claims"][1].update(split="test"),
        "claim C1: family 'f0' stands in two splits; it stays in one",
    ),
    "article twice": (lambda t: t["articles"].append(t["articles"][0]), "article one: stands twice"),
    "sentence twice": (
        lambda t: t["sentences"].append(t["sentences"][-1]),
        r"sentence two\.1: stands twice",
    ),
    "claim twice": (lambda t: t["claims"].append(t["claims"][0]), "claim C0: stands twice"),
    "pair twice": (
        lambda t: t["annotations"].append(t["annotations"][0]),
        r"annotation C0 / one\.1: stands twice",
    ),
    "annotation of no claim": (
        lambda t: t["annotations"][0].update(claim_id="C9"),
        r"annotation C9 / one\.1: no such claim or sentence",
    ),
    "annotation of no sentence": (
        lambda t: t["annotations"][0].update(sentence_id="x"),
        "annotation C0 / x: no such claim or sentence",
    ),
    "voice outside the sentence": (
        lambda t: t["annotations"][0].update(voice=[0, 5]),
        r"annotation C0 / one\.1: voice \(0, 5\) lies outside the sentence",
    ),
    "voice reversed": (
        lambda t: t["annotations"][0].update(restated_voice=[8, 0]),
        r"restated_voice \(8, 0\) lies outside",
    ),
    "restated voice past the end": (
        lambda t: t["annotations"][0].update(restated_voice=[0, 99]),
        r"restated_voice \(0, 99\) lies outside the sentence \(0, 17\)",
    ),
    "a side without a voice": (
        lambda t: t["annotations"][0].update(voice=None),
        r"voice is None; a span, \[\] for the outlet, null for neutral",
    ),
    "a voice for neutral": (
        lambda t: t["annotations"][2].update(voice=[], restated_voice=[]),
        r"annotation C1 / two\.0: voice is \(\)",
    ),
    "unknown label": (
        lambda t: t["annotations"][0].update(label="Deny"),
        "label is 'Deny'; expected supports, denies or neutral",
    ),
    "label missing": (lambda t: t["annotations"][1].pop("label"), r"annotations\.jsonl, row 2: lacks label"),
    "field missing": (lambda t: t["claims"][3].pop("split"), r"claims\.jsonl, row 4: lacks split; expected"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_corpus_that_does_not_hold_together_is_refused(tmp_path: Path, name: str) -> None:
    change, message = REFUSED[name]
    with pytest.raises(DataError, match=message):
        read_changed(tmp_path, change)


@pytest.mark.parametrize("table", ["articles", "sentences", "claims", "annotations"])
def test_a_missing_table_is_named(tmp_path: Path, table: str) -> None:
    (write(tmp_path, tables()) / f"{table}.jsonl").unlink()
    with pytest.raises(InputError, match=rf"{table}\.jsonl' does not exist"):
        read_standoff(tmp_path)


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    with (write(tmp_path, tables()) / "claims.jsonl").open("a") as file:
        file.write('{"claim_id": "C9", "fam')  # as an interrupted writer leaves it
    with pytest.raises(DataError, match=r"claims\.jsonl, row 5: broken JSON"):
        read_standoff(tmp_path)


def test_a_table_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, tables()) / "claims.jsonl"
    file.write_bytes(file.read_bytes() + b'{"claim_id": "\xff"}\n')
    with pytest.raises(InputError, match=r"claims\.jsonl' is not UTF-8"):
        read_standoff(tmp_path)


def test_articles_are_found_by_their_text_whatever_their_names(corpus: Standoff, tmp_path: Path) -> None:
    place = tmp_path / "articles"
    (place / "a folder.txt").mkdir(parents=True)
    for number, text in enumerate(TEXTS.values()):
        (place / f"{9 - number}").write_bytes(text.encode("utf-8"))
    (place / "another.bin").write_bytes(b"\xff\x00")
    assert find_texts(corpus, place) == TEXTS


def test_all_missing_articles_are_named(corpus: Standoff, tmp_path: Path) -> None:
    place = tmp_path / "articles"
    place.mkdir()
    (place / "one.txt").write_bytes(TEXTS["one"].replace("\r\n", "\n").encode("utf-8"))
    with pytest.raises(DataError, match="no file with the annotated text of one, two"):
        find_texts(corpus, place)


@pytest.mark.parametrize("name", ["none", "file"])
def test_an_article_folder_that_is_none_is_refused(corpus: Standoff, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="does not exist; expected the annotated texts"):
        find_texts(corpus, tmp_path / name)


WRONG_TYPES: dict[str, Callable[[Tables], object]] = {
    "start is a text": lambda t: t["sentences"][0].update(start="0"),
    "end is null": lambda t: t["sentences"][0].update(end=None),
    "voice of one number": lambda t: t["annotations"][0].update(voice=[5]),
    "voice is a text": lambda t: t["annotations"][0].update(voice="the ministry"),
    "restated is null": lambda t: t["sentences"][1].update(restated=None),
    "id is a list": lambda t: t["claims"][0].update(claim_id=["C0"]),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_a_value_of_a_wrong_type_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StanceError):
        read_changed(tmp_path, WRONG_TYPES[name])


def test_a_span_that_ends_behind_its_article_is_refused(corpus: Standoff) -> None:
    *others, last = corpus.sentences
    too_long = replace(corpus, sentences=(*others, last._replace(end=last.end + 50)), annotations=())
    with pytest.raises(DataError, match=r"two\.1"):
        attach(too_long, TEXTS)


def test_a_span_behind_its_article_is_refused(corpus: Standoff) -> None:
    *others, last = corpus.sentences
    beyond = last._replace(start=5000, end=5001)
    with pytest.raises(DataError, match=r"two\.1"):
        attach(replace(corpus, sentences=(*others, beyond), annotations=()), TEXTS)


def test_detach_names_the_article_that_is_missing(corpus: Standoff) -> None:
    with pytest.raises(DataError, match="the text of article 'one' is missing"):
        detach(attach(corpus, TEXTS), {})


def test_sentences_of_two_articles_may_interleave(corpus: Standoff) -> None:
    mixed = sorted(corpus.sentences, key=lambda s: s.start)
    problems: list[str] = []
    sound_part(replace(corpus, sentences=tuple(mixed)), problems)
    assert problems == []


def test_a_corrupt_row_is_reported_and_its_neighbours_are_kept(tmp_path: Path) -> None:
    content = tables()
    content["claims"][0]["split"] = "dev"
    content["annotations"][1]["label"] = "maybe"
    corpus, problems = load_standoff(write(tmp_path, content))
    assert [claim.claim_id for claim in corpus.claims] == ["C1", "C2", "C3"]
    assert len(corpus.sentences) == len(content["sentences"])
    assert [problem for problem in problems if "claims.jsonl, row 1: split is 'dev'" in problem]
    assert [problem for problem in problems if "annotations.jsonl, row 2: label is 'maybe'" in problem]


def test_annotations_keep_label_and_mark(corpus: Standoff) -> None:
    assert corpus.annotations[1] == Annotation("C2", "two.0", Label.SUPPORTS, (), (), True)
    assert corpus.claims[3] == Claim("C3", "f1", "claim", "test", "Claim 3.")
