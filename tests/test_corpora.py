"""The corpora in ``data/``: they hold together, their splits are disjoint, no article is in them."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from stance.cards import render
from stance.corpus.build import EVENT_COLUMNS, PAIR_COLUMNS, build_corpus, statistics
from stance.corpus.examples import SPLITS
from stance.corpus.folder import Corpus, decided_by_split, open_corpus
from stance.corpus.publish import card_values
from stance.corpus.records import read_standoff
from stance.corpus.standoff import attach, detach, find_texts
from stance.corpus.summary import decided_pairs_digest, measured_cues
from stance.corpus.validate import corpus_problems
from stance.schema import LABELS
from stance.segment import split_sentences

from conftest import KREMLIN_CALL, NEWSROOM, ROOT, examples_of

Rows = Mapping[str, list[dict[str, Any]]]

RUN = 10
"""So many words in a row are an article's own sentence."""


@pytest.fixture(scope="module")
def articles_rows() -> Rows:
    return build_corpus(KREMLIN_CALL)


@pytest.fixture(scope="module")
def events_rows(newsroom_corpus: Corpus) -> Rows:
    return decided_by_split(newsroom_corpus)


@pytest.fixture(params=["kremlin_call", "newsroom"])
def rows(request: pytest.FixtureRequest) -> Rows:
    name = "articles_rows" if request.param == "kremlin_call" else "events_rows"
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["group", "claim"])
def test_no_group_and_no_claim_stands_in_two_splits(rows: Rows, name: str) -> None:
    splits = defaultdict(set)
    for split in SPLITS:
        for row in rows[split]:
            splits[" ".join(row[name].lower().split())].add(split)
    assert [key for key, where in splits.items() if len(where) > 1] == []


def test_no_sentence_of_an_event_stands_in_two_splits(events_rows: Rows) -> None:
    sentences = [{row["sentence"] for row in events_rows[split]} for split in SPLITS]
    assert sum(map(len, sentences)) == len(set.union(*sentences))


def test_every_split_has_all_three_labels_and_voices(rows: Rows) -> None:
    for counts in statistics(rows).values():
        assert min(counts["labels"].values()) > 0
        assert counts["with_voice"] > 0


def test_pair_ids_are_unique_and_the_same_pair_has_one_label(rows: Rows) -> None:
    everything = [row for split in SPLITS for row in rows[split]]
    assert len({row["pair_id"] for row in everything}) == len(everything)
    labels = defaultdict(set)  # a caption may stand twice in an article
    for row in everything:
        labels[row["claim"], row["sentence"]].add(row["label"])
    assert [pair for pair, given in labels.items() if len(given) > 1] == []


def test_a_voice_stands_in_its_sentence_and_only_where_a_side_is_taken(rows: Rows) -> None:
    for split in SPLITS:
        for row in rows[split]:
            assert not row["voice"] or row["voice"] in row["sentence"], row["pair_id"]
            assert row["label"] != "neutral" or not row["voice"], row["pair_id"]


@pytest.mark.parametrize("split", SPLITS)
def test_the_parquet_files_have_their_columns_in_order(split: str) -> None:
    for folder, columns in ((KREMLIN_CALL, PAIR_COLUMNS), (NEWSROOM, EVENT_COLUMNS)):
        assert tuple(pq.read_schema(folder / f"{split}.parquet").names) == columns


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("folder", [KREMLIN_CALL, NEWSROOM], ids=lambda folder: folder.name)
def test_the_corpora_are_read_by_folder(
    folder: Path, split: str, articles_rows: Rows, events_rows: Rows
) -> None:
    examples = examples_of(folder, split)
    built = articles_rows if folder == KREMLIN_CALL else events_rows
    assert [(e.claim, e.sentence, e.label.value, e.group) for e in examples] == [
        (r["claim"], r["sentence"], r["label"], r["group"]) for r in built[split]
    ]


def test_nothing_is_wrong_with_the_corpora() -> None:
    assert corpus_problems(KREMLIN_CALL) == []
    assert corpus_problems(NEWSROOM) == []


def test_every_domain_stands_in_every_split_but_what_is_for_training_only(events_rows: Rows) -> None:
    domains = {split: {row["domain"] for row in events_rows[split]} for split in SPLITS}
    assert domains["validation"] == domains["test"] == domains["train"] - {"plain contrasts"}


def test_validation_and_test_events_have_two_votes_on_every_pair(
    newsroom_corpus: Corpus, events_rows: Rows
) -> None:
    ballots = newsroom_corpus.ballots
    for split in ("validation", "test"):
        pairs = {row["pair_id"] for row in events_rows[split]}
        assert all(pairs <= set(ballot) for ballot in ballots.values())
    assert len(ballots) == 2


def test_every_side_in_validation_and_test_has_a_voice(events_rows: Rows) -> None:
    for split in ("validation", "test"):
        for row in events_rows[split]:
            assert (row["label"] == "neutral") == (row["voice"] is None), row["pair_id"]


