"""Rows of saved searches as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from transactional.saved_searches.rules import EVERY_LISTING, Match


@dataclass(frozen=True, slots=True)
class Reach:
    """Which listings a search could match: no other does.

    Attributes
    ----------
    market_key
        None: of any market.
    south, west, north, east
        A box in degrees around where it looks; `west` > `east` crosses the date line.
    """

    market_key: str | None
    south: float
    west: float
    north: float
    east: float
    guests: int


@dataclass(frozen=True, slots=True)
class NewSearch:
    """A search to save, understood and valid.

    Attributes
    ----------
    params
        What was asked, as JSON.
    place
        Where that looks, as JSON.
    timezone
        Where its dates are dates.
    """

    name: str
    params: dict[str, Any]
    place: dict[str, Any]
    reach: Reach
    check_in: date | None
    check_out: date | None
    timezone: str
    currency: str


@dataclass(frozen=True, slots=True)
class SavedSearchRecord:
    """A row of `saved_searches`, without its reach."""

    saved_search_id: UUID
    user_id: UUID
    name: str
    status: str
    params: dict[str, Any]
    place: dict[str, Any]
    check_in: date | None
    check_out: date | None
    timezone: str
    currency: str
    examined_until: int
    created_at: datetime

    @property
    def is_ready(self) -> bool:
        """Whether what matched when it was saved is known, so that all that comes is news."""
        return self.examined_until == EVERY_LISTING


@dataclass(frozen=True, slots=True)
class Overview:
    """A saved search, and how many of its alerts were not read."""

    search: SavedSearchRecord
    unread: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A saved search and listings that could match it, or did."""

    search: SavedSearchRecord
    listing_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at a listing led to.

    Attributes
    ----------
    cause
        Topic of the change that led to the look; None: nothing changed, the search is new.
    total_minor
        Of the stay, in the search's currency; None where it is not known, or no dates are asked.
    """

    search: SavedSearchRecord
    listing_id: int
    match: Match
    is_news: bool
    cause: str | None
    total_minor: int | None


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """A row of `saved_search_alerts` with the names it is shown by."""

    alert_id: UUID
    saved_search_id: UUID
    name: str
    listing_id: int
    title: str
    cause: str
    total_minor: int | None
    currency: str
    created_at: datetime
    read_at: datetime | None
