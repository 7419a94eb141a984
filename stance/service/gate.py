"""What a request passes before it is looked at: the key, the number of requests, the size of its body."""

from __future__ import annotations

import asyncio
import hmac
import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stance.errors import InputError
from stance.service.limits import Limits
from stance.service.metrics import Metrics

VARIABLE = "STANCE_API_KEY"

OPEN_ROUTE = "/health"
"""Needs no key."""

BODY_SECONDS = 30
"""A client that takes longer to send its body keeps others out."""


def read_key() -> str | None:
    """Return the key that the environment names, if it does.

    Raises
    ------
    InputError
        If it is none that a client could show; an empty one would open the service.
    """
    key = os.environ.get(VARIABLE)
    if key is not None and not (key and all("!" <= character <= "~" for character in key)):
        raise InputError(
            f"the environment variable {VARIABLE} is {'no key' if key else 'empty'}; expected ASCII "
            "characters without blanks, such as `openssl rand -hex 32` prints, or no variable"
        )
    return key


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a response that says why there is no other."""
    return JSONResponse({"error": message}, status, headers)


class Gate:
    """The way into the application; counts what comes through.

    Parameters
    ----------
    app : ASGI application
    limits : Limits
    metrics : Metrics
    routes : collection of str
        The paths that are counted by name.
    key : str, optional
        What clients have to show.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, metrics: Metrics, routes: Collection[str], key: str | None
    ) -> None:
        self._app = app
        self._limits = limits
        self._metrics = metrics
        self._routes = routes
        self._key = key
        self._inside = 0
        metrics.show("stance_requests_now", "Requests being read, waiting or computed", lambda: self._inside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500  # unless an answer begins

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        refused = self._refusal(scope)
        has_work = not refused and scope["method"] == "POST"  # health and counts are told under any load
        self._inside += has_work
        try:
            body = _Body(receive, self._limits.body_bytes)
            if refused:
                await body.drain()
            await (refused or self._app)(scope, body.receive, watched)
        finally:
            self._inside -= has_work
            route = scope["path"] if scope["path"] in self._routes else "other"
            self._metrics.count_request(route, status, time.perf_counter() - started)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        key = self._key if scope["path"] != OPEN_ROUTE else None
        if key is not None and not _shows(Headers(scope=scope), key):
            message = "no valid key was shown; send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"
            return refusal(401, message, {"WWW-Authenticate": "Bearer"})
        if scope["method"] == "POST" and self._inside >= self._limits.requests:
            message = f"{self._limits.requests:,} requests are being answered already; try again later"
            return refusal(429, message, {"Retry-After": "1"})
        return None


class _Body:
    """The body of a request as it arrives, up to a number of bytes and for a limited time."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0
        self._deadline = time.monotonic() + BODY_SECONDS
        self._is_complete = False

    async def receive(self) -> Message:
        """Return the next part, as an application expects it."""
        message = await self._next()
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            await self.drain()
            raise HTTPException(
                413, f"the body has more than the {self._most:,} bytes taken; divide the request"
            )
        return message

    async def drain(self) -> None:
        """Read the rest and forget it: a client that is still sending would not see the refusal."""
        with suppress(HTTPException):
            while not self._is_complete:
                await self._next()

    async def _next(self) -> Message:
        left = None if self._is_complete else max(0.0, self._deadline - time.monotonic())
        try:
            message = await asyncio.wait_for(self._receive(), left)
        except asyncio.TimeoutError:
            raise HTTPException(
                408, f"the body did not arrive within {BODY_SECONDS} seconds; send it in one go"
            ) from None
        self._is_complete = not message.get("more_body", False)
        return message


def _shows(headers: Headers, key: str) -> bool:
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    if "x-api-key" in headers:
        shown = headers["x-api-key"]
    elif scheme.lower() != "bearer":
        return False
    # compared in a time that tells nothing of the key
    return hmac.compare_digest(shown.strip().encode(), key.encode())
