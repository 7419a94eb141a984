"""Reading a page of HTML in tests."""

from __future__ import annotations

from collections import defaultdict
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """Collects the elements of a page, their attributes and the texts in them.

    ``text`` is all text, ``texts`` that of each element by its tag, ``open`` what was never closed.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.texts: dict[str, list[str]] = defaultdict(list)
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        for tag in self.open:
            self.texts[tag][-1] += data

    def all(self, tag: str, name: str = "") -> list[str]:
        """Return an attribute of all elements of a kind that have it."""
        return [attributes[name] for one, attributes in self.elements if one == tag and name in attributes]
