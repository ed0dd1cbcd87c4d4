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
    BOOKING_HELD = "booking.held"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_EXPIRED = "booking.expired"
    REVIEW_ADDED = "review.added"
