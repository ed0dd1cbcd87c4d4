"""Listings as PostgreSQL has them now: what is shown, the terms and the calendars, in one statement.

On the quick connections, since every search ends here and every change passes by: through sessions the same rows took
three statements, a transaction and most of a search's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from lodestay.calendar import StayCalendar
from lodestay.pricing import PriceTerms
from transactional.calendars.repository import CalendarParts, calendar_query, parts_of
from transactional.calendars.rules import Window
from transactional.kit.connections import QuickConnection
from transactional.listings.repository import BookableListing


@dataclass(frozen=True, slots=True)
class ShownListing:
    """What a guest sees of a listing in a list."""

    listing_id: int
    market: str
    title: str
    room_type: str
    property_type: str
    neighbourhood: str | None
    latitude: float
    longitude: float
    accommodates: int
    bedrooms: int | None
    beds: int | None
    bathrooms: Decimal | None
    rating: Decimal | None
    review_count: int
    instant_book: bool
    cancellation_policy: str
    is_superhost: bool


@dataclass(frozen=True, slots=True)
class PageListing:
    """A listing of a page.

    Attributes
    ----------
    window
        Nights that were asked for.
    parts
        Of the calendar in that window.
    """

    shown: ShownListing
    bookable: BookableListing
    window: Window | None
    parts: CalendarParts

    @property
    def base_price_minor(self) -> int | None:
        """What a night costs by the rate plan."""
        return self.parts.plan.base_price_minor

    def calendar(self) -> StayCalendar | None:
        """Lay out the nights that were asked for."""
        return None if self.window is None else self.parts.calendar(self.window)


_SHOWN: Final = tuple(field.name for field in fields(ShownListing))
_BOOKABLE: Final = tuple(field.name for field in fields(BookableListing) if field.name != "terms")
_TERMS: Final = tuple(field.name for field in fields(PriceTerms))
_OF_OTHERS: Final = {
    "market": "l.market_key",
    "neighbourhood": "h.name",
    "bathrooms": "CAST(l.bathrooms AS text)",  # JSON would lose the digits
    "rating": "CAST(l.rating AS text)",
    "is_superhost": "coalesce(profile.is_superhost, false)",
    "timezone": "m.timezone",
    "calendar_version": "p.version",
    "max_pets": "p.max_pets",
    "service_fee_bps": "m.service_fee_bps",
    "tax_bps": "m.tax_bps",
}
_ALSO: Final = "".join(
    f"{_OF_OTHERS.get(name, f'{table}.{name}')} AS {name}, "
    for table, names in (("l", dict.fromkeys((*_SHOWN[1:], *_BOOKABLE[1:]))), ("p", _TERMS[1:]))
    for name in names  # what comes first is there already: the listing's number, the currency
)
_OR_NEVER: Final = "coalesce({}, DATE '1970-01-01')"  # a range from null to null would be all time
_PAGE: Final = f"""
    (bigint[], date[], date[], timestamptz) AS
    SELECT json_agg(page) FROM ({
    calendar_query(
        source='''unnest($1, $2, $3) AS asked (listing_id, check_in, until)
            JOIN rate_plans p ON p.listing_id = asked.listing_id
            JOIN listings l ON l.listing_id = asked.listing_id
            JOIN markets m ON m.market_key = l.market_key
            LEFT JOIN neighbourhoods h ON h.neighbourhood_id = l.neighbourhood_id
            LEFT JOIN host_profiles profile ON profile.user_id = l.host_id''',
        where="true",
        start=_OR_NEVER.format("asked.check_in"),
        end=_OR_NEVER.format("asked.until"),
        margin="true",
        now="$4",
        without="CAST(NULL AS uuid)",
        also=_ALSO,
    )
}) page
"""
STATEMENTS: Final = {"page_of_listings": _PAGE}
"""What a connection of :class:`~transactional.kit.connections.QuickConnections` has prepared."""


async def load_page(
    connection: QuickConnection, windows: Mapping[int, Window | None], *, now: datetime
) -> dict[int, PageListing]:
    """Load listings by number, each with the calendar in its own window.

    Parameters
    ----------
    windows
        By listing, with a margin; None asks for no calendar.
    now
        Holds that expired by then take no nights.

    Returns
    -------
    dict
        By listing; those that do not exist or have no rate plan are not in it.
    """
    values = (
        _array(windows),
        _array("NULL" if window is None else window.start for window in windows.values()),
        _array("NULL" if window is None else window.end for window in windows.values()),
        now.isoformat().encode(),
    )
    found = await connection.call(b"page_of_listings", values)
    rows = orjson.loads(found[0]) if found and found[0] else []
    return {row["listing_id"]: _listing(row, windows[row["listing_id"]]) for row in rows}


def _array(values: Any) -> bytes:
    return ("{" + ",".join(str(value) for value in values) + "}").encode()


def _listing(row: dict[str, Any], window: Window | None) -> PageListing:
    bookable = {name: row[name] for name in _BOOKABLE} | {"host_id": UUID(row["host_id"])}
    shown = {name: row[name] for name in _SHOWN} | {
        name: None if row[name] is None else Decimal(row[name]) for name in ("bathrooms", "rating")
    }
    days = {
        name: None if row[name] is None else date.fromisoformat(row[name])
        for name in ("calendar_from", "calendar_until")
    }
    terms = PriceTerms(**{name: row[name] for name in _TERMS})
    bookable_listing = BookableListing(terms=terms, **bookable)
    return PageListing(ShownListing(**shown), bookable_listing, window, parts_of({**row, **days}))
