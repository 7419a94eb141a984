from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from stance import read_article, split_sentences
from stance.articles import article_files
from stance.errors import InputError

from strategies import filled_texts

STORY = (
    "<html><head><title>Kremlin denies call</title></head><body><nav>Home | World</nav><article><p>"
    + "The Kremlin denied on Monday that the two leaders had spoken by phone last week. " * 3
    + "</p><p>"
    + "Nobody else was there, an official told reporters later in the day. " * 3
    + "</p></article></body></html>"
)


@settings(max_examples=60)
@given(filled_texts.filter(lambda text: not text.startswith("\ufeff")))
def test_a_text_file_is_read_to_the_character(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("articles") / "kyiv.post.txt"
    file.write_bytes(text.encode())
    article = read_article(file)
    assert article.text == text
    assert article.article_id == "kyiv.post"
    assert article.sentences == tuple(split_sentences(text))


@settings(max_examples=40)
@given(filled_texts)
def test_a_json_file_is_read_to_the_character(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("articles") / "a.json"
    file.write_text(json.dumps({"text": text}), encoding="utf-8")
    assert read_article(file).text == text


def test_line_ends_are_kept_so_that_offsets_are_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.TXT"
    file.write_bytes(b"They met.\r\n\r\nHe denied it.\r")
    article = read_article(str(file))
    assert article.text == "They met.\r\n\r\nHe denied it.\r"
    assert [(s.start, s.end) for s in article.sentences] == [(0, 9), (13, 26)]


@pytest.mark.parametrize("ending", [".txt", ".json"])
def test_a_byte_order_mark_is_ignored(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"a{ending}"
    body = "They met." if ending == ".txt" else '{"text": "They met."}'
    file.write_bytes(b"\xef\xbb\xbf" + body.encode())
    assert read_article(file).text == "They met."


def test_json_brings_what_is_known_of_the_article(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    known = {"article_id": 7, "outlet": "The Daily", "title": "Call", "published": "2024-11-11", "url": None}
    file.write_text(json.dumps({"text": "They met.", "other": 1, **known}))
    article = read_article(file)
    assert (article.article_id, article.outlet, article.title) == ("7", "The Daily", "Call")
    assert (article.published, article.url) == ("2024-11-11", None)


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("a.txt", b"", "has no text"),
        ("a.txt", b" \r\n\t", "has no text"),
        ("a.txt", b"\xef\xbb\xbf", "has no text"),
        ("a.txt", b"They m\xe9t.", r"not UTF-8 \(byte 0xe9 at position 6\); save it as UTF-8"),
        ("a.txt", b"\xff\xfeT\0", "not UTF-8"),
        ("a.json", b'{"text": "They m\xe9t."}', "not UTF-8"),
        ("a.json", b"", "is not JSON"),
        ("a.json", b'{"text": "They', "is not JSON"),
        ("a.json", b"[" * 100_000, "is not JSON"),
        ("a.json", b'["They met."]', "expected a JSON object with a 'text'"),
        ("a.json", b"null", "expected a JSON object with a 'text'"),
        ("a.json", b"{}", "expected a JSON object with a 'text'"),
        ("a.json", b'{"text": 5}', "expected a JSON object with a 'text'"),
        ("a.json", b'{"text": " "}', "has no text"),
        ("a.pdf", b"%PDF", r"ends in '\.pdf'; expected \.txt, \.html, \.htm, \.json"),
        ("a", b"They met.", r"has no ending; expected \.txt"),
        (".txt", b"They met.", r"expected \.txt"),
    ],
)
def test_an_article_that_cannot_be_used_is_refused_with_its_name(
    tmp_path: Path, name: str, body: bytes, message: str
) -> None:
    file = tmp_path / name
    file.write_bytes(body)
    with pytest.raises(InputError, match=message) as caught:
        read_article(file)
    assert repr(str(file)) in str(caught.value)


def test_a_missing_article_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_article(tmp_path / "absent.txt")
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(InputError, match="is a folder; expected a file"):
        read_article(tmp_path / "folder.txt")


@pytest.mark.parametrize("name", ["They met on Monday. " * 30, "x" * 300 + ".txt", "a\0.txt"])
def test_a_text_given_in_place_of_a_file_name_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        read_article(name)
    with pytest.raises(InputError):
        article_files([name])


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        (
            "a.txt",
            10_000_000,
            r"has 10,000,000 characters; expected one article of at most 1,000,000:",
        ),
        ("a.json", 1_000_001, r"has 1,000,001 characters"),
        ("a.html", 20_000_001, r"has 20,000,001 bytes; expected one article of at most 20,000,000"),
    ],
)
def test_what_is_too_large_for_an_article_is_refused(
    tmp_path: Path, name: str, size: int, message: str
) -> None:
    text = ("He denied it. " * (size // 14 + 1))[:size]
    (tmp_path / name).write_text(json.dumps({"text": text}) if name == "a.json" else text)
    with pytest.raises(InputError, match=message) as caught:
        read_article(tmp_path / name)
    assert repr(str(tmp_path / name)) in str(caught.value)


def test_a_broken_character_in_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"text": "They met \\ud83d."}')
    with pytest.raises(InputError, match="surrogate"):
        read_article(file)


def test_an_outlet_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"text": "They met.", "outlet": ["The Daily"]}')
    with pytest.raises(InputError, match="outlet"):
        read_article(file)


