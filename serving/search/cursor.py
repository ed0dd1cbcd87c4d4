"""Cursors: the order of a search as it was, carried by the guest.

A cursor holds the listings that were ranked and not shown yet, in order, and is signed. So pages neither repeat nor
skip, whatever is booked, priced anew or built anew meanwhile, and whichever process answers; and nothing is written,
kept or cleaned up for the many searches that nobody pages through.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lodestay.errors import Conflict, InvalidInput
from serving.search.schemas import PAGING, SearchQuery

LIFETIME: Final = timedelta(minutes=30)
_TAG_BYTES: Final = 16
_HEAD: Final = struct.Struct(">IHB8sB")
"""When it ends (seconds since 1970), how many were shown, bytes of an id, the search's digest, bytes of the ranker."""
_PURPOSE: Final = b"lodestay search cursor\0"
AGAIN: Final = "Search again without a cursor."


class InvalidSearchCursor(InvalidInput):
    """A text that is no cursor of ours, or one of another search."""

    title = "Not a cursor of this search"


class SearchCursorExpired(Conflict):
    """A cursor whose order is too old to be worth following."""

    title = "Cursor has expired"


@dataclass(frozen=True)
class Order:
    """What is left of a search's order.

    Attributes
    ----------
    ranker
        What made it.
    shown
        How many stand before the first of these.
    listing_ids
        The others, in order.
    """

    ranker: str
    shown: int
    listing_ids: tuple[int, ...]
    ends_at: datetime


def seal(order: Order, query: SearchQuery, *, key: str) -> str:
    """Write an order down as a text that is safe in a URL and that only we can make.

    Parameters
    ----------
    query
        The search that it is of: the cursor is good for no other one.
    key
        The service's own.
    """
    width = max(1, (max(order.listing_ids, default=0).bit_length() + 7) // 8)
    ranker = order.ranker.encode()[:255]
    head = _HEAD.pack(int(order.ends_at.timestamp()), order.shown, width, _digest(query), len(ranker))
    ids = b"".join(listing_id.to_bytes(width, "big") for listing_id in order.listing_ids)
    body = head + ranker + ids
    return base64.urlsafe_b64encode(_tag(body, key) + body).decode().rstrip("=")


def unseal(cursor: str, query: SearchQuery, *, key: str, now: datetime) -> Order:
    """Read a cursor back.

    Raises
    ------
    InvalidSearchCursor
        It is not ours, has been changed, or belongs to another search.
    SearchCursorExpired
        It is older than :data:`LIFETIME`.
    """
    try:
        sent = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        sent = b""
    tag, body = sent[:_TAG_BYTES], sent[_TAG_BYTES:]
    if len(body) < _HEAD.size or not hmac.compare_digest(tag, _tag(body, key)):
        raise InvalidSearchCursor("The cursor is not one that a search gave out.", hint=AGAIN)
    ends, shown, width, digest, named = _HEAD.unpack_from(body)
    if digest != _digest(query):
        raise InvalidSearchCursor(
            "The cursor belongs to another search.", hint="Send the parameters of the search that gave it out."
        )
    ends_at = datetime.fromtimestamp(ends, now.tzinfo)
    if ends_at <= now:
        raise SearchCursorExpired(f"The cursor could be followed until {ends_at:%H:%M:%S} UTC.", hint=AGAIN)
    ranker, ids = body[_HEAD.size : _HEAD.size + named], body[_HEAD.size + named :]
    found = tuple(int.from_bytes(ids[n : n + width], "big") for n in range(0, len(ids), width))
    return Order(ranker.decode(errors="ignore"), shown, found, ends_at)


def following(
    listing_ids: Sequence[int], query: SearchQuery, *, ranker: str, shown: int, key: str, ends_at: datetime
) -> str | None:
    """Cursor of what comes after a page; None where nothing does."""
    return seal(Order(ranker, shown, tuple(listing_ids), ends_at), query, key=key) if listing_ids else None


def _digest(query: SearchQuery) -> bytes:
    """Of all that makes a search, and not of how it is paged through."""
    return hashlib.sha256(query.model_dump_json(exclude=set(PAGING)).encode()).digest()[:8]


def _tag(body: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), _PURPOSE + body, "sha256")[:_TAG_BYTES]
