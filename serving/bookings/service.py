"""What a booking leaves in the event log."""

from __future__ import annotations

from uuid import UUID

from serving.state import Services
from transactional.bookings.records import BookingRecord


async def log_booking(services: Services, booking: BookingRecord, *, search_id: UUID) -> None:
    """Tie a booking to the search it came from."""
