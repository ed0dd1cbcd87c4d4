"""Many listings at once, as search shows and judges them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.calendars.models import RatePlan
from transactional.listings.models import Listing
from transactional.markets.models import Neighbourhood
from transactional.users.models import HostProfile


@dataclass(frozen=True, slots=True)
class ListingCard:
    """A listing under the names of the staged listings (`lodestay.lake.STAGED_LISTINGS`)."""

    listing_id: int
    market: str
    is_active: bool
    title: str
    description: str
    house_rules: str
    language: str | None
    room_type: str
    property_type: str
    neighbourhood: str | None
    latitude: float
    longitude: float
    accommodates: int
    bedrooms: int | None
    beds: int | None
    bathrooms: Decimal | None
    amenities: list[str]
    rating: Decimal | None
    review_count: int
    instant_book: bool
    cancellation_policy: str
    is_superhost: bool
    host_languages: list[str]
    base_price_minor: int | None


_OF_OTHERS = {
    "market": Listing.market_key,
    "neighbourhood": Neighbourhood.name,
    "is_superhost": HostProfile.is_superhost,
    "host_languages": HostProfile.languages,
    "base_price_minor": RatePlan.base_price_minor,
}
_COLUMNS = tuple(
    _OF_OTHERS[name].label(name) if name in _OF_OTHERS else getattr(Listing, name)
    for name in ListingCard.__dataclass_fields__
)


async def load_cards(session: AsyncSession, listing_ids: Collection[int]) -> dict[int, ListingCard]:
    """Load listings by number, in one query; those that do not exist are not in it."""
    statement = (
        select(*_COLUMNS)
        .select_from(Listing)
        .outerjoin(Neighbourhood, Neighbourhood.neighbourhood_id == Listing.neighbourhood_id)
        .outerjoin(HostProfile, HostProfile.user_id == Listing.host_id)
        .outerjoin(RatePlan, RatePlan.listing_id == Listing.listing_id)
        .where(Listing.listing_id.in_(listing_ids))
    )
    rows = (await session.execute(statement)).mappings()
    return {row["listing_id"]: ListingCard(**{**row, **_of_host(row)}) for row in rows}


def _of_host(row: RowMapping) -> dict[str, Any]:
    """What is said of the host; where none is known, nothing."""
    return {"is_superhost": bool(row["is_superhost"]), "host_languages": row["host_languages"] or []}