@pytest.mark.parametrize("ending", [".html", ".htm", ".HTML"])
def test_the_story_is_extracted_from_a_page(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"page{ending}"
    file.write_text(STORY, encoding="utf-8")
    article = read_article(file)
    assert "The Kremlin denied on Monday" in article.text
    assert "Home | World" not in article.text
    assert article.title == "Kremlin denies call"
    assert article.article_id == "page"
    assert all(article.text[s.start : s.end] == s.text for s in article.sentences)


@pytest.mark.parametrize("body", ["", "\0", "<html></html>", "<" * 5000, "just words"])
def test_a_page_without_a_story_is_refused(tmp_path: Path, body: str) -> None:
    file = tmp_path / "page.html"
    file.write_text(body)
    with pytest.raises(InputError, match=r"no story found in the page; save its text as \.txt"):
        read_article(file)


def test_files_are_taken_from_folders_sorted_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.txt", "a.json", "c.HTM", "notes.md", "d.txt.bak"):
        (tmp_path / name).write_text("They met.")
    (tmp_path / "deeper.txt").mkdir()
    (tmp_path / "deeper.txt" / "e.txt").write_text("They met.")
    assert [file.name for file in article_files([tmp_path])] == ["a.json", "b.txt", "c.HTM"]


def test_files_and_folders_may_be_mixed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.txt").write_text("They met.")
    single = tmp_path / "z.txt"
    single.write_text("They met.")
    assert article_files([str(single), tmp_path / "folder"]) == [single, tmp_path / "folder" / "b.txt"]


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent' does not exist; expected an article or a folder"):
        article_files([tmp_path / "absent"])


def test_a_folder_without_articles_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no article in .*; expected \.txt") as caught:
        article_files([tmp_path])
    assert str(tmp_path) in str(caught.value)


def test_a_folder_without_articles_is_named_when_it_came_from_an_iterator(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        article_files(iter([tmp_path]))
    assert str(tmp_path) in str(caught.value)


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("They met.")
    assert article_files([file, tmp_path]) == [file]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_front_matter_tells_where_a_text_is_from(tmp_path: Path, end: str) -> None:
    matter = [
        "---",
        'title: "No call: Kremlin"',
        "outlet: Gazette",
        "date: 2024-11-11",
        "url: https://x.example/a",
    ]
    text = f"He denied it.{end}{end}Nobody: spoke."
    (tmp_path / "a.txt").write_bytes(end.join([*matter, "---", "", text]).encode())
    article = read_article(tmp_path / "a.txt")
    assert (article.text, article.article_id, article.outlet) == (text, "a", "Gazette")
    assert (article.title, article.published) == ("No call: Kremlin", "2024-11-11")
    assert article.url == "https://x.example/a"
    assert [text[one.start : one.end] for one in article.sentences] == ["He denied it.", "Nobody: spoke."]


@pytest.mark.parametrize(
    "text", ["---\nHe denied it.\n---\nNobody spoke.", "---\n---\nNo.", "--- a: b\n---\nNo."]
)
def test_dashes_are_no_front_matter(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert read_article(tmp_path / "a.txt").text == text
