"""Comparisons of any size: every pair once, few in memory, interrupted runs resumed, nothing changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stance import deciding
from stance.check import check_article, compare_sources
from stance.errors import InputError
from stance.parts import Parts
from stance.schema import LABELS, Article, Prediction, Sentence

CLAIMS = ["They met.", "It rained.", "They met."]


class Counting:
    """Gives every pair probabilities of its own, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.largest = 0

    def __repr__(self) -> str:
        return "Counting()"

    def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
        self.asked.update(pairs)
        self.largest = max(self.largest, len(pairs))
        seeds = [sum(map(ord, claim + sentence)) for claim, sentence in pairs]
        return np.array([np.random.default_rng(seed).dirichlet([0.4] * 3) for seed in seeds], np.float32)


def article(name: str, sentences: Sequence[str], kind: str = "content") -> Article:
    spans = tuple(Sentence(text, 0, len(text), kind) for text in sentences)
    return Article(" ".join(sentences) or "x", article_id=name, sentences=spans)


ARTICLES = [
    article(str(n), [f"sentence {n} {i}" for i in range(5)] + ["the same everywhere"]) for n in range(6)
]


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6), min_size=1, max_size=5),
    st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=4),
    st.integers(1, 7),
)
def test_a_comparison_says_of_every_cell_what_a_check_says(
    stories: list[list[str]], claims: list[str], per_chunk: int
) -> None:
    sources = [article(str(n), story) for n, story in enumerate(stories)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deciding, "PAIRS_PER_CHUNK", per_chunk)
        result = compare_sources(Counting(), claims, sources)
    for claim, row in zip(claims, result.checks, strict=True):
        for source, cell in zip(sources, row, strict=True):
            check = check_article(Counting(), claim, source)
            assert cell.sentences == tuple(one for one in check.sentences if one.side is not None)
            assert cell.verdict is check.verdict
            assert cell.article == source


class Cutting(Counting):
    """Reads five characters of a sentence, and says so."""

    def classify_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Prediction]:
        rows = self.predict_proba([(claim, sentence[:5]) for claim, sentence in pairs]).tolist()
        return [
            Prediction(
                LABELS[row.index(max(row))], dict(zip(LABELS, row, strict=True)), None, len(sentence) > 5
            )
            for row, (_, sentence) in zip(rows, pairs, strict=True)
        ]


def test_a_sentence_that_was_cut_stays_in_its_cell_whatever_side_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = article("a", [f"{n}" for n in range(8)] + [f"long sentence {n}" for n in range(8)])
    whole = compare_sources(Cutting(), ["They met."], [source])
    (cell,) = whole.checks[0]
    check = check_article(Cutting(), "They met.", source)
    assert cell.sentences == tuple(one for one in check.sentences if one.side is not None or one.truncated)
    assert cell.cut_sentences == check.cut_sentences == 8
    assert {one.side for one in cell.sentences if one.truncated} >= {None}
    assert (cell.verdict, cell.to_dict()["counts"]) == (check.verdict, check.to_dict()["counts"])
    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 5)
    for resume in (False, True):  # computed, and read from the parts
        parts = Parts(tmp_path / "p", resume=resume)
        assert compare_sources(Cutting(), ["They met."], [source], parts=parts) == whole


def test_parts_of_another_format_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 10)
    with monkeypatch.context() as patch:
        patch.setattr(deciding, "FORMAT", 1)
        compare_sources(Counting(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "p"))
    with pytest.raises(InputError, match="had another format; delete the folder"):
        compare_sources(Counting(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "p", resume=True))


def test_every_pair_of_texts_is_asked_once_and_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 7)
    counting = Counting()
    compare_sources(counting, CLAIMS, ARTICLES)
    assert set(counting.asked.values()) == {1}
    assert len(counting.asked) == 2 * (6 * 5 + 1)
    assert counting.largest == 7


def test_boilerplate_is_not_asked_about() -> None:
    counting = Counting()
    result = compare_sources(counting, ["x"], [article("a", ["read more"], kind="related")])
    assert (counting.asked, result.checks[0][0].sentences) == (Counter(), ())


def test_a_resumed_comparison_is_that_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 10)
    whole = compare_sources(Counting(), CLAIMS, ARTICLES)

    class Failing(Counting):
        __qualname__ = Counting.__qualname__

        def predict_proba(self, pairs: Sequence[tuple[str, str]], /) -> npt.NDArray[np.float32]:
            if len(self.asked) >= 30:
                raise KeyboardInterrupt
            return super().predict_proba(pairs)

    with pytest.raises(KeyboardInterrupt):
        compare_sources(Failing(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "parts"))
    counting = Counting()
    parts = Parts(tmp_path / "parts", resume=True)
    assert compare_sources(counting, CLAIMS, ARTICLES, parts=parts) == whole
    assert sum(counting.asked.values()) == 62 - 30
    parts.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("differing", ["claims", "articles", "checkpoint"])
def test_parts_of_another_run_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, differing: str
) -> None:
    class Other(Counting):
        def __repr__(self) -> str:
            return "Other()"

    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 10)
    compare_sources(Counting(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "p"))
    with pytest.raises(InputError, match=rf"had another {differing}; delete the folder"):
        compare_sources(
            Other() if differing == "checkpoint" else Counting(),
            ["They met.", "It fell."] if differing == "claims" else CLAIMS,
            ARTICLES[1:] if differing == "articles" else ARTICLES,
            parts=Parts(tmp_path / "p", resume=True),
        )


def test_what_is_no_interrupted_run_is_neither_used_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine", encoding="utf-8")
    parts = Parts(tmp_path, resume=True)
    with pytest.raises(InputError, match="holds no interrupted run"):
        parts.open({"claims": "x"})
    parts.discard()
    assert (tmp_path / "diary.txt").is_file()


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "p")
    parts.open({"claims": "x"})
    parts.save(3, [1])
    (tmp_path / "p" / "00000003.json").write_text("[1", encoding="utf-8")
    with pytest.raises(InputError, match=r"00000003.json' is damaged; delete it and go on with --resume"):
        parts.load(3)
    assert (parts.load(2), json.loads((tmp_path / "p" / "manifest.json").read_text())) == (
        None,
        {"claims": "x"},
    )


def test_a_run_of_one_chunk_leaves_nothing_on_disk(tmp_path: Path) -> None:
    compare_sources(Counting(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "p"))
    assert list(tmp_path.iterdir()) == []


def test_progress_is_shown_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 10)
    compare_sources(Counting(), CLAIMS, ARTICLES, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "comparing" in err


def test_a_small_comparison_leaves_the_parts_of_another_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(deciding, "PAIRS_PER_CHUNK", 10)
        compare_sources(Counting(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "p"))
    kept = sorted(path.name for path in (tmp_path / "p").iterdir())
    assert len(kept) > 2
    parts = Parts(tmp_path / "p")
    compare_sources(Counting(), CLAIMS[:1], ARTICLES[:1], parts=parts)  # a single chunk
    parts.discard()
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == kept


@pytest.mark.parametrize(("name", "content"), [("manifest.json", "[]"), ("00000000.json", '{"a": 1}')])
def test_a_part_of_another_shape_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str
) -> None:
    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 10)
    compare_sources(Counting(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "p"))
    (tmp_path / "p" / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=f"{name}' is damaged"):
        compare_sources(Counting(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "p", resume=True))


def test_an_empty_folder_may_take_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 10)
    (tmp_path / "p").mkdir()
    compare_sources(Counting(), CLAIMS, ARTICLES, parts=Parts(tmp_path / "p"))
    assert (tmp_path / "p" / "manifest.json").is_file()
