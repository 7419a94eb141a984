"""The routes: from a checked request to a call of the package, and from its result to an answer.

Those that compute run in threads, where they wait for their batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from stance import __version__
from stance.check import check_article, compare_sources
from stance.inference.classifier import StanceClassifier
from stance.schema import Article
from stance.segment import fewest_sentences, split_sentences
from stance.service.batching import Batcher
from stance.service.limits import Limits
from stance.service.metrics import Metrics
from stance.service.models import ArticleIn, CheckRequest, ClassifyRequest, CompareRequest


class Routes:
    """What the service answers.

    Parameters
    ----------
    classifier : StanceClassifier
        Named in the answer about health; all pairs go through the batcher.
    batcher : Batcher
    limits : Limits
    metrics : Metrics
    """

    def __init__(
        self, classifier: StanceClassifier, batcher: Batcher, limits: Limits, metrics: Metrics
    ) -> None:
        self._classifier = classifier
        self._batcher = batcher
        self._limits = limits
        self._metrics = metrics

    def classify(self, request: ClassifyRequest) -> Any:
        """Classify pairs; the answers stand in the order of the pairs."""
        self._limits.check_pairs(len(request.pairs))
        self._limits.check_texts(request.model_dump())
        pairs = [(pair.claim, pair.sentence) for pair in request.pairs]
        return JSONResponse([one.to_dict() for one in self._batcher.classify_pairs(pairs)])

    def check(self, request: CheckRequest) -> Any:
        """Hold a claim against every sentence of an article."""
        self._limits.check_texts(request.model_dump())
        (article,) = self._split([request.article], claims=1)
        return JSONResponse(check_article(self._batcher, request.claim, article).to_dict())

    def compare(self, request: CompareRequest) -> Any:
        """Hold claims against articles."""
        self._limits.check_texts(request.model_dump())
        articles = self._split(request.articles, claims=len(request.claims))
        return JSONResponse(compare_sources(self._batcher, request.claims, articles).to_dict())

    async def health(self) -> Any:
        """Tell whether requests are answered."""
        is_alive = self._batcher.is_alive
        answer = {
            "status": "ok" if is_alive else "failed",
            "version": __version__,
            "model": self._classifier.checkpoint.digest,
            "runtime": self._classifier.runtime,
        }
        return JSONResponse(answer, 200 if is_alive else 503)

    async def metrics(self) -> Any:
        """Return counts for Prometheus."""
        return Response(generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)

    def _split(self, given: Sequence[ArticleIn], *, claims: int) -> list[Article]:
        """Return the articles in sentences; give up as soon as they make too many pairs.

        Lines are counted before anything is cut: that alone refuses most of what is too much.
        """
        claims = max(1, claims)  # a comparison without any is refused later on, and should not cost more
        self._limits.check_pairs(claims * sum(fewest_sentences(one.text) for one in given))
        articles: list[Article] = []
        pairs = 0
        for one in given:
            article = one.to_article()
            sentences = tuple(split_sentences(article.text))
            pairs += claims * len(sentences)
            self._limits.check_pairs(pairs)
            articles.append(replace(article, sentences=sentences))
        return articles
