"""The outermost layer of ours: request ids, the access log, metrics, and a limit on bodies."""

from __future__ import annotations

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lodestay.errors import UnsupportedContent
from lodestay.ids import new_id
from serving.content import refuse_packed
from serving.observability.metrics import Metrics
from serving.problems import CONTENT_TOO_LARGE, INTERNAL_ERROR, on_domain_error, problem_response

REQUEST_ID = "X-Request-ID"
API = "/v1/"
"""Below it nothing is kept by anybody unless the answer itself says so: it is somebody's, or of this moment."""
MAX_BODY_BYTES = 256 * 1024
"""Largest request body: 100 events with every field full are a fifth of it."""

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

log = structlog.get_logger(__name__)


class RequestContext:
    """Give each request an id, log and count it, and turn what nobody caught into a problem.

    An `X-Request-ID` that is sent in is kept where it is plain (letters, digits, ``._-``, at most 64),
    so that a caller's id joins its logs with ours and cannot inject anything into them.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_body_bytes: int) -> None:
        self.app = app
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        sent_id = headers.get(REQUEST_ID, "")
        request_id = sent_id if _SAFE_ID.fullmatch(sent_id) else str(new_id())
        scope["lodestay.request_id"] = request_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer[REQUEST_ID] = request_id
                answer.setdefault("X-Content-Type-Options", "nosniff")
                if scope["path"].startswith(API):
                    answer.setdefault("Cache-Control", "no-store")
            await send(message)

        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                if _announced_size(headers) > self._max_body_bytes:
                    # Answered here because Starlette's own limit answers in plain text.
                    await problem_response(scope, CONTENT_TOO_LARGE)(scope, receive, send_with_id)
                else:
                    refuse_packed(headers)
                    await self.app(scope, receive, send_with_id)
            except UnsupportedContent as error:
                await on_domain_error(Request(scope), error)(scope, receive, send_with_id)
            except Exception:
                log.exception("request failed", route=route_of(scope))
                if status:
                    raise  # the answer has begun: only cutting the connection is honest
                await problem_response(scope, INTERNAL_ERROR)(scope, receive, send_with_id)
            finally:
                self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.latency.labels(route).observe(seconds)
        log.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 2))


def route_of(scope: Scope) -> str:
    """Template of the route that matched (``/v1/listings/{listing_id}``): few values, no ids."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unmatched"


def _announced_size(headers: Headers) -> int:
    size = headers.get("content-length", "0")
    return int(size) if size.isascii() and size.isdigit() else 0
