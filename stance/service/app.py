"""The service: routes, batches, limits, counts and errors put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.exceptions import HTTPException

from stance import __version__
from stance.errors import BusyError, InputError, UnavailableError
from stance.inference.classifier import StanceClassifier
from stance.service.batching import Batcher
from stance.service.gate import OPEN_ROUTE, Gate, refusal
from stance.service.limits import Limits
from stance.service.metrics import Metrics
from stance.service.models import CheckAnswer, CompareAnswer, HealthAnswer, PairOut, Problem
from stance.service.routes import Routes

PATHS = ("/classify", "/check", "/compare", OPEN_ROUTE, "/metrics", "/openapi.json")

REFUSALS = {
    400: "The body is not JSON.",
    401: "No valid key was shown.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    422: "Something is missing, unknown, of the wrong type, too long, or cannot be classified.",
    429: "Too much is waiting; try again later.",
    503: "Nothing is computed: the service is stopping, has failed or was not started.",
}


def build_app(
    classifier: StanceClassifier, *, limits: Limits | None = None, key: str | None = None
) -> FastAPI:
    """Return the ASGI application that answers with a classifier.

    Parameters
    ----------
    classifier : StanceClassifier
    limits : Limits, optional
    key : str, optional
        What clients have to show; without it the service is open.
    """
    limits = limits or Limits()
    metrics = Metrics()
    batcher = Batcher(
        classifier, metrics, waiting_pairs=limits.waiting_pairs, batch_tokens=limits.batch_tokens
    )
    metrics.show("stance_waiting_pairs", "Pairs accepted and not answered yet", lambda: batcher.waiting)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = limits.requests  # each waits in a thread
        with batcher:
            yield

    app = FastAPI(
        title="stance",
        version=__version__,
        summary="Which sources support a claim, which deny it, and in which sentence.",
        description=_describe(limits),
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=life,
    )
    _add_routes(app, Routes(classifier, batcher, limits, metrics), has_key=key is not None)
    _add_refusals(app)
    app.add_middleware(Gate, limits=limits, metrics=metrics, routes=PATHS, key=key)
    return app


def _add_routes(app: FastAPI, routes: Routes, *, has_key: bool) -> None:
    # OpenAPI shall tell of the key; it is the gate that looks at it
    schemes = (HTTPBearer(auto_error=False), APIKeyHeader(name="X-API-Key", auto_error=False))
    keys = [Depends(scheme) for scheme in schemes if has_key]
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": about} for status, about in REFUSALS.items()
    }
    answers = (
        ("/classify", routes.classify, list[PairOut]),
        ("/check", routes.check, CheckAnswer),
        ("/compare", routes.compare, CompareAnswer),
    )
    for path, answer, model in answers:
        app.post(path, response_model=model, responses=refusals, dependencies=keys)(answer)
    app.get(OPEN_ROUTE, response_model=HealthAnswer)(routes.health)
    app.get("/metrics", response_class=PlainTextResponse, dependencies=keys)(routes.metrics)


def _add_refusals(app: FastAPI) -> None:
    """Give every error the same shape."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        hints = {
            400: "the body cannot be read as JSON in UTF-8; send a JSON object",
            404: f"there is no {request.url.path!r:.80} here; expected one of {', '.join(PATHS)}",
            405: f"{request.url.path} does not take {request.method}; see /openapi.json",
        }
        return refusal(error.status_code, hints.get(error.status_code, error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            place = first["loc"][1]
            return refusal(400, f"the body is not JSON: {first['ctx']['error']} at character {place}")
        return refusal(422, explain(first))

    @app.exception_handler(InputError)
    async def unfit(request: Request, error: InputError) -> JSONResponse:
        return refusal(422, str(error))

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> JSONResponse:
        return refusal(429, str(error), {"Retry-After": "1"})

    @app.exception_handler(UnavailableError)
    async def unavailable(request: Request, error: UnavailableError) -> JSONResponse:
        return refusal(503, str(error))  # nobody knows when to ask again

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return refusal(500, "the service failed at this request; its log says why")


def explain(problem: Mapping[str, Any]) -> str:
    """Say what is wrong with a request, given a fault that pydantic found.

    >>> explain({"loc": ("body", "pairs", 3, "claim"), "msg": "Input should be a valid string", "input": 5})
    'pairs[3].claim: Input should be a valid string, not 5; see /openapi.json'
    """
    parts = [f"[{part}]" if isinstance(part, int) else f".{part:.60}" for part in problem["loc"][1:]]
    place = "".join(parts).removeprefix(".")
    if not place:
        return f"the body: {problem['msg']}; send 'Content-Type: application/json' and see /openapi.json"
    given = "" if isinstance(problem["input"], dict | list) else f", not {problem['input']!r:.60}"
    return f"{place}: {problem['msg']}{given}; see /openapi.json"


def _describe(limits: Limits) -> str:
    return (
        f"At most {limits.body_bytes:,} bytes, {limits.pairs:,} pairs (of a comparison: claims times "
        f"sentences) and {limits.characters:,} characters a text in one request. Errors are objects with "
        "an `error`."
    )
