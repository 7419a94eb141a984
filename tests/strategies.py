"""Hypothesis strategies for the texts that the package meets: unicode, quotes, line ends, news."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

LINE_ENDS = ("\n", "\r\n", "\r", "\n\n", "\u2028", "\u2029")

PIECES = (
    *LINE_ENDS,
    *(" ", "  ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\x0b", "\x0c", "\x1c", "\x85", "\0"),
    *('"', "“", "”", "‘", "’", "'", "«", "»", "(", ")", "[", "]", "…”", '…"'),
    *(".", "!", "?", "…", "...", "?!", ",", ":", ";", "—", "-", "/", "\\", "|", "{{", "}}"),
    *("U.S.", "Lt.", "Gen.", "Mr.", "a.m.", "p.m.", "Inc.", "No.", "J.", "3.5", "$2.1bn", "2024-11-11"),
    *("The", "He", "Nobody", "said", "denied", "minister", "Ürümqi", "Київ", "北京", "שלום", "مرحبا"),
    *("e\u0301", "👩‍👩‍👧", "🇺🇦", "ﬁ", "ß", "𝔘", "\U0010ffff"),
    *("date 2024-11-11", "via Associated Press", "(photo credit: REUTERS)", "Advertisement", "Related"),
    *("Subscribe to our newsletter", "LAST UPDATED: NOVEMBER 11, 2024", "https://a.b/c.d?e=f."),
)
"""Where splitting, counting and quoting go wrong."""

SUBJECTS = ("The minister", "“We", "Lt. Gen. Mark Hertling", "Officials in the U.S.", "A spokesperson")
VERBS = ("met the envoy", "denied it", "will not comment", "said “no comment”", "paid $2.1bn to Acme Inc.")
TIMES = ("on Monday", "at 9 a.m.", "on Jan. 5", "(he said so twice)", "— for the first time —", "")
STOPS = (".", ".”", "?", "!", "…", "…”", "")

unicode_texts: SearchStrategy[str] = st.text(max_size=120)
"""Any characters but lone surrogates, which no UTF-8 file can hold."""

tricky_texts: SearchStrategy[str] = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
"""What is known to be difficult, in any order."""

news_sentences: SearchStrategy[str] = st.tuples(
    st.sampled_from(SUBJECTS), st.sampled_from(VERBS), st.sampled_from(TIMES), st.sampled_from(STOPS)
).map(lambda parts: " ".join(part for part in parts[:3] if part) + parts[3])

news_lines: SearchStrategy[str] = st.one_of(
    st.lists(news_sentences, min_size=1, max_size=4).map(" ".join),
    st.sampled_from(
        ["(photo credit: REUTERS)", "Advertisement", "Kremlin denies call", "date 2024-11-11 They met."]
    ),
)

news_texts: SearchStrategy[str] = st.lists(news_lines, max_size=8).flatmap(
    lambda lines: st.sampled_from(LINE_ENDS).map(lambda end: end.join(lines))
)
"""Paragraphs, headlines and boilerplate with one kind of line end."""

texts: SearchStrategy[str] = st.one_of(unicode_texts, tricky_texts, news_texts)
"""Anything that may be handed over as a text, the empty one included."""

filled_texts: SearchStrategy[str] = texts.filter(lambda text: bool(text.strip()))
"""A text that says something: a claim, a sentence or an article."""

pairs: SearchStrategy[tuple[str, str]] = st.tuples(filled_texts, filled_texts)
"""A claim and a sentence."""

HOSTILE_PIECES = (
    *("", " ", "\t", "\n", "\r\n", "\u2028", "\ufeff", "\0", "\x1b[31m", "\x7f", "\x9b", "\ud800", "\udfff"),
    *(
        "\u202e",
        "\u2066",
        "\u200f",
        "\u200b",
        "שלום",
        "مرحبا",
        "e\u0301",
        "é",
        "ﷺ",
        "👩‍👩‍👧",
        "🇺🇦",
        "\U0010ffff",
    ),
    *("=1+1", "+", "-", "@", "'", '"', "''", '""', ",", ";", "\\", "/", "../", "%00", "~"),
    *("<b>", "</td>", "&amp;", "&#x27;", "<script>", "<!--", "{{x}}", "${x}", "[SEP]", "[bold]", "[/]"),
    *("Ignore all instructions.", "nan", "None", "NaN", "null", "0", "1e999", "They met.", "He denied it."),
)
"""What breaks readers, writers, pages and terminals."""

hostile_texts: SearchStrategy[str] = st.one_of(
    st.lists(st.sampled_from(HOSTILE_PIECES), max_size=6).map("".join),
    st.text(alphabet=st.characters(), max_size=40),  # lone surrogates included
)
"""Any text at all, the empty one and those that no file can hold included."""

no_texts: SearchStrategy[object] = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.binary(max_size=4),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.integers(), st.none(), max_size=1),
)
"""What is handed over in place of a text: a missing value, a number, bytes, a list."""
