"""A listing's own calendar as iCalendar text: pure.

Other sites see that nights are taken and nothing of who takes them. What we read from other sites is not in
it: a site that read its own nights back from us could never free them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from icalendar import Calendar, Event

from transactional.feeds.records import OUR_DOMAIN

PRODUCT = "-//Lodestay//Calendar//EN"
REFRESH = timedelta(minutes=30)
RESERVED = "Reserved"
NOT_AVAILABLE = "Not available"
MEDIA_TYPE = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class OwnNights:
    """A booking of ours, or, without a number, a block of the host's.

    Attributes
    ----------
    version
        Grows with every change of the booking.
    changed_at
        Of the last change.
    """

    start: date
    end: date
    booking_id: UUID | None
    version: int
    changed_at: datetime


def write_calendar(listing_id: int, nights: Sequence[OwnNights]) -> bytes:
    """Write a listing's nights down; the same nights are always the same bytes."""
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("X-WR-CALNAME", f"Lodestay {listing_id}")
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    for each in sorted(nights, key=lambda own: (own.start, own.end)):
        calendar.add_component(_event(listing_id, each))
    return bytes(calendar.to_ical())


def _event(listing_id: int, own: OwnNights) -> Event:
    is_block = own.booking_id is None
    name = f"block-{listing_id}-{own.start:%Y%m%d}-{own.end:%Y%m%d}" if is_block else str(own.booking_id)
    event = Event()
    event.add("UID", f"{name}{OUR_DOMAIN}")
    event.add("DTSTAMP", own.changed_at)
    event.add("DTSTART", own.start)
    event.add("DTEND", own.end)
    event.add("SUMMARY", NOT_AVAILABLE if is_block else RESERVED)
    event.add("SEQUENCE", own.version)
    event.add("STATUS", "CONFIRMED")
    event.add("TRANSP", "OPAQUE")
    return event


def entity_tag(body: bytes) -> str:
    """ETag of a calendar."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_known(tag: str, *, sent: str | None) -> bool:
    """Whether an `If-None-Match` names the tag (RFC 9110, 13.1.2: weakly compared)."""
    if sent is None:
        return False
    given = {each.strip().removeprefix("W/") for each in sent.split(",")}
    return tag in given or sent.strip() == "*"
