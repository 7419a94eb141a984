"""The command line: data on stdout, messages on stderr, exit code 0, 1, 2 or 130, never a traceback."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from stance import cli
from stance.checkpoint import Checkpoint
from stance.cli import main
from stance.corpus_cli import VERBS as CORPUS_VERBS
from stance.inference.classifier import StanceClassifier
from stance.report import write_report
from stance.schema import LABELS
from stance.tables import read_table

from conftest import KREMLIN_CALL, ROOT

VERBS = ("classify", "check", "compare", "build", "train", "export", "evaluate", "serve")
NAMES = [label.value for label in LABELS]
RECIPE = ROOT / "training" / "news.toml"
PAIRS = "claim,sentence,label\nthe minister met the envoy,they met on monday,supports\nit rose,no,denies\n"


class Result(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def run_verb(*arguments: object) -> Result:
        capsys.readouterr()
        try:
            code: Any = main([str(argument) for argument in arguments])
        except SystemExit as exit_:  # argparse: help and wrong usage
            code = exit_.code
        return Result(code, *capsys.readouterr())

    return run_verb


@pytest.fixture
def unopened(tiny_checkpoint: Checkpoint) -> list[str]:
    """The arguments that ask for the tiny checkpoint."""
    return ["--model", str(tiny_checkpoint.path), "--device", "cpu"]


@pytest.fixture
def model(unopened: list[str], clf: StanceClassifier, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The same arguments, for which the checkpoint is not opened anew in every test."""
    really_open = StanceClassifier.from_pretrained

    def from_pretrained(
        model: str | None = None, *, device: str = "auto", threads: int | None = None
    ) -> StanceClassifier:
        known = unopened == ["--model", model, "--device", device] and threads is None
        return clf if known else really_open(model, device=device, threads=threads)

    monkeypatch.setattr(StanceClassifier, "from_pretrained", from_pretrained)
    return unopened


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with sound inputs."""
    (tmp_path / "pairs.csv").write_text(PAIRS, encoding="utf-8")
    (tmp_path / "claims.txt").write_text("\ufeffThe minister met the envoy.\r\n\r\n  It rose.  \n", "utf-8")
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "one.txt").write_text("They met on Monday. He denied it.\nADVERTISEMENT\n", encoding="utf-8")
    (articles / "two.json").write_text(
        '{"text": "Nobody – spoke. 🙂", "outlet": "G & <b>"}', encoding="utf-8"
    )
    return tmp_path


WRITTEN = (
    "confusion.png", "predictions.parquet", "reliability.png", "report.html", "report.json", "report.md",
    "risk_coverage.png",
)  # fmt: skip


def files_under(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


# help and usage


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_shows_an_example(run: Run, verb: str) -> None:
    code, out, err = run(verb, "--help")
    assert (code, err) == (0, "")
    assert f"example:\n  stance {verb} " in out


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_every_verb_is_correct_usage(run: Run, verb: str) -> None:
    from stance.usage import build_parser

    example = run(verb, "--help").out.partition("example:\n")[2].strip()
    taken: list[str] = []

    def runner(name: str) -> Callable[[Any], int]:
        def runs(options: Any) -> int:
            taken.append(name)
            return 0

        runs.__name__, runs.__doc__ = name, "Do it."
        return runs

    options = build_parser({name: runner(name) for name in VERBS}).parse_args(shlex.split(example)[1:])
    options.usage(options)
    options.run(options)
    assert taken == [verb]


@pytest.mark.parametrize("verb", CORPUS_VERBS)
def test_the_example_of_every_corpus_verb_is_correct_usage(run: Run, verb: str) -> None:
    from stance.usage import build_parser

    example = run("corpus", verb, "--help").out.partition("example:\n")[2].strip()
    options = build_parser({name: getattr(cli, name) for name in VERBS}).parse_args(shlex.split(example)[1:])
    assert options.run is CORPUS_VERBS[verb]


def test_the_help_lists_every_verb(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert [verb for verb in VERBS if f"\n    {verb} " not in out] == []


def test_the_version_is_that_of_the_package(run: Run) -> None:
    import stance

    assert run("--version") == Result(0, f"stance {stance.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "VERB"),
        (["guess"], "invalid choice: 'guess'"),
        (["classify"], "give a file of pairs, or both --claim and --sentence"),
        (["classify", "--claim", "x"], "give a file of pairs, or both --claim and --sentence"),
        (["classify", "p.csv"], "a file of pairs needs --out"),
        (["classify", "p.csv", "--out", "o.csv", "--claim", "x"], "either a file of pairs or --claim"),
        (["classify", "--claim", "x", "--sentence", "y", "--out", "o.csv"], "--out is for a file of pairs"),
        (
            ["classify", "--claim", "x", "--sentence", "y", "--out", "o", "--resume"],
            "--out and --resume are for",
        ),
        (["classify", "--claim", "x", "--sentence", "y", "--engine", "ray"], "--engine is for a file"),
        (["classify", "p.csv", "--out", "o.csv", "--workers", "2"], "--workers goes with --engine ray"),
        (["classify", "p.csv", "--out", "o.csv", "--engine", "ray", "--threads", "2"], "takes one core"),
        (["classify", "p.csv", "--out", "o.csv", "--threads", "0"], "'0' is no positive number"),
        (["classify", "p.csv", "--out", "o.csv", "--rows-per-shard", "0"], "'0' is no positive number"),
        (["classify", "--claim", "x", "--sentence", "y", "--rows-per-shard", "0"], "no positive number"),
        (["compare", "--suggest-claims", "0", "a.txt"], "'0' is no positive number; expected 1 or more"),
        (["compare", "--suggest-claims", "few", "a.txt"], "'few' is no positive number"),
        (["check", "a.txt"], "--claim"),
        (["check", "--claim", "x"], "article"),
        (["compare", "a.txt"], "--claims"),
        (["compare", "--claims", "c.txt"], "articles"),
        (["export", "folder"], "--out"),
        (["train"], "recipe"),
        (["evaluate", "--suite", "private"], "invalid choice: 'private'"),
        (["check", "--claim", "x", "a.txt", "--device", "tpu"], "invalid choice: 'tpu'"),
        (["evaluate", "--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(run: Run, arguments: list[str], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "usage: stance" in err


@pytest.mark.parametrize("workers", ["0", "3:2", "many", "1:x", "-1", ""])
def test_a_number_of_workers_that_is_none_is_wrong_usage(run: Run, workers: str) -> None:
    code, out, err = run("classify", "p.csv", "--out", "o.csv", "--engine", "ray", f"--workers={workers}")
    assert (code, out) == (2, "")
    assert "expected a number such as 4, or a range such as 2:16" in err


# what works


def test_threads_are_those_of_the_runtime(run: Run, model: list[str]) -> None:
    pair = ("classify", "--claim", "they met", "--sentence", "they spoke", *model, "--device", "cpu")
    assert ", 3 threads" in run(*pair, "--threads", "3", "--verbose").err


def test_one_pair_gives_json(run: Run, unopened: list[str]) -> None:
    code, out, err = run(
        "classify", "--claim", "they met", "--sentence", "no – it is “untrue”", "--json", *unopened
    )
    value = json.loads(out)
    assert (code, err) == (0, "")
    assert list(value) == ["label", "probabilities", "voice", "truncated"]
    assert list(value["probabilities"]) == NAMES
    assert sum(value["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert value["label"] == max(value["probabilities"], key=value["probabilities"].get)


def test_one_pair_gives_one_line_for_people(run: Run, model: list[str]) -> None:
    code, out, err = run("classify", "--claim", "they met", "--sentence", "no", *model)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert [name for name in NAMES if f"{name} 0." not in out] == []
    assert "voice" not in out  # this checkpoint tells none
    assert "not read" not in out


def test_people_are_told_the_voice_of_a_pair_and_that_its_end_was_not_read(
    run: Run, speaking_checkpoint: Checkpoint
) -> None:
    pair = ("--claim", "the talks took place", "--model", speaking_checkpoint.path, "--device", "cpu")
    sentence = "reports of talks the ministry denied"
    told = json.loads(run("classify", *pair, "--sentence", sentence, "--json").out)["voice"]
    assert told
    assert run("classify", *pair, "--sentence", sentence).out.endswith(f"  voice: {told}\n")
    assert run("classify", *pair, "--sentence", "no " * 200).out.endswith(
        "  (end of the sentence not read)\n"
    )


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_of_pairs_gives_a_file_and_json(run: Run, model: list[str], place: Path, ending: str) -> None:
    (place / "pairs.csv").write_text(PAIRS + "a claim,\n", encoding="utf-8")
    out_file = place / "new" / f"out.{ending}"
    code, out, _ = run("classify", place / "pairs.csv", "--out", out_file, "--json", *model)
    assert json.loads(out) == {"rows": 3, "errors": 1, "out": str(out_file)}
    assert code == 0
    rows = [row.values for row in read_table(out_file)]
    assert [row["claim"] for row in rows] == ["the minister met the envoy", "it rose", "a claim"]
    assert [row["input_label"] for row in rows[:2]] == ["supports", "denies"]
    assert [bool(row["error"]) for row in rows] == [False, False, True]
    assert all(row["label"] in NAMES for row in rows[:2])
    assert [file.name for file in out_file.parent.iterdir()] == [out_file.name]


def test_several_files_give_one_or_a_folder_of_shards(run: Run, model: list[str], place: Path) -> None:
    shutil.copy(place / "pairs.csv", place / "more.csv")
    for options, out_file in (
        ([], place / "out.csv"),
        (["--shards", "--rows-per-shard", 1], place / "shards.csv"),
    ):
        code, out, _ = run(
            "classify", place / "pairs.csv", place / "mor*.csv", "--out", out_file, "--json", *options, *model
        )
        assert (code, json.loads(out)) == (0, {"rows": 4, "errors": 0, "out": str(out_file)})
    assert len(list((place / "shards.csv").glob("*.csv"))) == 4


def test_without_json_stdout_stays_empty_for_a_file(run: Run, model: list[str], place: Path) -> None:
    code, out, err = run("classify", place / "pairs.csv", "--out", place / "out.csv", *model)
    assert (code, out) == (0, "")
    assert "2 rows to" in err


def test_check_gives_json_with_exact_offsets(run: Run, model: list[str], place: Path) -> None:
    article = place / "articles" / "one.txt"
    code, out, err = run("check", "--claim", "they met", article, "--json", *model)
    value = json.loads(out)
    text = article.read_text(encoding="utf-8")
    assert (code, err) == (0, "")
    assert value["claim"] == "they met"
    assert value["article"]["article_id"] == "one"
    assert [text[s["start"] : s["end"]] for s in value["sentences"]] == [
        "They met on Monday.", "He denied it.", "ADVERTISEMENT",
    ]  # fmt: skip
    assert run("check", "--claim", "they met", article, *model).out.startswith(f"one: {value['verdict']}")


def test_a_sentence_whose_end_was_not_read_is_told_by_check_and_compare(
    run: Run, model: list[str], place: Path
) -> None:
    article = place / "articles" / "one.txt"
    article.write_text(f"They met. The {'rose ' * 200}fell.\n", encoding="utf-8")
    check = ("check", "--claim", "they met", article, *model)
    sentences = json.loads(run(*check, "--json").out)["sentences"]
    assert [one["truncated"] for one in sentences] == [False, True]
    assert "sentences too long for the model, whose ends were not read: 1" in run(*check).out
    compare = ("compare", "--claims", place / "claims.txt", place / "articles", *model)
    board = json.loads(run(*compare, "--json").out)
    assert [[cell["cut_sentences"] for cell in row["articles"]] for row in board["claims"]] == [[1, 0]] * 2
    told = "articles with a sentence too long for the model, whose end was not read: 1"
    assert told in run(*compare).out


def test_compare_takes_the_claims_file_for_no_article(run: Run, model: list[str], place: Path) -> None:
    shutil.move(place / "claims.txt", place / "articles")
    (place / "link.txt").symlink_to(place / "articles" / "claims.txt")
    for claims in (place / "articles" / "claims.txt", place / "link.txt"):
        code, out, err = run("compare", "--claims", claims, place / "articles", "--json", *model)
        assert code == 0
        assert [article["article_id"] for article in json.loads(out)["articles"]] == ["one", "two"]
        assert f"skipped: '{place / 'articles' / 'claims.txt'}': it is the claims file\n" in err
    result = run("compare", "--claims", claims, claims, *model)
    assert_refused(result, "there is no article beside the claims file")


def test_a_file_name_that_is_not_utf8_is_no_traceback(run: Run, model: list[str], place: Path) -> None:
    article, pairs, out_file = (
        place / os.fsdecode(name) for name in (b"articles/caf\xe9.txt", b"p\xe9.csv", b"o\xe9.csv")
    )
    try:
        shutil.copy(place / "articles" / "one.txt", article)
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    shutil.copy(place / "pairs.csv", pairs)
    check = ("check", "--claim", "they met", article, *model)
    assert json.loads(run(*check, "--json").out)["article"]["article_id"] == "caf\udce9"
    assert run(*check).out.startswith("caf\\udce9: ")
    compare = ("compare", "--claims", place / "claims.txt", place / "articles", *model)
    assert json.loads(run(*compare, "--json").out)["articles"][0]["article_id"] == "caf\udce9"
    page = article.with_suffix(".html")
    files = ("--html", page, "--csv", article.with_suffix(".csv"), "--markdown", article.with_suffix(".md"))
    assert run(*compare, *files).code == 0
    assert page.is_file()
    code, out, _ = run("classify", pairs, "--out", out_file, "--json", *model)
    assert (code, json.loads(out)["out"]) == (0, str(out_file))
    assert out_file.is_file()
    parquet = run("classify", pairs, "--out", out_file.with_suffix(".parquet"), *model)
    assert_refused(parquet, "is no name in UTF-8, as Parquet files need one; rename it")


def test_compare_gives_json_and_a_page(run: Run, model: list[str], place: Path) -> None:
    page = place / "new" / "board.html"
    code, out, err = run(
        "compare", "--claims", place / "claims.txt", place / "articles", "--html", page, "--json", *model
    )
    value = json.loads(out)
    assert code == 0
    assert f"wrote {page}" in err
    assert [row["claim"] for row in value["claims"]] == ["The minister met the envoy.", "It rose."]
    assert [a["outlet"] for a in value["articles"]] == [None, "G & <b>"]
    raw = page.read_text(encoding="utf-8")
    assert "G &amp; &lt;b&gt;" in raw
    assert "G & <b>" not in raw


def test_compare_writes_the_board_for_other_programs(run: Run, model: list[str], place: Path) -> None:
    board, text = place / "new" / "board.csv", place / "new" / "board.md"
    which = ("--claims", place / "claims.txt", place / "articles")
    code, out, err = run("compare", *which, "--csv", board, "--markdown", text, *model)
    assert code == 0
    assert err.splitlines() == [f"wrote {board}", f"wrote {text}"]
    assert "standing" in out
    lines = board.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "claim,standing,article,verdict,supports,denies,cut_sentences,sentence,voice,also_in"
    assert len(lines) == 1 + 2 * 2
    assert "| claim | standing | one | G &amp; &lt;b&gt; |" in text.read_text(encoding="utf-8")


def test_compare_shows_a_board_to_people(run: Run, model: list[str], place: Path) -> None:
    code, out, err = run("compare", "--claims", place / "claims.txt", place / "articles", *model)
    assert (code, err) == (0, "")
    assert "standing" in out
    assert "It rose." in out


@pytest.mark.parametrize(
    ("option", "target", "message"),
    [
        ("--html", "articles/one.txt", "expected a file name that ends in .html or .htm"),
        ("--html", "articles/page.htm", "is an article of this very command"),
        ("--csv", "claims.txt", "expected a file name that ends in .csv"),
        ("--markdown", "articles/one.txt", "expected a file name that ends in .md or .markdown"),
        ("--markdown", "claims.md", "is the claims file of this very command"),
        ("--markdown", "linked.md", "is the claims file of this very command"),
        ("--csv", "b.html", "expected a file name that ends in .csv"),
        ("--html", "same.html", "two of these are one file"),
    ],
)
def test_no_output_replaces_an_input_or_another_output(
    run: Run, unopened: list[str], place: Path, monkeypatch: pytest.MonkeyPatch, option: str, target: str,
    message: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(cli, "open_classifier", lambda options: pytest.fail("it has begun to work"))
    (place / "articles" / "page.htm").write_text("<p>They met.", encoding="utf-8")
    (place / "claims.txt").rename(place / "claims.md")
    (place / "claims.txt").write_text("It rose.\n", encoding="utf-8")
    (place / "linked.md").symlink_to(place / "claims.md")
    (place / "same.html").symlink_to(place / "same.csv")
    before = files_under(place)
    claims = place / ("claims.md" if target.endswith(".md") else "claims.txt")
    others = ("--csv", place / "same.csv") if target == "same.html" else ()
    command = ("compare", "--claims", claims, place / "articles", option, place / target, *others)
    assert_refused(run(*command, *unopened), message)
    assert files_under(place) == before


@pytest.mark.parametrize("name", ["one.txt", "page.html"])
def test_check_does_not_replace_its_article(run: Run, unopened: list[str], place: Path, name: str) -> None:
    article = place / "articles" / name
    article.write_text("They met on Monday.", encoding="utf-8")
    result = run("check", "--claim", "they met", article, "--html", article, *unopened)
    assert (result.code, result.out) == (1, "")
    assert article.read_text(encoding="utf-8") == "They met on Monday."


def test_pages_made_here_are_no_sources(run: Run, model: list[str], place: Path) -> None:
    articles = place / "articles"
    page, other = articles / "board.html", articles / "check.htm"
    command = ("compare", "--claims", place / "claims.txt", articles, "--html", page, *model)
    first = run(*command)
    assert (first.code, first.err) == (0, f"wrote {page}\n")
    written = page.read_bytes()
    run("check", "--claim", "they met", articles / "one.txt", "--html", other, *model)
    write_report(articles / "report.html", "Evaluation", [])
    again = run(*command)
    assert (again.code, again.out) == (0, first.out)
    assert page.read_bytes() == written
    for name in ("board.html", "check.htm", "report.html"):
        assert f"skipped: '{articles / name}': it is a page made by stance, not an article" in again.err
    assert_refused(run("check", "--claim", "they met", page, *model), "is a page made by stance")
    only = run("compare", "--claims", place / "claims.txt", page, *model)
    assert_refused(only, "there is no article beside the claims file and pages made by stance")


def test_check_marks_words_where_asked(run: Run, model: list[str], place: Path) -> None:
    article = place / "articles" / "one.txt"
    sentences = [
        json.loads(run("check", "--claim", "they met", article, "--json", *model, *more).out)["sentences"]
        for more in ((), ("--explain",))
    ]
    assert [{k: v for k, v in one.items() if k != "words"} for one in sentences[1]] == sentences[0]
    assert ["words" in one for one in sentences[1]] == [one["counts"] for one in sentences[0]]


def test_check_writes_a_page(run: Run, model: list[str], place: Path) -> None:
    page = place / "check.html"
    result = run("check", "--claim", "they met", place / "articles" / "one.txt", "--html", page, *model)
    assert (result.code, result.err) == (0, f"wrote {page}\n")
    assert "1 claim in 1 article" in page.read_text(encoding="utf-8")


def test_compare_suggests_claims_or_says_that_there_are_none(run: Run, model: list[str], place: Path) -> None:
    result = run("compare", "--suggest-claims", 3, place / "articles", *model)
    assert_refused(result, "no claim to suggest; give your own with --claims")
    both = ("--claims", place / "claims.txt", "--suggest-claims", 3)
    assert run("compare", *both, place / "articles", *model).code == 2


UNREADABLE = {
    "bad.txt": (b"\xff\xfe broken", "is not UTF-8"),
    "cp1252.txt": ("They \u201cmet\u201d.".encode("cp1252"), "is not UTF-8 (byte 0x93 at position 5)"),
    "empty.txt": (b"", "has no text"),
    "large.txt": (b"He denied it. " * 720_000, "has 10,080,000 characters"),
    "list.json": (b"[]", "expected a JSON object with a 'text'"),
    "pictures.html": (b"<html><body><img src='x.png'></body></html>", "no story found in the page"),
    "spaces.txt": (b" \n\t\n", "has no text"),
    "utf16.json": ('{"text": "They met."}'.encode("utf-16"), "is not UTF-8"),
}


def test_compare_goes_on_without_articles_that_cannot_be_read_but_fails(
    run: Run, model: list[str], place: Path
) -> None:
    for name, (content, _) in UNREADABLE.items():
        (place / "articles" / name).write_bytes(content)
    for name in ("first", "second"):  # of one outlet, which is no reason to refuse them
        (place / "articles" / f"{name}.json").write_text('{"text": "They met.", "outlet": "BBC"}', "utf-8")
    code, out, err = run("compare", "--claims", place / "claims.txt", place / "articles", "--json", *model)
    assert code == 1
    assert [a["article_id"] for a in json.loads(out)["articles"]] == ["first", "one", "second", "two"]
    for name, (_, message) in UNREADABLE.items():
        (line,) = [line for line in err.splitlines() if repr(str(place / "articles" / name)) in line]
        assert line.startswith("skipped: ")
        assert message in line
    assert "8 of 12 articles could not be read" in err


def test_compare_goes_on_without_a_claim_that_is_too_long_but_fails(
    run: Run, model: list[str], place: Path
) -> None:
    (place / "claims.txt").write_text("It rose.\n" + "word " * 1000 + "\nThey met.\n", encoding="utf-8")
    code, out, err = run("compare", "--claims", place / "claims.txt", place / "articles", "--json", *model)
    assert code == 1
    assert [row["claim"] for row in json.loads(out)["claims"]] == ["It rose.", "They met."]
    assert f"skipped: claim 2 of '{place / 'claims.txt'}': the claim 'word word" in err
    assert "1 of 3 claims could not be used" in err


def test_a_page_that_is_skipped_for_want_of_an_extra_is_named(
    run: Run, model: list[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    page = place / "articles" / "page.html"
    page.write_text("<p>They met.</p>", encoding="utf-8")
    code, _, err = run("compare", "--claims", place / "claims.txt", place / "articles", *model)
    assert code == 1
    assert f"skipped: article '{page}': this needs the Python module 'trafilatura'" in err


def test_a_claim_that_is_repeated_counts_once(run: Run, model: list[str], place: Path) -> None:
    claims = place / "claims.txt"
    claims.write_text("It rose.\nThey met.\n It rose. \nIt rose.\n", encoding="utf-8")
    code, out, err = run("compare", "--claims", claims, place / "articles", "--json", *model)
    assert (code, err) == (0, f"2 of 4 claims in '{claims}' stand there already; each counts once\n")
    assert [row["claim"] for row in json.loads(out)["claims"]] == ["It rose.", "They met."]


def gone(_: object) -> None:
    raise BrokenPipeError


def interrupted_now(*_: object, **options: object) -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize("how", [[], ["--shards"]], ids=["one file", "shards"])
def test_an_interrupted_batch_run_says_how_to_go_on(
    run: Run, model: list[str], place: Path, how: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = place / "out.csv"
    command = ("classify", place / "pairs.csv", "--out", out, "--rows-per-shard", 1, "--json", *how, *model)
    with monkeypatch.context() as patch:  # before the run has begun, there is nothing to go on with
        patch.setattr("stance.inference.batch.open_run", interrupted_now)
        assert run(*command) == (130, "", "stance: interrupted\n")
    with monkeypatch.context() as patch:
        patch.setattr("stance.inference.shards.Run.write", interrupted_now)
        code, printed, err = run(*command)
    kept = out if how else f"{out}.parts"
    assert (code, printed) == (130, "")
    assert f"stance: interrupted; the parts that were finished are kept in '{kept}'" in err
    assert "go on with the same command and --resume" in err
    assert run(*command, "--resume").code == 0


def test_an_interrupted_comparison_goes_on(
    run: Run, model: list[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stance import deciding
    from stance.parts import Parts

    command = ("compare", "--claims", place / "claims.txt", place / "articles", "--json", *model)
    whole = run(*command).out
    monkeypatch.setattr(deciding, "PAIRS_PER_CHUNK", 2)
    save = Parts.save

    def interrupted(self: Parts, number: int, value: object) -> None:
        if number == 1:
            raise KeyboardInterrupt
        save(self, number, value)

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "save", interrupted)
        assert run(*command)[:2] == (cli.INTERRUPTED, "")
    parts = place / "claims.txt.parts"
    assert sorted(file.name for file in parts.iterdir()) == ["00000000.json", "manifest.json"]
    assert_refused(run(*command), "holds an interrupted run; go on with --resume")
    with monkeypatch.context() as patch:  # who reads the table goes away: there is nothing to go on with
        patch.setattr("stance.cli.print_json", gone)
        patch.setattr("os.dup2", lambda *_: None)
        patch.setattr(sys.stdout, "fileno", lambda: 1)
        assert run(*command, "--resume").code == 0
    assert not parts.exists()
    with monkeypatch.context() as patch:
        patch.setattr(Parts, "save", interrupted)
        run(*command)
    (place / "other.txt").write_text("It fell.\nIt rose.\n", encoding="utf-8")
    other = ("compare", "--claims", place / "other.txt", place / "articles", "--parts", parts, "--resume")
    assert_refused(run(*other, *model), "had another claims; delete the folder")
    code, out, _ = run(*command, "--resume")
    assert (code, out) == (0, whole)
    assert not parts.exists()


def test_evaluate_prints_what_it_writes(run: Run, model: list[str], place: Path) -> None:
    out_folder = place / "new" / "scores"
    code, out, _ = run("evaluate", "--data", place / "pairs.csv", "--out", out_folder, "--json", *model)
    (value,) = json.loads(out)
    assert code == 0
    assert value == json.loads((out_folder / "report.json").read_text(encoding="utf-8"))
    assert value["name"] == "pairs"
    assert value["all"]["n"] == len(list(read_table(out_folder / "predictions.parquet"))) == 2


@pytest.mark.parametrize("how", [[], ["--data", "pairs.csv"], ["--predictions", "p.parquet"]])
def test_an_evaluation_without_its_extra_says_how_to_get_it(
    run: Run, how: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_version(package: str) -> str:
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    monkeypatch.setattr("stance.evaluate_cli.metadata.version", no_version)
    assert_refused(run("evaluate", *how), "pip install '.[train]'")


def test_a_report_leaves_out_the_version_of_what_is_not_installed(
    run: Run, model: list[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stance.evaluate_cli.PACKAGES", ("numpy", "surely-absent"))
    code, out, _ = run("evaluate", "--data", place / "pairs.csv", "--json", "--no-controls", *model)
    assert code == 0
    assert sorted(json.loads(out)[0]["about"]["versions"]) == ["numpy", "python"]


def test_saved_predictions_give_the_same_scores_and_can_be_compared(
    run: Run, model: list[str], place: Path
) -> None:
    first = place / "first"
    _, out, _ = run("evaluate", "--data", place / "pairs.csv", "--out", first, "--json", *model)
    saved = first / "predictions.parquet"
    code, again, _ = run("evaluate", "--predictions", saved, "--against", saved, "--json")
    assert code == 0
    (one,), (other,) = json.loads(out), json.loads(again)
    for name in ("macro_f1", "confusion", "per_class", "interval", "ece", "risk_coverage"):
        assert other["all"][name] == one["all"][name], name
    assert [d["outcome"] for d in other["about"]["comparison"]] == ["no difference shown"] * 2
    _, shown, _ = run("evaluate", "--predictions", saved, saved, "--out", place / "both")
    assert "standard deviation" in shown


def test_a_claim_that_is_too_long_is_scored_as_wrong_and_compared(
    run: Run, model: list[str], place: Path
) -> None:
    long = place / "long.csv"
    long.write_text(f"claim,sentence,label\n{'met ' * 1000},they met,supports\n", encoding="utf-8")
    code, shown, _ = run("evaluate", "--data", long, "--out", place / "long", *model)
    assert code == 0
    assert "–" in shown  # the calibration error of no answer
    assert "calibration error –" in (place / "long" / "report.html").read_text(encoding="utf-8")
    saved = place / "long" / "predictions.parquet"
    code, out, err = run("evaluate", "--predictions", saved, "--against", saved, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)[0]["all"]["failed"] == 1


def test_a_claim_of_a_corpus_that_is_too_long_spoils_neither_voices_nor_label_sets(
    run: Run, model: list[str], place: Path
) -> None:
    rows = [("it rose", "no", "denies", "", 0), ("they met", "they met", "supports", "", 0)] * 20
    long = ("met " * 1000, "they met", "supports", "they", 0)
    head = "claim,sentence,label,voice,voice_start\n"
    for folder, split_rows in (("with", [*rows, long]), ("without", rows)):
        (place / folder).mkdir()
        for split in ("validation", "test"):
            lines = [",".join(map(str, row)) + "\n" for row in split_rows]
            (place / folder / f"{split}.csv").write_text(head + "".join(lines), encoding="utf-8")
    sets = []
    for folder in ("with", "without"):
        code, out, err = run("evaluate", "--data", place / folder, "--out", place / "o", "--json", *model)
        assert code == 0, err
        sets.append(json.loads(out)[0]["about"]["label_sets"])
    assert sets[0] == pytest.approx(sets[1])
    assert "nothing guarantees as much" in (place / "o" / "report.md").read_text(encoding="utf-8")


def test_predictions_for_other_pairs_are_not_compared(run: Run, model: list[str], place: Path) -> None:
    lines = (place / "pairs.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (place / "fewer.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    for name in ("pairs", "fewer"):
        run("evaluate", "--data", place / f"{name}.csv", "--out", place / name, *model)
    files = [place / name / "predictions.parquet" for name in ("pairs", "fewer")]
    code, _, err = run("evaluate", "--predictions", files[0], "--against", files[1])
    assert code == 1
    assert "not predictions for the same labelled pairs in the same order" in err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--against", "b.parquet"), "name the predictions.parquet of the first with --predictions"),
        (
            ("--predictions", "a", "b", "--against", "c"),
            "--against compares two runs: give --predictions one",
        ),
        (("--predictions", "a.parquet", "--data", "x.csv"), "it needs no --model, --data or --suite"),
    ],
)
def test_evaluate_refuses_what_does_not_go_together(
    arguments: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", *arguments])
    assert stopped.value.code == 2
    assert problem in capsys.readouterr().err


def test_behaviour_is_scored_by_capability(run: Run, model: list[str], tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    rows = [
        {"case": "a", "capability": "negation", "claim": "they met", "sentence": text, "label": label}
        for text, label in (("they met", "supports"), ("they denied it", "denies"))
    ]
    cases.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = ("evaluate", "--suite", "behaviour", "--data", cases, "--out", tmp_path / "o", *model)
    code, out, _ = run(*command, "--json")
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "o" / "behaviour.json").read_text(encoding="utf-8"))
    assert json.loads(out)["capabilities"]["negation"]["pairs"] == 2
    assert "space at the end" in run(*command).out


def test_evaluate_shows_a_table_to_people(run: Run, model: list[str], place: Path) -> None:
    code, out, _ = run("evaluate", "--data", place / "pairs.csv", *model)
    assert code == 0
    assert "truth / predicted" in out


def test_a_public_suite_is_written_set_by_set(run: Run, model: list[str], place: Path) -> None:
    suite = place / "suite"
    suite.mkdir()
    for name in ("a", "b"):
        shutil.copy(place / "pairs.csv", suite / f"{name}.csv")
    code, out, _ = run(
        "evaluate", "--suite", "public", "--data", suite, "--out", place / "o", "--json", *model
    )
    assert code == 0
    assert [report["name"] for report in json.loads(out)] == ["a", "b"]
    assert sorted(files_under(place / "o")) == [
        *(f"{name}/{file}" for name in "ab" for file in WRITTEN),
        "suite.json",
        "suite.md",
    ]


def test_an_error_in_a_later_set_costs_no_report_of_an_earlier_one(
    run: Run, model: list[str], place: Path
) -> None:
    (place / "bad.csv").write_text("claim,sentence,label\na,b,deny\n", encoding="utf-8")
    sets = (place / "pairs.csv", place / "bad.csv")
    code, _, err = run("evaluate", "--data", *sets, "--out", place / "o", *model)
    assert code == 1
    assert "label is 'deny'" in err
    assert sorted(files_under(place / "o")) == [f"pairs/{file}" for file in WRITTEN]


@pytest.mark.parametrize("last", ["none.csv", "pairs.jsonl"], ids=["missing", "of the same name"])
def test_a_place_that_cannot_be_used_is_told_before_anything_is_scored(
    run: Run, model: list[str], place: Path, last: str
) -> None:
    (place / "pairs.jsonl").write_text('{"claim": "c", "sentence": "s", "label": "denies"}\n', "utf-8")
    code, _, err = run("evaluate", "--data", place / "pairs.csv", place / last, "--out", place / "o", *model)
    assert code == 1
    assert ("both named 'pairs'" if last == "pairs.jsonl" else "none.csv' does not exist") in err
    assert "2 pairs" not in err
    assert not (place / "o").exists()


def test_build_gives_the_restated_edition_without_articles(run: Run, tmp_path: Path) -> None:
    import datasets

    out_folder = tmp_path / "built"
    code, out, _ = run("build", "--corpus", KREMLIN_CALL, "--out", out_folder, "--json")
    value = json.loads(out)
    assert code == 0
    assert (value["edition"], value["out"]) == ("restated", str(out_folder))
    built = datasets.load_from_disk(str(out_folder))
    assert {split: built[split].num_rows for split in built} == {
        split: counts["pairs"] for split, counts in value["splits"].items()
    }


def test_build_gives_the_verbatim_edition_and_refuses_a_changed_article(
    run: Run, tmp_path: Path, article_texts: Path
) -> None:
    articles = tmp_path / "articles"
    shutil.copytree(article_texts, articles)
    good = run("build", "--corpus", KREMLIN_CALL, "--articles", articles, "--out", tmp_path / "a")
    assert good.code == 0
    assert "verbatim edition written to" in good.err
    assert "pairs" in good.out
    changed = next(articles.glob("*.txt"))
    changed.chmod(0o644)
    changed.write_bytes(changed.read_bytes() + b" ")
    assert_refused(run("build", "--corpus", KREMLIN_CALL, "--articles", articles, "--out", tmp_path / "b"))
    assert not (tmp_path / "b").exists()


def test_verbose_names_model_and_runtime_on_stderr(run: Run, unopened: list[str]) -> None:
    code, out, err = run("classify", "--claim", "a", "--sentence", "b", "--json", "--verbose", *unopened)
    assert code == 0
    assert json.loads(out)
    assert unopened[1] in err
    assert "CPU" in err


# what is refused


def assert_refused(result: Result, message: str = "") -> None:
    assert result.code == 1
    assert result.out == ""
    assert "Traceback" not in result.err
    *before, last = result.err.strip().splitlines()
    assert last.startswith("stance: ")
    assert not [line for line in before if line.startswith("stance: ")]
    assert message in last


def bad_file(name: str, content: bytes | None) -> Callable[[Path], Path]:
    """Make the input; ``None``: a folder of that name."""

    def make(folder: Path) -> Path:
        file = folder / name
        file.mkdir() if content is None else file.write_bytes(content)
        return file

    return make


def missing(name: str) -> Callable[[Path], Path]:
    return lambda folder: folder / name


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["evaluate"], "--data FILE_OR_FOLDER"),
        (["evaluate", "--suite", "behaviour"], "--data FILE"),
        (["build"], "--corpus FOLDER"),
        (["build", "--articles", "articles", "--out", "new"], "--corpus FOLDER"),
    ],
)
def test_a_default_that_is_missing_outside_a_clone_says_so(
    run: Run, place: Path, command: list[str], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    assert_refused(run(*command), f"run it in a clone of the repository, or give {option}")


def test_a_folder_in_place_of_its_predictions_is_told(run: Run, place: Path) -> None:
    result = run("evaluate", "--predictions", place / "articles")
    assert_refused(result, f"is a folder; give its predictions.parquet: '{place}/articles/predictions")


BAD_PAIRS = {
    "missing file": (missing("none.csv"), "none.csv' does not exist"),
    "a folder": (bad_file("dir.csv", None), "dir.csv' is a folder"),
    "unknown format": (bad_file("p.xlsx", b"x"), "expected one of .csv, .jsonl, .parquet"),
    "empty file": (bad_file("p.csv", b""), "lacks the columns claim, sentence"),
    "missing column": (bad_file("p.csv", b"claim,text\na,b\n"), "lacks the column sentence; it has: claim"),
    "not UTF-8": (bad_file("p.csv", b"claim,sentence\na,\xff\n"), "is not UTF-8 (byte 0xff"),
    "UTF-16": (bad_file("p.csv", "claim,sentence\na,b\n".encode("utf-16")), "is not UTF-8"),
    "no parquet": (bad_file("p.parquet", b"PAR1 and then nothing"), "cannot be read as Parquet"),
    "column twice": (bad_file("p.csv", b"claim,sentence,claim\na,b,c\n"), "names a column twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_PAIRS)
def test_a_bad_file_of_pairs_is_refused_and_nothing_written(
    run: Run, model: list[str], tmp_path: Path, name: str
) -> None:
    make, message = BAD_PAIRS[name]
    file = make(tmp_path)
    before = files_under(tmp_path)
    assert_refused(run("classify", file, "--out", tmp_path / "new" / "out.csv", *model), message)
    assert files_under(tmp_path) == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("out_name", "message"),
    [
        ("out.txt", "expected one of .csv"),
        ("articles", "articles' is a folder; expected one of .csv"),
        ("out", "out' has no ending; expected one of .csv"),
        ("dir.csv", "it is a folder"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused(
    run: Run, model: list[str], place: Path, out_name: str, message: str
) -> None:
    (place / "dir.csv").mkdir()
    before = files_under(place)
    assert_refused(run("classify", place / "pairs.csv", "--out", place / out_name, *model), message)
    assert files_under(place) == before


def test_an_output_below_a_file_is_refused(run: Run, model: list[str], place: Path) -> None:
    before = files_under(place)
    assert_refused(run("classify", place / "pairs.csv", "--out", place / "claims.txt" / "o.csv", *model))
    assert files_under(place) == before


def test_a_failing_run_leaves_the_old_output(run: Run, model: list[str], place: Path) -> None:
    (place / "out.csv").write_text("old")
    (place / "bad.csv").write_bytes(b"claim,sentence\na,\xff\n")
    assert_refused(run("classify", place / "bad.csv", "--out", place / "out.csv", *model))
    assert (place / "out.csv").read_text() == "old"


def test_a_bad_byte_deep_in_the_file_leaves_no_parts_behind(
    run: Run, model: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes(b"claim,sentence\n" + b"a,b\n" * 8200 + b"x" * 9000 + b",\xff\n")
    assert_refused(run("classify", file, "--out", tmp_path / "out.csv", *model), "is not UTF-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.csv"]


@pytest.mark.parametrize(
    ("claim", "sentence", "message"),
    [
        ("", "x", "claim is empty; expected a text"),
        ("x", " \t\n", "sentence is empty; expected a text"),
        ("x", "", "sentence is empty"),
        ("x", "\udcff", "lone surrogate"),
    ],
)
def test_a_pair_without_two_texts_is_refused(
    run: Run, model: list[str], claim: str, sentence: str, message: str
) -> None:
    assert_refused(run("classify", "--claim", claim, "--sentence", sentence, *model), message)


@pytest.mark.parametrize("claim", ["a very long claim " * 50, "line\nbreak " * 50], ids=["long", "lines"])
def test_a_claim_that_is_too_long_is_refused(run: Run, model: list[str], place: Path, claim: str) -> None:
    message = "a claim is never cut; put it in fewer words"
    assert_refused(run("classify", "--claim", claim, "--sentence", "x", *model), message)
    assert_refused(run("check", "--claim", claim, place / "articles" / "one.txt", *model), message)


BAD_ARTICLES = {
    "missing": (missing("none.txt"), "none.txt' does not exist"),
    "a folder": (bad_file("dir.txt", None), "is a folder; expected a file"),
    "unknown ending": (bad_file("a.pdf", b"%PDF"), "ends in '.pdf'; expected .txt"),
    "empty": (bad_file("a.txt", b""), "has no text"),
    "white space": (bad_file("a.txt", b" \n\t\n"), "has no text"),
    "not UTF-8": (bad_file("a.txt", b"They m\xe9t."), "is not UTF-8 (byte 0xe9 at position 6)"),
    "no JSON": (bad_file("a.json", b"{"), "is not JSON"),
    "no text in JSON": (bad_file("a.json", b'{"body": "x"}'), "expected a JSON object with a 'text'"),
    "a list": (bad_file("a.json", b"[1]"), "expected a JSON object with a 'text'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ARTICLES)
def test_a_bad_article_is_refused(run: Run, model: list[str], tmp_path: Path, name: str) -> None:
    make, message = BAD_ARTICLES[name]
    assert_refused(run("check", "--claim", "x", make(tmp_path), *model), message)


BAD_CLAIMS = {
    "missing": (missing("none.txt"), "does not exist; expected a text file"),
    "a folder": (bad_file("dir.txt", None), "is a folder; expected a text file"),
    "empty": (bad_file("c.txt", b""), "is empty; expected one claim a line"),
    "blank lines": (bad_file("c.txt", b"\xef\xbb\xbf \n\r\n\t\n"), "is empty; expected one claim a line"),
    **{
        ending: (
            bad_file(f"c.{ending}", b"claim\nthey met\n"),
            "; expected a text file with one claim a line",
        )
        for ending in ("csv", "JSONL", "json", "html", "parquet")
    },
    "not UTF-8": (
        bad_file("c.txt", b"they m\xe9t\n"),
        "is not UTF-8 (byte 0xe9 at position 6); save it as UTF-8",
    ),
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_bad_claims_file_is_refused_and_no_page_written(
    run: Run, model: list[str], place: Path, name: str
) -> None:
    make, message = BAD_CLAIMS[name]
    page = place / "board.html"
    assert_refused(
        run("compare", "--claims", make(place), place / "articles", "--html", page, *model), message
    )
    assert not page.exists()


def test_of_articles_with_one_name_the_first_is_read(run: Run, model: list[str], place: Path) -> None:
    (place / "more").mkdir()
    shutil.copy(place / "articles" / "one.txt", place / "more")
    places = (place / "articles", place / "more")
    code, out, err = run("compare", "--claims", place / "claims.txt", *places, "--json", *model)
    assert code == 1
    assert [a["article_id"] for a in json.loads(out)["articles"]] == ["one", "two"]
    assert f"skipped: article '{place / 'more' / 'one.txt'}' has the id 'one' of" in err
    assert "1 of 3 articles could not be read" in err


@pytest.mark.parametrize("name", ["none", "empty"])
def test_no_article_is_refused(run: Run, model: list[str], place: Path, name: str) -> None:
    (place / "empty").mkdir()
    assert_refused(run("compare", "--claims", place / "claims.txt", place / name, *model), name)


def test_a_folder_for_the_page_is_refused(run: Run, model: list[str], place: Path) -> None:
    result = run(
        "compare", "--claims", place / "claims.txt", place / "articles", "--html", place, "--json", *model
    )
    assert_refused(result, "it is a folder; give a file name")


BAD_LABELLED = {
    "missing": (missing("none.csv"), "does not exist; name labelled pairs with --data"),
    "empty folder": (bad_file("dir", None), "expected the splits of a corpus"),
    "missing column": (bad_file("p.csv", b"claim,sentence\na,b\n"), "lacks the column label"),
    "unknown label": (
        bad_file("p.csv", b"claim,sentence,label\na,b,deny\n"),
        "row 1: label is 'deny'; expected one of supports, denies, neutral",
    ),
    "no rows": (bad_file("p.csv", b"claim,sentence,label\n"), "has no rows"),
    "empty sentence": (bad_file("p.csv", b"claim,sentence,label\na,,denies\n"), "row 1: sentence is ''"),
    "not UTF-8": (bad_file("p.csv", b"claim,sentence,label\na,\xff,denies\n"), "is not UTF-8"),
}


@pytest.mark.parametrize("name", BAD_LABELLED)
def test_bad_labelled_pairs_are_refused_and_nothing_written(
    run: Run, model: list[str], tmp_path: Path, name: str
) -> None:
    make, message = BAD_LABELLED[name]
    assert_refused(run("evaluate", "--data", make(tmp_path), "--out", tmp_path / "o", *model), message)
    assert not (tmp_path / "o").exists()


def cut(name: str) -> Callable[[Path], None]:
    """Cut a file of the checkpoint in the middle, as an interrupted copy does."""
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-100])


def relabel(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "denies", "1": "supports", "2": "neutral"}
    (folder / "config.json").write_text(json.dumps(config))


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (shutil.rmtree, "does not exist; expected a folder written by 'stance train'"),
    "weights cut": (cut("model.safetensors"), "model.safetensors is damaged"),
    "graph cut": (cut("graph.xml"), "graph.xml is damaged"),
    "manifest cut": (cut("stance.json"), "cannot be read as JSON"),
    "config cut": (cut("config.json"), "cannot be read as JSON"),
    "tokenizer gone": (lambda folder: (folder / "tokenizer.json").unlink(), "lacks tokenizer.json"),
    "graph gone": (lambda folder: (folder / "graph.xml").unlink(), "Fetch or export it again"),
    "never finished": (lambda folder: (folder / "stance.json").unlink(), "it was never finished"),
    "labels permuted": (relabel, "has the labels {'0': 'denies', '1': 'supports', '2': 'neutral'}; expected"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_checkpoint_is_refused(
    run: Run, tiny_checkpoint: Checkpoint, place: Path, name: str
) -> None:
    change, message = BROKEN[name]
    folder = place / "model"
    shutil.copytree(tiny_checkpoint.path, folder)
    change(folder)
    for arguments in (
        ["classify", "--claim", "a", "--sentence", "b"],
        ["classify", place / "pairs.csv", "--out", place / "out.csv"],
        ["evaluate", "--data", place / "pairs.csv", "--out", place / "out.csv"],
    ):
        assert_refused(run(*arguments, "--model", folder), message)
    assert not (place / "out.csv").exists()


def test_a_hub_id_that_cannot_be_fetched_is_refused(run: Run) -> None:
    result = run("classify", "--claim", "a", "--sentence", "b", "--model", "nobody/no-such-model")
    assert_refused(result, "'nobody/no-such-model' is no folder here and could not be fetched")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "none", "--out", "o"], "expected a transformers folder"),
        (["train", "none.toml", "--out", "o"], "recipe 'none.toml' cannot be read"),
        (["train", str(RECIPE), "--set", "epocs=2", "--out", "o"], "did you mean 'epochs'"),
        (["build", "--corpus", "none", "--out", "o"], "articles.jsonl' does not exist"),
        (["build", "--corpus", str(KREMLIN_CALL), "--articles", "x", "--out", "o"], "article folder 'x'"),
    ],
    ids=["export", "train", "train --set", "build", "build --articles"],
)  # fmt: skip
def test_other_verbs_refuse_what_is_not_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(run(*arguments), message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("rank", "speaks"), [("0", True), ("1", False)])
def test_of_several_processes_that_train_one_prints(
    run: Run, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, rank: str, speaks: bool
) -> None:
    trained = replace(tiny_checkpoint, provenance={"validation": {"macro_f1": 0.5}})
    monkeypatch.setattr("stance.train.trainer.train", lambda *_, **__: trained)
    monkeypatch.setenv("RANK", rank)
    for how, of_result in (["--json"], "out"), ([], "err"):
        result = run("train", RECIPE, *how)
        assert result.code == 0
        assert ("macro" in getattr(result, of_result)) is speaks
        assert (result.out + result.err == "") is not speaks


def test_build_never_replaces_a_folder_that_is_no_corpus(run: Run, place: Path) -> None:
    before = files_under(place)
    assert_refused(run("build", "--corpus", KREMLIN_CALL, "--out", place), "exists and is no corpus")
    assert files_under(place) == before


def test_cuda_is_refused_where_there_is_none(run: Run, tiny_checkpoint: Checkpoint) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    result = run(
        "classify", "--claim", "a", "--sentence", "b", "--model", tiny_checkpoint.path, "--device", "cuda"
    )
    assert_refused(result, "cuda")


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_lone_surrogate_in_an_outlet_is_no_traceback(
    run: Run, model: list[str], place: Path, option: str
) -> None:
    (place / "articles" / "two.json").write_text('{"text": "They met.", "outlet": "\\ud800"}')
    how = ["--html", place / "board.html"] if option == "--html" else ["--json"]
    result = run("compare", "--claims", place / "claims.txt", place / "articles", *how, *model)
    assert result.code == 1
    assert "holds a lone surrogate" in result.err


# exit codes and streams of the real process


def process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "stance", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_the_process_exits_0_with_data_on_stdout() -> None:
    done = process("classify", "--claim", "a", "--sentence", "b", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["label"] in NAMES


def test_the_process_exits_1_with_one_line_on_stderr(tmp_path: Path) -> None:
    done = process("check", "--claim", "x", "a.txt", "--model", tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"stance: ")
    assert done.stderr.count(b"\n") == 1


def test_a_closed_stdout_is_no_traceback() -> None:
    command = shlex.join([sys.executable, "-m", "stance", "classify", "--claim", "a", "--sentence", "b"])
    done = subprocess.run(
        f"{command} >&-", shell=True, cwd=ROOT, stderr=subprocess.PIPE, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_process_exits_2_on_wrong_usage() -> None:
    done = process("check")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"usage: stance check")


@pytest.mark.parametrize("how", [["--json"], []], ids=["JSON", "a table"])
def test_a_reader_that_goes_away_is_no_failure(place: Path, how: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "stance", "check", "--claim", "a", place / "articles" / "one.txt", *how],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()  # before anything is written
        assert running.stderr.read() == b""
        assert running.wait(timeout=60) == 0


def test_a_stdout_that_is_not_utf8_is_no_traceback(place: Path) -> None:
    article = place / "articles" / "two.json"
    done = process("check", "--claim", "a", article, "--json", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["sentences"][0]["text"] == "Nobody – spoke."
