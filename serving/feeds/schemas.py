"""What feeds are asked for and answered with."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from serving.schemas import Body, Day, Name, Query, example
from transactional.feeds.addresses import MAX_LENGTH
from transactional.feeds.records import (
    EventKind,
    EventStatus,
    FeedOverview,
    FeedStatus,
    HostEvent,
    TokenRecord,
)

MAX_EVENTS_SHOWN = 200


class FeedIn(Body):
    """Another site's calendar."""

    model_config = example(name="Airbnb", url="https://www.airbnb.com/calendar/ical/1234.ics?s=abcd")

    name: Name = Field(min_length=1, max_length=60, description="What the host calls it.", examples=["Airbnb"])
    url: str = Field(
        min_length=1,
        max_length=MAX_LENGTH,
        description="Of its iCal export: https, http or webcal. It is a secret and is not shown again.",
        examples=["https://www.airbnb.com/calendar/ical/1234.ics?s=abcd"],
    )


class ReadIn(Body):
    """How to read a feed."""

    model_config = example(accept_empty=False)

    accept_empty: bool = Field(
        False, description="True: the feed came back empty and that is right; its nights are freed at once."
    )


FEED = {
    "feed_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
    "listing_id": 42,
    "name": "Airbnb",
    "site": "www.airbnb.com",
    "status": "fresh",
    "error": None,
    "is_empty_in_doubt": False,
    "applied": 12,
    "conflicts": 1,
    "ignored": 0,
    "created_at": "2027-01-02T09:30:00Z",
    "last_read_at": "2027-01-02T09:30:04Z",
    "next_read_at": "2027-01-02T10:02:00Z",
}
"""Of the examples."""


class FeedOut(BaseModel):
    """A calendar that a listing reads."""

    model_config = example(**FEED)

    feed_id: UUID
    listing_id: int
    name: str
    site: str = Field(description="Where it is read from; the rest of its address is not shown.")
    status: FeedStatus = Field(description="`paused`: it failed for weeks and waits for a call to read it.")
    error: str | None = Field(description="What is wrong, for the host; what was read before stands meanwhile.")
    is_empty_in_doubt: bool = Field(description="It came back empty and is not believed yet.")
    applied: int = Field(description="Events to come whose nights it has here.")
    conflicts: int = Field(description="Events to come with a night that somebody else has.")
    ignored: int = Field(description="Events to come that are our own, given back.")
    created_at: datetime
    last_read_at: datetime | None
    next_read_at: datetime

    @classmethod
    def of(cls, overview: FeedOverview) -> Self:
        """Write a feed down."""
        feed = overview.feed
        return cls(
            feed_id=feed.feed_id,
            listing_id=feed.listing_id,
            name=feed.name,
            site=feed.site,
            status=FeedStatus(feed.status),
            error=feed.error,
            is_empty_in_doubt=feed.empty_reads > 0,
            applied=overview.applied,
            conflicts=overview.conflicts,
            ignored=overview.ignored,
            created_at=feed.created_at,
            last_read_at=feed.last_read_at,
            next_read_at=feed.next_read_at,
        )


class FeedsOut(BaseModel):
    """Calendars that a listing reads, oldest first."""

    model_config = example(items=[FEED])

    items: list[FeedOut]


class EventsQuery(Query):
    """Which events."""

    status: EventStatus = Field(EventStatus.CONFLICT, description="`conflict`: what the host has to solve.")


EVENT = {
    "feed_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
    "feed_name": "Airbnb",
    "from": "2027-07-01",
    "to": "2027-07-04",
    "kind": "reservation",
    "status": "conflict",
    "note": "Booking 7KQ2M9XH4D has the night of 2027-07-01.",
    "first_seen_at": "2027-01-02T09:30:04Z",
    "last_seen_at": "2027-01-02T09:30:04Z",
}
"""Of the examples."""


class FeedEventOut(BaseModel):
    """Nights that another site says are taken; nothing of who takes them."""

    model_config = example(**EVENT)

    feed_id: UUID
    feed_name: str
    from_: Day = Field(alias="from")
    to: Day = Field(description="The date after the last night.")
    kind: EventKind
    status: EventStatus
    note: str | None = Field(description="Who has which of the nights; the others are taken all the same.")
    first_seen_at: datetime
    last_seen_at: datetime

    @classmethod
    def of(cls, found: HostEvent) -> Self:
        """Write an event down."""
        event = found.event
        return cls.model_validate(
            {
                "feed_id": found.feed_id,
                "feed_name": found.feed_name,
                "from": event.start,
                "to": event.end,
                "kind": event.kind,
                "status": event.status,
                "note": event.note,
                "first_seen_at": event.first_seen_at,
                "last_seen_at": event.last_seen_at,
            }
        )


class FeedEventsOut(BaseModel):
    """Events by night, the next ones of many."""

    model_config = example(items=[EVENT])

    items: list[FeedEventOut]


class CalendarTokenIn(Body):
    """How to give a calendar out."""

    model_config = example(replaces_all=False)

    replaces_all: bool = Field(False, description="True ends every earlier address.")


TOKEN = {
    "token_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
    "created_at": "2027-01-02T09:30:00Z",
}
"""Of the examples."""


class CalendarTokenOut(BaseModel):
    """An address under which a listing's calendar is given out."""

    model_config = example(**TOKEN)

    token_id: UUID = Field(description="Its number, to revoke it by.")
    created_at: datetime

    @classmethod
    def of(cls, token: TokenRecord) -> Self:
        """Write an address down, without its secret."""
        return cls(token_id=token.token_id, created_at=token.created_at)


class NewCalendarTokenOut(CalendarTokenOut):
    """A new address, with what makes it work; it is shown this once."""

    model_config = example(**TOKEN, path="/v1/calendars/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE.ics")

    path: str = Field(description="To be given to the other site, after this service's own address.")


class CalendarTokensOut(BaseModel):
    """Addresses under which a listing's calendar is given out, oldest first."""

    model_config = example(items=[TOKEN])

    items: list[CalendarTokenOut]
