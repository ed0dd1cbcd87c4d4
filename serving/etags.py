"""`ETag` and `If-Match`: whoever edits says which version they saw, and no edit overwrites another unseen."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import Depends, Header

from lodestay.errors import PreconditionRequired

_ANY: Final = "*"
_TAG: Final = re.compile(r'(?:^|,)\s*"([0-9]{1,18})"\s*(?=,|$)')

TAGGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": {"description": "The version, to send as If-Match.", "schema": {"type": "string"}}}}
}
"""Responses of an operation that answers with a version."""


class IfMatchMissing(PreconditionRequired):
    """An edit that would overwrite whatever somebody else has said meanwhile."""

    title = "If-Match is missing"

    def __init__(self) -> None:
        super().__init__("This edit needs If-Match.", hint="Read it first and send its ETag, or `*`.")


def etag(version: int) -> str:
    """A version as an entity tag."""
    return f'"{version}"'


def versions(sent: str | None) -> frozenset[int] | None:
    """Versions that an If-Match names; None where any will do. Weak and foreign tags name none (RFC 9110)."""
    if sent is None or sent.strip() == _ANY:
        return None
    return frozenset(map(int, _TAG.findall(sent)))


_Sent = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="An ETag that was answered before.", examples=['"7"']),
]


async def _optional(sent: _Sent = None) -> frozenset[int] | None:
    return versions(sent)


async def _required(sent: _Sent = None) -> frozenset[int] | None:
    if sent is None:
        raise IfMatchMissing
    return versions(sent)


IfMatch = Annotated[frozenset[int] | None, Depends(_optional)]
"""Versions of which one must be the present one, where the caller says so."""
IfMatchRequired = Annotated[frozenset[int] | None, Depends(_required)]
"""The same; a call without it is refused."""
