"""Feeds as they are read and kept: frozen shapes that rules, queries and endpoints share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from transactional.calendars.blocks import Range

HORIZON = timedelta(days=730)
"""How far ahead of today a feed is listened to: the longest booking window there is."""
OUR_DOMAIN = "@lodestay"
"""How the UIDs end that this platform gives out."""
_OURS = re.compile(rf"{OUR_DOMAIN}(?:$|[#/])")


class FeedStatus(StrEnum):
    """How reading a feed goes."""

    NEW = "new"
    FRESH = "fresh"
    FAILING = "failing"
    PAUSED = "paused"


class EventKind(StrEnum):
    """A guest of the other site, or nights that it does not offer."""

    RESERVATION = "reservation"
    BLOCK = "block"


class EventStatus(StrEnum):
    """What became of an event here.

    A conflict's free nights are taken; the others are somebody's, and the host is told.
    """

    APPLIED = "applied"
    CONFLICT = "conflict"
    IGNORED = "ignored"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """Nights that a feed says are taken, from `start` up to and without `end`.

    `summary` is one of a few words of ours, never the event's own text, which may name a guest.
    """

    uid: str
    start: date
    end: date
    kind: EventKind
    summary: str

    @property
    def is_ours(self) -> bool:
        """Whether the event is one that we gave out."""
        return _OURS.search(self.uid) is not None


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """What a feed says.

    Attributes
    ----------
    events
        In order of nights; none that is over.
    is_empty
        There is no event at all in it, not even one that is over or cancelled.
    unreadable
        UIDs of events that could not be understood: what is known of them stays.
    troubles
        A sentence for each of these, for the host.
    """

    events: tuple[ReadEvent, ...]
    is_empty: bool
    unreadable: tuple[str, ...]
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event as it was read before, with what became of it."""

    uid: str
    start: date
    end: date
    kind: EventKind
    summary: str
    status: EventStatus
    note: str | None
    first_seen_at: datetime
    last_seen_at: datetime

    def again(self) -> ReadEvent:
        """The event, as if the feed had said it again."""
        return ReadEvent(self.uid, self.start, self.end, self.kind, self.summary)


@dataclass(frozen=True, slots=True)
class Taken:
    """Nights of somebody else's: `kind` as in `occupancy`; `label` is a reference or a feed's name."""

    start: date
    end: date
    kind: str
    label: str | None


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A row of occupancy that a feed has."""

    occupancy_id: int
    start: date
    end: date

    @property
    def span(self) -> Range:
        """Its nights."""
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A feed.

    Attributes
    ----------
    empty_reads, empty_since
        How often in a row the feed came back empty while it had events before, and since when.
    laid_out_on
        The date, at the listing, on which its text was last read in full.
    """

    feed_id: UUID
    listing_id: int
    name: str
    url: str
    status: str
    etag: str | None
    last_modified: str | None
    content_hash: str | None
    laid_out_on: date | None
    failures: int
    empty_reads: int
    empty_since: datetime | None
    error: str | None
    created_at: datetime
    last_read_at: datetime | None
    next_read_at: datetime

    @property
    def site(self) -> str:
        """The other site's name; the rest of the address is the host's secret."""
        return urlsplit(self.url).hostname or ""


COLUMNS = tuple(FeedRecord.__dataclass_fields__)
"""Names of the columns of `calendar_feeds`, in order."""


@dataclass(frozen=True, slots=True)
class FeedOverview:
    """A feed and how many events of it, that are not over, are what."""

    feed: FeedRecord
    applied: int
    conflicts: int
    ignored: int


@dataclass(frozen=True, slots=True)
class HostEvent:
    """An event as a host sees it, with the feed it came by."""

    feed_id: UUID
    feed_name: str
    event: KnownEvent


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """An address under which a listing's calendar is given out; the secret part is not kept."""

    token_id: UUID
    listing_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """A reading that brought a calendar."""

    calendar: ReadCalendar
    etag: str | None
    last_modified: str | None
    content_hash: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A reading that brought the same as the one before."""

    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A reading that brought nothing, and why: a sentence for the host."""

    why: str


Reading = Content | Unchanged | Failed


@dataclass(frozen=True, slots=True)
class Claim:
    """A feed that a worker has taken to read, with the zone of its listing; `feed.next_read_at` ends the claim."""

    feed: FeedRecord
    timezone: str
