"""What the history of a booking is answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, Field

from serving.bookings.schemas import BOOKING, BookingOut
from serving.schemas import Query, example
from transactional.bookings.rules import Side
from transactional.journal.rules import Event

EVENT = {
    "seq": 1,
    "kind": "held",
    "at": "2027-01-02T09:30:00Z",
    "side": "guest",
    "changed": ["check_in", "check_out", "status"],
    "hash": "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
}
"""Of the examples."""


class HistoryQuery(Query):
    """Which moment to look back to."""

    at: AwareDatetime | None = Field(
        None, description="Show the booking as it was at this instant, with its offset from UTC; default: now."
    )


class EventOut(BaseModel):
    """Something that happened to a booking."""

    model_config = example(**EVENT)

    seq: int
    kind: str
    at: datetime
    side: Side = Field(description="On whose behalf.")
    changed: list[str] = Field(description="Names of what changed.")
    hash: str = Field(description="SHA-256 over the event and the hash before it.")

    @classmethod
    def of(cls, event: Event) -> Self:
        """Write an event down, without what only its own side should know."""
        return cls(
            seq=event.seq,
            kind=event.kind,
            at=event.occurred_at,
            side=Side(event.side),
            changed=sorted(event.data),
            hash=event.hash.hex(),
        )


class HistoryOut(BaseModel):
    """A booking's events up to an instant, oldest first, and what the booking was then."""

    model_config = example(events=[EVENT], booking=BOOKING)

    events: list[EventOut]
    booking: BookingOut
