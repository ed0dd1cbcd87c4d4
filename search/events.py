"""What guests did, as events: written by serving and by the simulator, read by the lake.

One JSON object a line. `search_id` ties a search to its clicks and bookings; people appear only as
`guest_key`, a pseudonym.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
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
    """A listing in an answer: where it stood, what it cost and what the ranker saw."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listing_id: int
    position: int = Field(ge=1)
    total_minor: int | None
    score: float | None
    features: dict[str, float] = Field(default_factory=dict, max_length=100)


class SearchEvent(_Event):
    """A search and the page it was answered with.

    `latitude`, `longitude`: the centre of where the guest looked. `exploration` is true where the order
    was drawn at random (the slice that unbiased evaluation reads). `lead_days` counts from the day of
    the search to check-in.
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


class BookingEvent(_Event):
    """A listing of an answer was booked."""

    type: Literal["booking"] = "booking"
    listing_id: int
    check_in: date
    check_out: date
    guests: int
    total_minor: int
    currency: str


Event = Annotated[SearchEvent | ImpressionEvent | ClickEvent | BookingEvent, Field(discriminator="type")]
"""Any event."""
