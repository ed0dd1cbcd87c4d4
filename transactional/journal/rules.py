"""What an event says, how events are chained, and a booking as the sum of its events: pure.

Replaying is a fold: an event carries the new values of the columns it changed, so the state after it
is the state before with those values put in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from transactional.bookings.records import COLUMNS, BookingRecord
from transactional.bookings.rules import Side
from transactional.journal.errors import JournalBroken

NOTHING_BEFORE: Final = b""
"""Hash before the first event."""
_DATES: Final = frozenset({"check_in", "check_out"})
_INSTANTS: Final = frozenset(
    {
        "starts_at",
        "ends_at",
        "created_at",
        "respond_by",
        "approved_at",
        "hold_expires_at",
        "confirmed_at",
        "closed_at",
        "cancelled_at",
    }
)
_IDS: Final = frozenset({"booking_id", "guest_id", "quote_id"})


@dataclass(frozen=True, slots=True)
class Cause:
    """Who made a change, on whose behalf, and what it came by.

    Attributes
    ----------
    actor_id
        The user; None for the system.
    reason
        "api", "sweeper", "saga:<number>", "webhook:<number>", or another event that led to this one.
    """

    actor_id: UUID | None
    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it is stored; `body` is the text that the hash is of."""

    booking_id: UUID
    seq: int
    kind: str
    occurred_at: datetime
    actor_id: UUID | None
    side: str
    cause: str
    body: str
    previous_hash: bytes
    hash: bytes

    @property
    def data(self) -> dict[str, Any]:
        """New values of the columns that the event changed, as JSON."""
        return dict(orjson.loads(self.body)["data"])


def body_of(kind: str, *, at: datetime, cause: Cause, data: Mapping[str, Any]) -> str:
    """Canonical JSON of an event: keys in order, numbers with decimals as text."""
    said = {
        "kind": kind,
        "at": at,
        "actor_id": cause.actor_id,
        "side": cause.side.value,
        "cause": cause.reason,
        "data": dict(data),
    }
    return orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS).decode()


def hash_of(previous_hash: bytes, seq: int, body: str) -> bytes:
    """SHA-256 over the hash before, the event's number and its body."""
    return hashlib.sha256(previous_hash + seq.to_bytes(8, "big") + body.encode()).digest()


def verify_chain(booking_id: UUID, events: Sequence[Event]) -> None:
    """Hold a booking's events to their numbers, their hashes and their columns.

    Raises
    ------
    JournalBroken
        An event is missing, was altered, or says another thing in its columns than in its body.
    """
    previous = NOTHING_BEFORE
    if not events:
        raise JournalBroken(booking_id, seq=1, why="it is missing")
    for number, event in enumerate(events, start=1):
        said = orjson.loads(event.body)
        if event.seq != number:
            raise JournalBroken(booking_id, seq=number, why="it is missing")
        if event.previous_hash != previous or event.hash != hash_of(previous, number, event.body):
            raise JournalBroken(booking_id, seq=number, why="its hash does not follow from what came before")
        columns = {"kind": event.kind, "side": event.side, "cause": event.cause}
        actor = None if said["actor_id"] is None else UUID(said["actor_id"])
        same_instant = datetime.fromisoformat(said["at"]) == event.occurred_at
        if any(said[name] != value for name, value in columns.items()) or actor != event.actor_id or not same_instant:
            raise JournalBroken(booking_id, seq=number, why="its columns contradict its body")
        previous = event.hash


def replay(events: Iterable[Event]) -> BookingRecord:
    """The booking that the events add up to; `version` counts them."""
    state: dict[str, Any] = {}
    for event in events:
        state |= event.data
        state["version"] = event.seq
    return BookingRecord(**{name: _read(name, state.get(name)) for name in COLUMNS})


def until(events: Iterable[Event], instant: datetime) -> list[Event]:
    """Events that had happened by an instant: what a booking was then is their replay."""
    return [event for event in events if event.occurred_at <= instant]


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _DATES:
        return date.fromisoformat(value)
    if name in _INSTANTS:
        return datetime.fromisoformat(value)
    if name in _IDS:
        return UUID(value)
    return Decimal(str(value)) if name == "exchange_rate" else value
