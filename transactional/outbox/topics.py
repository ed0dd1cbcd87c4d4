"""What an outbox entry can be about."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    """Kinds of change."""

    LISTING_CREATED = "listing.created"
    LISTING_UPDATED = "listing.updated"
    LISTING_ACTIVATED = "listing.activated"
    LISTING_DEACTIVATED = "listing.deactivated"
    CALENDAR_CHANGED = "calendar.changed"
    BOOKING_REQUESTED = "booking.requested"
    BOOKING_ACCEPTED = "booking.accepted"
    BOOKING_DECLINED = "booking.declined"
    BOOKING_HELD = "booking.held"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_EXPIRED = "booking.expired"
    BOOKING_MODIFIED = "booking.modified"
    BOOKING_COMPLETED = "booking.completed"
    BOOKING_MISSED = "booking.missed"
    REVIEW_ADDED = "review.added"