@pytest.mark.slow
def test_models_that_see_too_little_reach_what_the_cards_say() -> None:
    for folder in (KREMLIN_CALL, NEWSROOM):
        cues = json.loads((folder / "cues.json").read_text(encoding="utf-8"))["macro_f1"]
        measured = measured_cues(open_corpus(folder))["macro_f1"]
        assert measured == pytest.approx(cues, abs=0.01)
        assert max(measured["claim only"], measured["sentence only"]) <= 0.45


def test_the_cards_are_what_the_tables_give(newsroom_corpus: Corpus) -> None:
    for folder, corpus in ((KREMLIN_CALL, open_corpus(KREMLIN_CALL)), (NEWSROOM, newsroom_corpus)):
        cues = json.loads((folder / "cues.json").read_text(encoding="utf-8"))
        assert cues["sha256"] == decided_pairs_digest(corpus), "run: make data"
        card = render((folder / "card.md").resolve(), card_values(corpus, cues))
        assert (folder / "README.md").read_text(encoding="utf-8") == card, "run: make data"


@pytest.mark.parametrize(
    ("folder", "config"), [(KREMLIN_CALL, "restated"), (NEWSROOM, None)], ids=["kremlin_call", "newsroom"]
)
def test_datasets_opens_the_folder_offline(
    folder: Path, config: str | None, tmp_path: Path, articles_rows: Rows, events_rows: Rows
) -> None:
    if not (folder / "README.md").is_file():
        pytest.skip(f"{folder.name} has no README.md yet, which names its configurations")
    import datasets

    names = datasets.get_dataset_config_names(str(folder))
    assert config is None or config in names
    loaded = datasets.load_dataset(str(folder), config, cache_dir=str(tmp_path))
    assert sorted(loaded) == sorted(SPLITS)
    assert loaded["test"].features["label"].names == [label.value for label in LABELS]
    built = articles_rows if folder == KREMLIN_CALL else events_rows
    kept = ["pair_id", "claim", "sentence", "voice"]
    for split in SPLITS:
        assert loaded[split].select_columns(kept).to_dict() == {
            name: [row[name] for row in built[split]] for name in kept
        }


# what follows needs the five articles, which are not part of the repository


def test_the_verbatim_edition_has_the_pairs_and_labels_of_the_restated_one(
    article_texts: Path, articles_rows: Rows
) -> None:
    verbatim = build_corpus(KREMLIN_CALL, article_texts)
    texts = find_texts(read_standoff(KREMLIN_CALL), article_texts)
    for split in SPLITS:
        for ours, theirs in zip(articles_rows[split], verbatim[split], strict=True):
            assert (ours["pair_id"], ours["label"], ours["related"]) == (
                theirs["pair_id"],
                theirs["label"],
                theirs["related"],
            )
            assert bool(ours["voice"]) == bool(theirs["voice"])
            assert theirs["sentence"] in texts[theirs["article_id"]]
            assert not theirs["voice"] or theirs["voice"] in theirs["sentence"]


def test_detach_after_attach_is_the_identity_on_the_five_articles(article_texts: Path) -> None:
    corpus = read_standoff(KREMLIN_CALL)
    texts = find_texts(corpus, article_texts)
    assert detach(attach(corpus, texts), texts) == corpus.sentences


def test_the_annotated_sentences_are_those_of_the_segmentation(article_texts: Path) -> None:
    corpus = read_standoff(KREMLIN_CALL)
    for article_id, text in find_texts(corpus, article_texts).items():
        ours = [(s.start, s.end) for s in split_sentences(text)]
        annotated = [(s.start, s.end) for s in corpus.sentences if s.article_id == article_id]
        assert ours == annotated


def runs_of_words(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return zip(*(islice(words, start, None) for start in range(RUN)), strict=False)


def text_of(file: Path) -> str:
    if file.suffix == ".parquet":  # every text once: most stand in many pairs
        columns = (column.unique().to_pylist() for column in pq.read_table(file).columns)
        return "\n".join(str(value) for column in columns for value in column)
    return file.read_bytes().decode("utf-8", errors="ignore")


def test_no_sentence_of_the_articles_stands_in_a_tracked_file(article_texts: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of tracked files")
    articles = [file.read_text(encoding="utf-8") for file in article_texts.glob("*.txt")]
    assert len(articles) == 5
    forbidden = {run for article in articles for run in runs_of_words(article)}
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    kept = [file for file in files if file.is_file() and file.suffix not in (".safetensors", ".bin", ".png")]
    assert kept
    found = {
        str(file.relative_to(ROOT)): forbidden.intersection(runs_of_words(text_of(file))) for file in kept
    }
    assert {name: min(hits) for name, hits in found.items() if hits} == {}


def test_the_check_for_copied_sentences_finds_one(article_texts: Path) -> None:
    article = next(article_texts.glob("*.txt")).read_text(encoding="utf-8")
    quoted = " ".join(article.split()[20:40]).upper()
    assert not set(runs_of_words(article)).isdisjoint(runs_of_words(f"He wrote: «{quoted}» there."))
