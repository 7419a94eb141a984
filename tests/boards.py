"""Made-up comparisons for the tests of the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stance.check import ArticleCheck, SentenceStance, SourceComparison
from stance.schema import LABELS, Article, Label, Sentence
from stance.verdicts import Suggestion, WordEffect

CLOSED, RESIGNED, SCHOOL, RAIN = (
    "The bridge is closed.",
    "The mayor resigned.",
    "A new school opens in spring.",
    "Rain fell on Sunday.",
)
HOSTILE = (
    "</script><script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"
    "\"'><b>&amp; {{ data }} <!--<script> ${1} \u202eevil\u2028 = \u200f شعر 🙂 ]]> &"
)


def said(
    text: str, label: Label = Label.NEUTRAL, probability: float = 0.9, voice: str | None = None
) -> SentenceStance:
    """Return a sentence that says something with a probability; the others share the rest."""
    rest = (1 - probability) / 2
    probabilities = {one: probability if one is label else rest for one in LABELS}
    return SentenceStance(Sentence(text, 0, len(text)), label, probabilities, voice)


def comparison(
    articles: Sequence[Article], rows: Mapping[str, Sequence[Sequence[SentenceStance]]]
) -> SourceComparison:
    """Return what articles say to claims; a row has the sentences of every article."""
    full = tuple(
        replace(article, sentences=tuple(one.sentence for row in rows.values() for one in row[column]))
        for column, article in enumerate(articles)
    )
    checks = tuple(
        tuple(ArticleCheck(claim, article, tuple(cell)) for article, cell in zip(full, row, strict=True))
        for claim, row in rows.items()
    )
    return SourceComparison(tuple(rows), full, checks)


def village() -> SourceComparison:
    """Return four claims in three articles: agreed, split, lone and silent, in this order."""
    supports, denies = Label.SUPPORTS, Label.DENIES
    articles = [
        Article("…", "1", "Gazette", "Bridge closed", "2024-11-11", "https://gazette.example/a?b=1&c=2"),
        Article("…", "2", "Courier"),
        Article("…", "3", "Herald", url="javascript:alert(1)"),
    ]
    quiet = [said("It is Monday.")]
    rows = {
        CLOSED: [
            [
                said("The bridge is shut.", supports, 0.97, ""),
                said("It stays so, police said.", supports, 0.7),
            ],
            [said("Nobody can cross.", supports)],
            quiet,
        ],
        RESIGNED: [
            [said("He left office 🙂, the clerk Ann Lee said.", supports, 0.8, "the clerk Ann Lee")],
            [said("The mayor denied it.", denies, 0.9, "The mayor")],
            [
                said("He went, said Bo.", supports, 0.65, "Bo"),
                said("He stays, wrote Bo.", denies, 0.75, "Bo"),
            ],
        ],
        SCHOOL: [quiet, quiet, [said("The school opens in May.", supports, 0.9991)]],
        RAIN: [quiet, quiet, [said("It may have rained.", supports, 0.59)]],
    }
    return comparison(articles, rows)


WIRE = "The ferry sank in the night with all of its cargo, the coast guard said."


def wire() -> SourceComparison:
    """Return two claims in three articles: two have the same wire copy, and one claim is a suggestion."""
    articles = [Article("…", "1", "Gazette"), Article("…", "2", "Courier"), Article("…", "3", "Herald")]
    told = explained(said("🙂 Nobody sank anything.", Label.DENIES, 0.8), "Nobody")
    rows = {
        "The ferry sank.": [[said(WIRE, Label.SUPPORTS)], [said(WIRE, Label.SUPPORTS, 0.8)], [told]],
        "Its cargo was lost.": [[said(WIRE, Label.SUPPORTS)], [said("It rained.")], [said("It is late.")]],
    }
    suggestion = Suggestion("Its cargo was lost.", "2", supported_by=("1",), denied_by=())
    return replace(comparison(articles, rows), suggestions=(suggestion,))


def cut() -> SourceComparison:
    """Return a claim in three articles: a sentence that decides, two that do not, and none were cut."""
    articles = [Article("…", f"{number}", name) for number, name in enumerate(("A", "B", "C"), start=1)]
    decides = replace(said("It is shut.", Label.DENIES), truncated=True)
    quiet = [replace(said(text), truncated=True) for text in ("It is Monday.", "It is late.")]
    return comparison(articles, {"The bridge is open.": [[decides], quiet, [said("It rained.")]]})


def explained(one: SentenceStance, word: str) -> SentenceStance:
    """Return a sentence with a word marked without which it would be judged otherwise."""
    start = one.sentence.text.index(word)
    return replace(one, words=(WordEffect(word, start, start + len(word), -0.456),))


def hostile() -> SourceComparison:
    """Return a board in which every text tries to break out of its place."""
    articles = [
        Article(HOSTILE, "1", HOSTILE, HOSTILE, HOSTILE, f"https://x.example/{HOSTILE}"),
        Article(HOSTILE, HOSTILE, None, HOSTILE, None, "javascript:window.harmed=1"),
    ]
    loud = [
        explained(said(f"{HOSTILE} says {HOSTILE}", Label.SUPPORTS, voice=HOSTILE), HOSTILE),
        said(HOSTILE, Label.DENIES, voice=HOSTILE),
    ]
    return comparison(articles, {HOSTILE: [loud, loud], "A plain claim.": [loud, [said(HOSTILE)]]})


def crowd(claims: int, articles: int) -> SourceComparison:
    """Return a board of any size on which every second cell has sentences."""
    sides = [Label.SUPPORTS, Label.NEUTRAL, Label.DENIES, Label.NEUTRAL]
    outlets = [Article("…", f"{n}", f"The Morning Observer of Town {n}") for n in range(articles)]

    def cell(row: int, column: int) -> list[SentenceStance]:
        side = sides[(row * 7 + column * 3 + row * column) % 4]
        text = f"In town {column} a spokesperson for the ministry said so on the morning of day {row}."
        return [said(text, side, 0.6 + (row + column) % 40 / 100, "a spokesperson for the ministry")] * 3

    return comparison(
        outlets,
        {
            f"Claim {row}: the two leaders spoke by phone, and agreed to meet again.": [
                cell(row, column) for column in range(articles)
            ]
            for row in range(claims)
        },
    )
