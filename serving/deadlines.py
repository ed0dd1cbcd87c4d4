"""A limit on reads: whoever asks for something has an answer or a refusal in time, whatever it waits for."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lodestay.errors import ServiceUnavailable
from serving.problems import on_domain_error
from serving.search.budget import leave_alone

READ_SECONDS: Final = 5.0
"""Time for a read beside what a search may take: a PostgreSQL that is frozen answers nothing, and refuses nothing."""
_SAFE: Final = frozenset({"GET", "HEAD"})

log = structlog.get_logger(__name__)


class ReadsInTime:
    """Answers 503 to a GET or HEAD whose answer has not begun in time.

    Other methods are left alone: to cut off a booking would leave its guest not knowing whether there is one. What is
    cut off is told to stop and not waited for, since to stop takes a frozen database as long as to answer.

    Parameters
    ----------
    seconds
        Until the answer must begin; from then on it may take as long as the client.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self.app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] not in _SAFE:
            await self.app(scope, receive, send)
            return
        has_begun = is_refused = False

        async def send_in_time(message: Message) -> None:
            nonlocal has_begun
            if not is_refused:  # else the client has been told something else
                has_begun = True
                await send(message)

        work = asyncio.ensure_future(self._serve(scope, receive, send_in_time))
        try:
            await asyncio.wait({work}, timeout=self._seconds)
            if work.done() or has_begun:
                await work
                return
            is_refused = True
        finally:
            if not work.done():
                leave_alone(work)
        log.warning("a read was not answered in time", seconds=self._seconds)
        late = ServiceUnavailable("This takes longer than a read may take.", hint="Try again in a moment.")
        await on_domain_error(Request(scope), late)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
