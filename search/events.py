"""What guests did, as events: written by serving and by the simulator, read by the lake.

One JSON object a line. `search_id` ties a search to its clicks and bookings; people appear only as
`guest_key`, a pseudonym.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from lodestay.snapshot import MARKET_KEY


class _Event(BaseModel):
    """Common part: what happened when, to whom, where."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: UUID
    occurred_at: datetime
    market: str = Field(pattern=MARKET_KEY)
    session_id: str = Field(max_length=64)
    guest_key: str | None = Field(max_length=64)
    search_id: UUID


class Shown(BaseModel):
    """A listing in an answer: where it stood, what it cost and what the ranker saw.

    Attributes
    ----------
    check_in, check_out
        Of the stay that it was shown with, where the dates were flexible; else they are the search's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    listing_id: int
    position: int = Field(ge=1)
    total_minor: int | None
    score: float | None
    features: dict[str, float] = Field(default_factory=dict, max_length=100)
    check_in: date | None = None
    check_out: date | None = None


class FlexibleDates(BaseModel):
    """Dates that were left open.

    Attributes
    ----------
    kind
        ``days`` where a stay may move, else the trip (:class:`search.flexible.Trip`).
    nights
        Of each stay that would do.
    days, check_in, check_out
        The stay that may move, and by how many days; null for a trip.
    months
        In which the trip lies, YYYY-MM; none where it may be any of those up to `months_ahead`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(max_length=20)
    nights: int = Field(ge=1)
    days: int | None = Field(None, ge=1)
    check_in: date | None = None
    check_out: date | None = None
    months: list[str] = Field(default_factory=list, max_length=12)
    months_ahead: int | None = Field(None, ge=1)


MOST_KEPT_OUT: Final = 20
"""Filters that an event names for what they kept out, the most first."""


AreaKind = Literal["circle", "bounds", "polygon"]
"""What may be looked at in the place of a market or the world."""


class NoResults(StrEnum):
    """Why a search found nothing."""

    ONE_FILTER = "one_filter"
    DATES = "dates"
    SEVERAL_FILTERS = "several_filters"
    NOTHING_THERE = "nothing_there"
    NOT_COUNTED = "not_counted"


class KeptOut(BaseModel):
    """A filter and how many results it alone kept out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: str = Field(max_length=80)
    value: str | None = Field(max_length=80)
    more: int = Field(ge=1)


class SearchEvent(_Event):
    """A search and the page it was answered with.

    What was added later has a default, so that older lines are events still.

    Attributes
    ----------
    text
        The wish without the place in it, contacts masked: what the ranker's features were made of.
    asked
        All that was written, in one form (:func:`search.asked.asked_of`); None where nothing, or a contact was.
    visitor
        Who counts as one person among those who asked the same: the guest's pseudonym, else the session id that
        the client gave; None where there is neither.
    latitude, longitude
        The centre of where the guest looked.
    lead_days
        From the day of the search, where the guest looked, to check-in.
    filters
        Those in use with their values.
    kept_out
        What each filter in use kept out by itself, the most first.
    nothing_because
        One of :class:`NoResults` where nothing was found, else None.
    degraded
        What the answer had to do without.
    latency_ms
        From the question to the answer, without the way over the network.
    exploration
        The order was drawn at random (the slice that unbiased evaluation reads).
    flexible
        Asked for in the place of `check_in` and `check_out`, which are null then; None for fixed dates, and for none.
    area
        What kind of area was looked at; None for a market or the world.
    """

    type: Literal["search"] = "search"
    text: str | None = Field(max_length=500)
    check_in: date | None
    check_out: date | None
    guests: int
    latitude: float | None
    longitude: float | None
    currency: str
    locale: str
    total_count: int
    exploration: bool = False
    ranker: str
    results: list[Shown] = Field(max_length=100)
    asked: str | None = Field(None, max_length=100)
    visitor: str | None = Field(None, max_length=64)
    place: str | None = Field(None, max_length=200)
    lead_days: int | None = None
    filters: dict[str, list[str]] = Field(default_factory=dict, max_length=50)
    sort: str | None = Field(None, max_length=40)
    page: int = Field(1, ge=1)
    page_size: int | None = Field(None, ge=1)
    kept_out: list[KeptOut] = Field(default_factory=list, max_length=MOST_KEPT_OUT)
    nothing_because: NoResults | None = None
    degraded: list[str] = Field(default_factory=list, max_length=20)
    latency_ms: float | None = Field(None, ge=0)
    flexible: FlexibleDates | None = None
    area: AreaKind | None = None


class ImpressionEvent(_Event):
    """A listing of an answer came into the guest's view: what was really seen of the page that was sent."""

    type: Literal["impression"] = "impression"
    listing_id: int
    position: int = Field(ge=1)


class ClickEvent(_Event):
    """A listing of an answer was opened."""

    type: Literal["click"] = "click"
    listing_id: int
    position: int | None = Field(None, ge=1)


class _StayEvent(_Event):
    """Something about a stay in a listing of an answer."""

    listing_id: int
    check_in: date
    check_out: date
    guests: int
    total_minor: int
    currency: str


class QuoteEvent(_StayEvent):
    """A stay in a listing of an answer was priced."""

    type: Literal["quote"] = "quote"


class HoldEvent(_StayEvent):
    """Its nights were held."""

    type: Literal["hold"] = "hold"


class BookingEvent(_StayEvent):
    """It was booked."""

    type: Literal["booking"] = "booking"


Event = Annotated[
    SearchEvent | ImpressionEvent | ClickEvent | QuoteEvent | HoldEvent | BookingEvent, Field(discriminator="type")
]
"""Any event."""
