"""What is sent and what comes back, as types: requests are checked by them, OpenAPI is written from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, FailFast, Field

from stance.schema import Article

Item = TypeVar("Item")
Checked = Annotated[list[Item], FailFast()]
"""A list that is looked at up to its first fault: a body may hold a million of them."""

LabelName = Literal["supports", "denies", "neutral"]
VerdictName = Literal["supports", "denies", "disputed", "neutral"]

VOICE = (
    "who takes the stance; empty for the outlet itself, null where no side is taken or the model is silent"
)
TRUNCATED = "whether the end of the sentence was too long for the model"

CLAIM = "The two leaders spoke by phone."
DENIAL = "The Kremlin denied that the two leaders had spoken."
TEXT = f"{DENIAL} A spokesman called the report pure fiction."


def _shown(example: dict[str, Any]) -> ConfigDict:
    """Return a configuration that refuses unknown names, with an example for OpenAPI."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PairIn(_Strict):
    """A claim and one source sentence."""

    claim: str
    sentence: str


class ArticleIn(_Strict):
    """An article; only its text is needed."""

    text: str
    article_id: str = Field("", description="unique within a comparison")
    outlet: str | None = None
    title: str | None = None
    published: str | None = None
    url: str | None = None

    def to_article(self) -> Article:
        """Return it as the package knows it."""
        return Article(**self.model_dump())


class ClassifyRequest(BaseModel):
    """Pairs to classify."""

    model_config = _shown({"pairs": [{"claim": CLAIM, "sentence": DENIAL}]})

    pairs: Checked[PairIn]


class CheckRequest(BaseModel):
    """A claim and the article to hold it against."""

    model_config = _shown({"claim": CLAIM, "article": {"text": TEXT, "outlet": "Outlet A"}})

    claim: str
    article: ArticleIn


class CompareRequest(BaseModel):
    """Claims and the articles to hold them against."""

    model_config = _shown(
        {
            "claims": [CLAIM],
            "articles": [
                {"text": TEXT, "article_id": "a"},
                {"text": "The leaders spoke for an hour.", "article_id": "b"},
            ],
        }
    )

    claims: Checked[str]
    articles: Checked[ArticleIn]


class Probabilities(_Strict):
    """Calibrated probabilities, which sum to 1."""

    supports: float
    denies: float
    neutral: float


class PairOut(_Strict):
    """What the model says of a pair."""

    label: LabelName
    probabilities: Probabilities
    voice: str | None = Field(description=VOICE)
    truncated: bool = Field(description=TRUNCATED)


class Counts(_Strict):
    """Sentences that count for each side."""

    supports: int
    denies: int


class SourceOut(_Strict):
    """Where an article comes from."""

    article_id: str
    outlet: str | None
    title: str | None
    published: str | None
    url: str | None


class SentenceOut(_Strict):
    """One sentence of an article: ``text == article.text[start:end]``, counted in Unicode code points."""

    text: str
    start: int
    end: int
    kind: str
    label: LabelName
    probabilities: Probabilities
    voice: str | None = Field(description=VOICE)
    truncated: bool = Field(description=TRUNCATED)
    counts: bool = Field(description="whether it counts for a side in the verdict")


class CheckAnswer(_Strict):
    """One claim held against one article."""

    claim: str
    article: SourceOut
    verdict: VerdictName
    counts: Counts
    sentences: list[SentenceOut]


class Strongest(_Strict):
    """The sentences that take each side most clearly."""

    supports: list[SentenceOut]
    denies: list[SentenceOut]


class CopyOut(_Strict):
    """A sentence that decides and that other articles have too, word for word or nearly so."""

    text: str
    start: int
    end: int
    label: LabelName
    shared_with: list[str] = Field(description="ids of the other articles")


class CellOut(_Strict):
    """What one article says to one claim."""

    article_id: str
    verdict: VerdictName
    counts: Counts
    cut_sentences: int = Field(description="sentences whose end was too long for the model")
    strongest: Strongest
    wire_copy: list[CopyOut]


class ClaimOut(_Strict):
    """How the articles stand to one claim."""

    claim: str
    suggestion: None = Field(description="always null: claims are given")
    standing: Literal["split", "agreed", "lone", "silent"]
    origins: Counts = Field(description="sentences of different origin for each side, wire copy counted once")
    articles: list[CellOut]


class CompareAnswer(_Strict):
    """Claims held against articles."""

    articles: list[SourceOut]
    claims: list[ClaimOut]


class HealthAnswer(_Strict):
    """Whether requests are answered, and by what."""

    status: Literal["ok", "failed"]
    version: str
    model: str = Field(description="digest of the checkpoint")
    runtime: str


class Problem(_Strict):
    """What was given, what was expected, what to do."""

    model_config = _shown({"error": "pairs[0].sentence: Field required; see /openapi.json"})

    error: str
