"""Pages by keyset: a cursor names the last row shown, so that a page costs the same however deep it lies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Generic, TypeVar
from uuid import UUID

import orjson

from transactional.kit.errors import InvalidCursor

_BIGINT_END: Final = 2**63
"""What PostgreSQL takes as the number of a row is below."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of a list, and the cursor of what follows; None at its end."""

    items: tuple[Item, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class InstantKey:
    """Place in a list ordered by an instant and a UUID."""

    at: datetime
    row_id: UUID


@dataclass(frozen=True, slots=True)
class DayKey:
    """Place in a list ordered by a date and a number."""

    on: date
    row_id: int


Key = InstantKey | DayKey


def encode(key: Key) -> str:
    """Write a place as opaque text that is safe in a URL."""
    parts = [key.at, key.row_id] if isinstance(key, InstantKey) else [key.on, key.row_id]
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_instant(cursor: str | None) -> InstantKey | None:
    """Read a cursor of a list ordered by instant; :class:`InvalidCursor` for any other text."""
    if cursor is None:
        return None
    try:
        at, row_id = _parts(cursor)
        key = InstantKey(datetime.fromisoformat(str(at)), UUID(str(row_id)))
    except ValueError:
        raise _invalid() from None
    if key.at.tzinfo is None:
        raise _invalid()
    return key


def decode_day(cursor: str | None) -> DayKey | None:
    """Read a cursor of a list ordered by date; :class:`InvalidCursor` for any other text."""
    if cursor is None:
        return None
    try:
        on, row_id = _parts(cursor)
        key = DayKey(date.fromisoformat(str(on)), int(str(row_id)))
    except ValueError:
        raise _invalid() from None
    if not 0 <= key.row_id < _BIGINT_END:
        raise _invalid()
    return key


def page(rows: Sequence[Item], keys: Sequence[Key], *, size: int) -> Page[Item]:
    """Cut a page of `size` from rows that were read with one more, so that the last page is known as such."""
    if len(rows) <= size:
        return Page(tuple(rows), None)
    return Page(tuple(rows[:size]), encode(keys[size - 1]))


def _parts(cursor: str) -> list[object]:
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError from error
    if not isinstance(parts, list):
        raise ValueError  # noqa: TRY004 - any wrong form is one error here
    return parts


def _invalid() -> InvalidCursor:
    return InvalidCursor("The cursor is not one that this list gave out.", hint="Start again without a cursor.")
