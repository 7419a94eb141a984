"""Reading articles from files. Nothing here fetches anything."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.errors import InputError, MissingExtraError, require
from stance.files import ending_of, existing_file
from stance.schema import Article
from stance.segment import split_sentences
from stance.tables.row import SURROGATE

ENDINGS = (".txt", ".html", ".htm", ".json")

LONGEST = 1_000_000
"""Characters of the longest text that is taken for an article; a long one has a tenth of that."""

FRONT_MATTER = re.compile(r"---[ \t]*\r?\n((?:[A-Za-z_]+:[^\r\n]*\r?\n)+)---[ \t]*(?:\r?\n)+")
"""Lines of a name and a value between two lines of three dashes, at the beginning of a text."""

NO_CLAIMS = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".html", ".htm")
"""Endings of files whose lines are no claims, though they may be text."""

OWN_PAGE = re.compile(rb'<meta name="generator" content="stance (board|report)">')
"""What stands in the head of every page that this package writes (``templates/``)."""

LARGEST = 20_000_000
"""Bytes of the largest file that is read: pages carry much that is no text."""


def read_article(path: str | Path) -> Article:
    """Read an article and split it into sentences.

    Parameters
    ----------
    path : str or Path
        ``.txt``: the text as it is, behind front matter if there is some (lines ``outlet: ...`` and the
        like between two lines ``---``; ``date`` is ``published``). ``.json``: an object with ``text`` and,
        if known, ``article_id``, ``outlet``, ``title``, ``published``, ``url``. ``.html``, ``.htm``: the
        story is extracted from the page (extra: html). All in UTF-8, at most 20,000,000 bytes and 1,000,000
        characters; a byte order mark is ignored. Line endings are kept, so that offsets are those of the
        file's text, which begins behind its front matter.

    Raises
    ------
    InputError
        If the file is missing, a folder, of another kind, not UTF-8, empty, broken or too large.
    MissingExtraError
        If it is a page and the extra html is not installed.
    """
    file = existing_file(path, "article", f"a file ending in {', '.join(ENDINGS)}")
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"article {str(file)!r} {ending_of(file)}; expected {', '.join(ENDINGS)}")
    if file.stat().st_size > LARGEST:
        raise InputError(f"article {str(file)!r} has {_too_many(file.stat().st_size, LARGEST, 'bytes')}")
    if is_own_page(file):
        raise InputError(f"article {str(file)!r} is a page made by stance; name the articles it is about")
    raw = _read_text(file)
    if ending == ".json":
        article = _from_json(raw, file)
    elif ending == ".txt":
        article = _from_text(raw)
    else:
        article = _from_html(raw, file)
    if not article.text.strip():
        raise InputError(f"article {str(file)!r} has no text")
    if len(article.text) > LONGEST:
        raise InputError(f"article {str(file)!r} has {_too_many(len(article.text), LONGEST, 'characters')}")
    return replace(
        article,
        article_id=article.article_id or file.stem,
        sentences=tuple(split_sentences(article.text)),
    )


def is_own_page(file: Path) -> bool:
    """Whether a file is a page that this package wrote, which is about articles and none itself."""
    if file.suffix.lower() not in (".html", ".htm"):
        return False
    try:
        with file.open("rb") as stream:
            return bool(OWN_PAGE.search(stream.read(4096)))
    except OSError:  # who reads the article says why
        return False


def article_files(paths: Iterable[str | Path]) -> list[Path]:
    """Return the article files among the paths and directly inside the folders among them, sorted.

    Raises
    ------
    InputError
        If a path does not exist, or no article is found.
    """
    places = list(paths)
    found: dict[Path, None] = {}  # a file that is named twice is one file
    for place in places:
        if os.path.isdir(place):
            inside = (p for p in Path(place).iterdir() if p.suffix.lower() in ENDINGS and p.is_file())
            found |= dict.fromkeys(sorted(inside))
        else:
            found[existing_file(place, "article", "an article or a folder of them")] = None
    if not found:
        raise InputError(
            f"no article in {', '.join(repr(str(place)) for place in places)}; expected "
            f"{', '.join(ENDINGS)} files"
        )
    return list(found)


def read_claims(path: str | Path) -> list[str]:
    """Read claims from a text file, one a line; blank lines are passed over.

    Raises
    ------
    InputError
        If the file is missing, a folder, a table or page, not UTF-8 or without a claim.
    """
    file = existing_file(path, "claims file", "a text file with one claim a line")
    if file.suffix.lower() in NO_CLAIMS:  # its head or markup would be held against the articles
        raise InputError(
            f"claims file {str(file)!r} ends in {file.suffix!r}; expected a text file with one claim a line: "
            "write the claims into a .txt file"
        )
    claims = [line.strip() for line in _read_text(file, "claims file").split("\n") if line.strip()]
    if not claims:
        raise InputError(f"claims file {str(file)!r} is empty; expected one claim a line")
    return claims


def _too_many(count: int, limit: int, what: str) -> str:
    return (
        f"{count:,} {what}; expected one article of at most {limit:,}: save each article as a file of its own"
    )


def _read_text(file: Path, what: str = "article") -> str:
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} {str(file)!r} is not UTF-8 (byte {error.object[error.start]:#04x} at position "
            f"{error.start}); save it as UTF-8 and try again"
        ) from error
    except OSError as error:
        raise InputError(f"{what} {str(file)!r} cannot be read: {error.strerror}") from error
    return text.removeprefix("\ufeff")


def _from_text(raw: str) -> Article:
    """Take what is known of an article from front matter, where the text begins with some."""
    matter = FRONT_MATTER.match(raw)
    if matter is None:
        return Article(raw)
    known = {}
    for line in matter[1].splitlines():
        name, _, value = line.partition(":")
        value = value.strip().strip("\"'")
        if value:
            known[name.strip().lower()] = value
    return Article(
        raw[matter.end() :],
        known.get("article_id", ""),
        known.get("outlet"),
        known.get("title"),
        known.get("published") or known.get("date"),
        known.get("url"),
    )


def _from_json(raw: str, file: Path) -> Article:
    try:
        value = json.loads(raw)
        has_surrogate = bool(SURROGATE.search(json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"article {str(file)!r} is not JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise InputError(f"article {str(file)!r}: expected a JSON object with a 'text'")
    if has_surrogate:
        raise InputError(f"article {str(file)!r} holds a lone surrogate, which is no valid text")
    known: dict[str, Any] = {}
    for name in ("article_id", "outlet", "title", "published", "url"):
        if isinstance(value.get(name), str | int):
            known[name] = str(value[name])
        elif value.get(name) is not None:
            raise InputError(f"article {str(file)!r}: {name} is {value[name]!r:.60}; expected a text")
    return Article(value["text"], **known)


def _from_html(raw: str, file: Path) -> Article:
    try:
        trafilatura = require("trafilatura", "html")
    except MissingExtraError as error:  # of many articles, name the one
        raise MissingExtraError(f"article {str(file)!r}: {error}") from error
    page = trafilatura.bare_extraction(raw, with_metadata=True, include_comments=False)
    if page is None or not page.text:
        raise InputError(f"article {str(file)!r}: no story found in the page; save its text as .txt")
    return Article(page.text, outlet=page.sitename, title=page.title, published=page.date, url=page.url)
