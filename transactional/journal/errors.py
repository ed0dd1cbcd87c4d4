"""What can be wrong with the journal."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from lodestay.errors import Conflict, NotFound


class JournalBroken(Conflict):
    """Events that were altered, or that do not add up to the booking."""

    title = "The journal is broken"

    def __init__(self, booking_id: UUID, *, seq: int, why: str) -> None:
        super().__init__(
            f"Event {seq} of booking {booking_id}: {why}.",
            hint="Restore the table booking_events from a backup and find who wrote to it.",
            booking_id=str(booking_id),
            seq=seq,
        )


class NotYetThen(NotFound):
    """A booking as it was before it was made."""

    title = "The booking was not made yet"

    def __init__(self, booking_id: UUID, *, instant: datetime) -> None:
        super().__init__(
            f"At {instant.isoformat()} there was no booking {booking_id}.",
            hint="Ask for a later instant.",
            booking_id=str(booking_id),
        )
