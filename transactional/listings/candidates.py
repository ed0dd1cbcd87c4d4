"""Search over PostgreSQL, for when the search index does not answer: which listings may be free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.geography import EARTH_RADIUS_KM, KM_PER_DEGREE
from lodestay.stay import Stay
from transactional.calendars.models import Occupancy, RatePlan
from transactional.listings.models import Listing


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees; `west` > `east` crosses the date line."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Circle:
    """Everything within `radius_km` of a point."""

    latitude: float
    longitude: float
    radius_km: float


@dataclass(frozen=True, slots=True)
class CandidateQuery:
    """What a candidate must be; None asks for nothing."""

    market_key: str | None
    area: Box | Circle | None
    stay: Stay | None
    guests: int


async def search_free(session: AsyncSession, query: CandidateQuery, *, now: datetime, limit: int) -> list[int]:
    """Numbers of the active listings that have what is asked and nobody in the nights, best rated first.

    Stay rules (minimum stay, closed to arrival, notice) are not asked here: load the calendars of the
    candidates and let :meth:`lodestay.calendar.StayCalendar.refuse` decide.

    Parameters
    ----------
    now
        Holds that expired by then take no nights.
    limit
        Most candidates returned.
    """
    best_first = (Listing.rating.desc().nulls_last(), Listing.review_count.desc(), Listing.listing_id)
    return list(await session.scalars(_select(query, now=now).order_by(*best_first).limit(limit)))


async def next_free(
    session: AsyncSession, query: CandidateQuery, *, after: int, now: datetime, limit: int
) -> list[int]:
    """Those of :func:`search_free` that follow a number, in order of their numbers: all of them, page by page."""
    following = _select(query, now=now).where(Listing.listing_id > after)
    return list(await session.scalars(following.order_by(Listing.listing_id).limit(limit)))


def _select(query: CandidateQuery, *, now: datetime) -> Select[int]:
    statement = select(Listing.listing_id).where(
        Listing.is_active, Listing.accommodates >= query.guests, *_having(query)
    )
    if query.stay is None:
        return statement
    return statement.join(RatePlan, RatePlan.listing_id == Listing.listing_id).where(*_free(query.stay, now=now))


def _having(query: CandidateQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if query.market_key is not None:
        conditions.append(Listing.market_key == query.market_key)
    if query.area is not None:
        conditions.append(_within_circle(query.area) if isinstance(query.area, Circle) else _within_box(query.area))
    return conditions


def _free(stay: Stay, *, now: datetime) -> list[ColumnElement[bool]]:
    taken = exists().where(
        Occupancy.listing_id == Listing.listing_id,
        Occupancy.is_live,
        or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > now),
        Occupancy.stay.overlaps(Range(stay.check_in, stay.check_out)),
    )
    return [RatePlan.calendar_from <= stay.check_in, RatePlan.calendar_until >= stay.check_out, ~taken]


def _within_box(box: Box) -> ColumnElement[bool]:
    east_of, west_of = Listing.longitude >= box.west, Listing.longitude <= box.east
    longitude = or_(east_of, west_of) if box.west > box.east else and_(east_of, west_of)
    return and_(Listing.latitude.between(box.south, box.north), longitude)


def _within_circle(circle: Circle) -> ColumnElement[bool]:
    """Great-circle distance by the haversine formula, after a band of latitudes that costs little to check."""
    latitude, longitude = func.radians(Listing.latitude), func.radians(Listing.longitude)
    centre_latitude, centre_longitude = func.radians(circle.latitude), func.radians(circle.longitude)
    half_chord = func.power(func.sin((latitude - centre_latitude) / 2), 2) + func.cos(centre_latitude) * func.cos(
        latitude
    ) * func.power(func.sin((longitude - centre_longitude) / 2), 2)
    distance_km = 2 * EARTH_RADIUS_KM * func.asin(func.sqrt(func.least(1.0, half_chord)))
    band = 1.001 * circle.radius_km / KM_PER_DEGREE  # a little wide: rounding must leave nothing out
    return and_(
        Listing.latitude.between(circle.latitude - band, circle.latitude + band), distance_km <= circle.radius_km
    )
