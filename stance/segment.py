"""Splitting text into sentences with exact character offsets, boilerplate flagged.

Sentence starts come from syntok: of seven libraries it and segtok found the boundaries of the five articles
of ``data/kremlin_call`` best, and it got more of the tricky ones right (``benchmarks/segmentation.py``).
Around it: a line break always ends a sentence, and a few repairs for news text (ranks, quotes that end in an
ellipsis, date lines, agency lines). Every visible character lands in exactly one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from stance.errors import InputError
from stance.schema import Sentence

_NEVER_LAST = re.compile(r"\b(?:Lt|Gen|Maj|Col|Capt|Cmdr|Sgt|Sen|Rep|Gov)\.$")
_NEVER_LAST_LENGTH = len(" Capt.")  # the longest, and the character before it
_OPENERS = "(?:The|He|She|It|They|We|You|But|In|No|Nobody|Not|Some|This|That|There|Then|A|An|And)"
_EXTRA_BREAK = re.compile(
    r"^\s*date \d{4}-\d\d-\d\d(?= )"  # a date line glued to what follows
    r"|(?<=[.!?])(?= via [A-Z])"  # an agency credit glued to a caption
    r"|(?<=[.!?])(?= *\((?:photo )?credit:)"  # a photo credit glued to a caption
    r"|(?<=…[”\"])(?= [A-Z])"
    rf"|(?<=\b[ap]\.m\.)(?= {_OPENERS}\b)"
    rf"|(?<=\bU\.S\.)(?= {_OPENERS}\b)"
)
_LINE = re.compile(r"[^\n\r\u2028\u2029]+")

# What a line of boilerplate looks like, by kind; the whole line has to match.
_BOILERPLATE = {
    "credit": re.compile(
        r"\((?i:photo |picture |image )?(?i:credit|source)s?:.*\)"
        r"|\(?(?i:photo|image|picture|credit)s?(?i: by| credits?)?: .{0,80}"
        r"|via (?:[A-Z][\w.&']*)(?: [A-Z][\w.&']*){0,4}"
        r"|.{0,80}\bcontributed to this (?:report|story|article)\.?"
    ),
    "advertisement": re.compile(r"(?i:advertis(?:ement|ing)|sponsored(?: content)?|ad)"),
    "newsletter": re.compile(
        r"(?i:stay updated|sign up for|subscribe to)\b.{0,60}"
        r"|(?i:subscribe|sign up|get our|join our|follow us)\b.{0,60}"
        r"\b(?i:newsletter|inbox|updates?|alerts?|channel|twitter|facebook|telegram|instagram)\b.{0,40}"
    ),
    "correction": re.compile(
        r"(?i:to (?:suggest|request|report) a (?:correction|clarification|mistake|typo)).{0,100}"
        r"|(?i:you can also highlight the text).{0,60}"
        r"|(?i:correction|clarification)s?:.*"
        r"|(?i:(?:spotted|found|seen) an? (?:mistake|error|typo)).{0,80}"
    ),
    "related": re.compile(
        r"(?i:other topics of interest|related(?: (?:stories|articles|links))?|read more|read also|also read"
        r"|more on this(?: story)?|recommended(?: reading)?|you may also like)(?::.*)?"
    ),
}
_DATE_LABEL = re.compile(r"(?i:last updated|updated|published|posted|date)(?i: on| at)?(?=[\s:]|$)")
_DATE_WORD = re.compile(
    r"\d+(?:st|nd|rd|th|am|pm)?|[ap]m|a\.m|p\.m|gmt|utc|bst|ist|[ecmp][sd]t|cet|cest|at|on"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|mon|tue|wed|thu|fri|sat|sun"
)


def split_sentences(text: str) -> list[Sentence]:
    """Split a text into sentences.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of Sentence
        Ordered and disjoint; ``text[s.start:s.end] == s.text``; together they hold every character
        that is not white space. ``kind`` tells content, headlines and captions from boilerplate.

    Raises
    ------
    InputError
        If it is no text.

    Examples
    --------
    >>> [s.text for s in split_sentences("“It is untrue. It is fiction,” he said. Nobody answered.")]
    ['“It is untrue.', 'It is fiction,” he said.', 'Nobody answered.']
    """
    if not isinstance(text, str):
        raise InputError(f"text is {text!r:.40} ({type(text).__name__}); expected a text")
    lines = [
        [(line.start() + start, line.start() + end) for start, end in _split_line(line.group())]
        for line in _LINE.finditer(text)
    ]
    lines = [line for line in lines if line]
    kinds = _kinds([[text[start:end] for start, end in line] for line in lines])
    return [
        Sentence(text[start:end], start, end, kind)
        for line, line_kinds in zip(lines, kinds, strict=True)
        for (start, end), kind in zip(line, line_kinds, strict=True)
    ]


def fewest_sentences(text: str) -> int:
    """Return how many sentences a text has at least, one a line, without cutting it."""
    return sum(1 for line in _LINE.finditer(text) if not line.group().isspace())


def _split_line(line: str) -> Iterator[tuple[int, int]]:
    starts = _sentence_starts(line)
    for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
        cuts = [start + match.end() for match in _EXTRA_BREAK.finditer(line[start:end])]
        for left, right in zip([start, *cuts], [*cuts, end], strict=True):
            piece = line[left:right]
            if piece.strip():
                indent = len(piece) - len(piece.lstrip())
                yield left + indent, left + len(piece.rstrip())


def _sentence_starts(line: str) -> list[int]:
    """Where sentences start, after putting back together what a rank or title was cut from."""
    from syntok import segmenter  # here, so that importing stance stays cheap

    starts = [0]
    for paragraph in segmenter.analyze(line):
        for sentence in paragraph:
            start = sentence[0].offset if sentence else 0
            if start > starts[-1] and not _ends_in_rank(line, starts[-1], start):
                starts.append(start)
    return starts


def _ends_in_rank(line: str, start: int, end: int) -> bool:
    """Whether the last word of a piece is one that ends no sentence.

    Only the end is looked at: a line of nothing but ranks is one piece, which grows with each of them.
    """
    while end > start and line[end - 1].isspace():
        end -= 1
    return bool(_NEVER_LAST.search(line[max(start, end - _NEVER_LAST_LENGTH) : end]))


def _kinds(lines: list[list[str]]) -> list[list[str]]:
    """Tell what every sentence is, from its own form and from its neighbours."""
    kinds = [[_own_kind(sentence, alone=len(line) == 1) for sentence in line] for line in lines]
    _mark_captions(lines, kinds)
    _mark_related(lines, kinds)
    return kinds


def _own_kind(sentence: str, *, alone: bool) -> str:
    for kind, pattern in _BOILERPLATE.items():
        if pattern.fullmatch(sentence):
            return kind
    if _is_date_line(sentence):
        return "metadata"
    is_short = len(sentence.split()) <= 16
    ends_open = sentence.rstrip("'\"”’)")[-1:] not in tuple(".!?…:;,")
    return "headline" if alone and is_short and ends_open else "content"


def _is_date_line(sentence: str) -> bool:
    """Whether a line says no more than when it was written: a label, then nothing but date words."""
    label = _DATE_LABEL.match(sentence)
    if label is None:
        return False
    words = re.split(r"[\s:,/|().–-]+", sentence[label.end() :].lower())
    return all(_DATE_WORD.fullmatch(word) for word in words if word)


def _mark_captions(lines: list[list[str]], kinds: list[list[str]]) -> None:
    """Mark as a caption the sentence that a photo credit follows, and its repetition elsewhere."""
    flat = [(row, column) for row, line in enumerate(lines) for column in range(len(line))]
    captions = set()
    for (row, column), (next_row, next_column) in pairwise(flat):
        follower = lines[next_row][next_column]
        is_photo = kinds[next_row][next_column] == "credit" and "contributed to" not in follower
        if is_photo and kinds[row][column] in ("content", "headline"):
            captions.add(lines[row][column])
    for row, column in flat:
        if lines[row][column] in captions:
            kinds[row][column] = "caption"


def _mark_related(lines: list[list[str]], kinds: list[list[str]]) -> None:
    """Mark what stands behind a bare "related" line: a link, at times repeated before it, a teaser."""
    texts = [" ".join(line) for line in lines]
    marked = set()
    last_marker: dict[str, int] = {}  # by the link behind it
    for row, own in enumerate(kinds):
        is_marker = own == ["related"] and ":" not in texts[row]
        if not is_marker or row + 1 >= len(lines):
            continue
        last_marker[texts[row + 1]] = row
        marked.add(row + 1)
        if row + 2 < len(lines) and _share_words(texts[row + 1], texts[row + 2]):
            marked.add(row + 2)
    for row, text in enumerate(texts):
        if row in marked or row < last_marker.get(text, 0):
            kinds[row] = ["related"] * len(kinds[row])


def _share_words(link: str, teaser: str) -> bool:
    long_words = [set(re.findall(r"\w{5,}", text.lower())) for text in (link, teaser)]
    return len(long_words[0] & long_words[1]) >= 3
