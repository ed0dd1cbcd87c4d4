"""A booking's states and what leads from one to the next, as data."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from transactional.bookings.errors import BookingStateConflict


class BookingStatus(StrEnum):
    """What a booking is."""

    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Change(StrEnum):
    """What can happen to a booking."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    EXPIRE = "expire"


class Side(StrEnum):
    """Who cancelled."""

    GUEST = "guest"
    HOST = "host"
    PLATFORM = "platform"


TRANSITIONS: dict[tuple[BookingStatus, Change], BookingStatus] = {
    (BookingStatus.HELD, Change.CONFIRM): BookingStatus.CONFIRMED,
    (BookingStatus.HELD, Change.CANCEL): BookingStatus.CANCELLED,
    (BookingStatus.HELD, Change.EXPIRE): BookingStatus.EXPIRED,
    # A late confirmation: only while the nights are still free, which the database decides.
    (BookingStatus.EXPIRED, Change.CONFIRM): BookingStatus.CONFIRMED,
    (BookingStatus.CONFIRMED, Change.CANCEL): BookingStatus.CANCELLED,
}
"""From which state which change leads where; what is not here cannot happen."""


def after(status: BookingStatus, change: Change, *, reference: str) -> BookingStatus:
    """State that a change leads to, or :class:`BookingStateConflict`."""
    try:
        return TRANSITIONS[status, change]
    except KeyError:
        raise BookingStateConflict(reference, status=status, change=change) from None


def sources(change: Change) -> list[BookingStatus]:
    """States in which a change can happen: the guard of the UPDATE that makes it."""
    return [status for status, possible in TRANSITIONS if possible is change]


def is_over(check_out: date, *, today: date) -> bool:
    """Whether the guest has left: from the day of departure on."""
    return today >= check_out
