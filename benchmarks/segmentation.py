"""Compare sentence-segmentation libraries on the five articles and on tricky made-up texts.

The gold boundaries are those of ``data/kremlin_call/sentences.jsonl``, set by hand. Libraries see
one line at a time, as the package uses them. The row ``stance`` is the package's own splitter: syntok
with repairs that were written while looking at these very texts, so its figures are a regression
check and no estimate.

    make benchmark ARTICLES=/path/to/the/articles

Writes ``benchmarks/results/segmentation.json``. Libraries that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from stance.corpus.records import read_standoff
from stance.corpus.standoff import find_texts
from stance.files import write_json
from stance.segment import split_sentences
from stance.tables import read_table

HERE = Path(__file__).parent
SECONDS = 0.7
"""How long each library is timed."""

Span = tuple[int, int]
Splitter = Callable[[str], list[Span]]


def make_pysbd() -> Splitter:
    """Pysbd with its own spans."""
    segmenter = importlib.import_module("pysbd").Segmenter(language="en", clean=False, char_span=True)
    return lambda text: [(span.start, span.end) for span in segmenter.segment(text)]


def make_syntok() -> Splitter:
    """syntok: a sentence runs from its first to its last token."""
    analyze = importlib.import_module("syntok.segmenter").analyze

    def split(text: str) -> list[Span]:
        sentences = [sentence for paragraph in analyze(text) for sentence in paragraph if sentence]
        return [(s[0].offset, s[-1].offset + len(s[-1].value)) for s in sentences]

    return split


def make_sentencex() -> Splitter:
    """Sentencex with its boundary records."""
    boundaries = importlib.import_module("sentencex").get_sentence_boundaries
    return lambda text: [(one["start_index"], one["end_index"]) for one in boundaries("en", text)]


def make_blingfire() -> Splitter:
    """Blingfire with its bundled model."""
    split = importlib.import_module("blingfire").text_to_sentences_and_offsets
    return lambda text: [tuple(span) for span in split(text)[1]]


def make_segtok() -> Splitter:
    """segtok, whose sentences are searched for in the text because it gives no offsets."""
    split = importlib.import_module("segtok.segmenter").split_multi
    return lambda text: locate(text, [sentence for sentence in split(text) if sentence.strip()])


def make_spacy() -> Splitter:
    """SpaCy's rule-based sentencizer on a blank pipeline."""
    pipeline = importlib.import_module("spacy").blank("en")
    pipeline.add_pipe("sentencizer")
    return lambda text: [(span.start_char, span.end_char) for span in pipeline(text).sents]


def make_nltk() -> Splitter:
    """NLTK's Punkt without training, because its trained data would be a download."""
    tokenizer = importlib.import_module("nltk.tokenize.punkt").PunktSentenceTokenizer()
    return lambda text: list(tokenizer.span_tokenize(text))


def make_stance() -> Splitter:
    """Return the package's own splitter."""
    return lambda text: [(sentence.start, sentence.end) for sentence in split_sentences(text)]


MAKERS: dict[str, Callable[[], Splitter]] = {
    "syntok": make_syntok,
    "segtok": make_segtok,
    "nltk": make_nltk,
    "blingfire": make_blingfire,
    "pysbd": make_pysbd,
    "sentencex": make_sentencex,
    "spacy": make_spacy,
    "stance": make_stance,
}


def locate(text: str, sentences: list[str]) -> list[Span]:
    """Find sentences in order."""
    spans, position = [], 0
    for sentence in map(str.strip, sentences):
        start = text.index(sentence, position)
        position = start + len(sentence)
        spans.append((start, position))
    return spans


def by_line(split: Splitter, text: str) -> list[Span]:
    """Split every line for itself and trim white space, as the package does."""
    spans, offset = [], 0
    for line in text.split("\n"):
        for start, end in split(line) if line.strip() else []:
            piece = line[start:end]
            if piece.strip():
                left = start + len(piece) - len(piece.lstrip())
                spans.append((offset + left, offset + left + len(piece.strip())))
        offset += len(line) + 1
    return spans


def overlap(found: set[Span] | set[int], wanted: set[Span] | set[int]) -> tuple[int, int]:
    """Return how many are right, and how many were found and wanted together."""
    return len(found & wanted), len(found) + len(wanted)


def score(split: Splitter, texts: dict[str, str], gold: dict[str, list[Span]]) -> dict[str, float]:
    """F1 of exact sentences and of inner boundaries, micro-averaged over the articles."""
    hits = {"sentence_f1": [0, 0], "boundary_f1": [0, 0]}
    for name, text in texts.items():
        spans = by_line(split, text)
        for key, found, wanted in (
            ("sentence_f1", set(spans), set(gold[name])),
            ("boundary_f1", {end for _, end in spans[:-1]}, {end for _, end in gold[name][:-1]}),
        ):
            hit, size = overlap(found, wanted)
            hits[key] = [hits[key][0] + hit, hits[key][1] + size]
    return {key: round(2 * hit / size, 4) for key, (hit, size) in hits.items()}


def speed(split: Splitter, texts: dict[str, str]) -> int:
    """Sentences per second, after a pass to warm up."""
    for text in texts.values():
        by_line(split, text)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        count += sum(len(by_line(split, text)) for text in texts.values())
    return round(count / (time.perf_counter() - started))


def evaluate(name: str, texts: dict[str, str], gold: dict[str, list[Span]]) -> dict[str, Any]:
    """Run every measurement for one library."""
    split = MAKERS[name]()
    tricky = [row.values for row in read_table(HERE / "tricky.jsonl", ("text", "sentences"))]
    right = sum(
        [case["text"][start:end] for start, end in by_line(split, case["text"])] == case["sentences"]
        for case in tricky
    )
    return {
        "version": metadata.version("claim-stance" if name == "stance" else name),
        **score(split, texts, gold),
        "tricky_right": right,
        "tricky": len(tricky),
        "sentences_per_second": speed(split, texts),
    }


def main() -> None:
    """Evaluate the installed libraries and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--articles", type=Path, required=True)
    corpus = read_standoff(HERE.parent / "data" / "kremlin_call")
    texts = find_texts(corpus, parser.parse_args().articles)
    gold: dict[str, list[Span]] = {name: [] for name in texts}
    for sentence in corpus.sentences:
        gold[sentence.article_id].append((sentence.start, sentence.end))
    results = {}
    for name in MAKERS:
        try:
            results[name] = evaluate(name, texts, gold)
        except ImportError as error:
            print(f"{name}: left out ({error})")
            continue
        print(name, results[name], flush=True)
    write_json(HERE / "results" / "segmentation.json", results)


if __name__ == "__main__":
    main()
