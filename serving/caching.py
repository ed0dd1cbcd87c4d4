"""Conditional requests: an answer that is still what the caller has is not sent again (RFC 9110, RFC 9111).

A route of :class:`Conditional` tags what it answers with a digest of the answer itself, so no two answers share
a tag and nothing has to know what an answer depends on. It saves the way to the client, not the work: the answer is
always made anew, and what PostgreSQL says is never taken from a cache.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ClassVar, Final

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

_TAG: Final = re.compile(r'"([^"]*)"')
_DIGEST_BYTES: Final = 12
_ON_304: Final = ("ETag", "Cache-Control", "Vary")
"""Headers that a 304 repeats (RFC 9110, 15.4.5), of those that there are."""

CACHED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            "ETag": {"description": "Of this answer, to send as If-None-Match.", "schema": {"type": "string"}},
            "Cache-Control": {"description": "Who may keep it, and how long unasked.", "schema": {"type": "string"}},
        }
    },
    304: {"description": "What `If-None-Match` names is still the answer."},
}
"""Responses of an operation on a :class:`Conditional` route."""


async def _if_none_match(
    _documented: Annotated[
        str | None, Header(alias="If-None-Match", max_length=1_000, description="ETags of answers that are kept.")
    ] = None,
) -> None:
    """Have the header in the API's description; the route reads it."""


IF_NONE_MATCH: Final = Depends(_if_none_match)


class Conditional(APIRoute):
    """A route that tags its answers and says who may keep them.

    Attributes
    ----------
    max_age
        Seconds for which an answer may be given again unasked. 0: it is kept, and asked about each time.
    """

    max_age: ClassVar[int] = 0

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the endpoint."""
        answer = super().get_route_handler()

        async def conditional(request: Request) -> Response:
            response = await answer(request)
            return self._tagged(request, response) if response.status_code == 200 else response  # noqa: PLR2004

        return conditional

    def _tagged(self, request: Request, response: Response) -> Response:
        headers = response.headers
        whose = "private" if "Authorization" in request.headers else "public"
        headers.setdefault(
            "Cache-Control", f"{whose}, max-age={self.max_age}" if self.max_age else f"{whose}, no-cache"
        )
        headers.add_vary_header("Authorization")
        tag = hashlib.blake2b(response.body, digest_size=_DIGEST_BYTES).hexdigest()
        headers["ETag"] = f'"{tag}"'
        if not _names(request.headers.get("If-None-Match"), tag):
            return response
        return Response(status_code=304, headers={name: headers[name] for name in _ON_304})


class ForAMinute(Conditional):
    """A conditional route whose answers change so seldom that a minute-old one will do."""

    max_age = 60


def _names(sent: str | None, tag: str) -> bool:
    """Whether an If-None-Match names a tag; weak ones compare as strong ones (RFC 9110, 13.1.2)."""
    return sent is not None and (sent.strip() == "*" or tag in _TAG.findall(sent))
