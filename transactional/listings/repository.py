"""Queries on listings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.pricing import PriceTerms
from transactional.calendars.models import RatePlan
from transactional.listings.errors import ListingNotFound
from transactional.listings.models import Listing
from transactional.markets.models import Market, Neighbourhood
from transactional.users.models import HostProfile

# NO KEY: rows that refer to the listing can still be written beside it.
_LOCK = text("""
    SELECT listing_id FROM listings
    WHERE listing_id = :listing_id AND (CAST(:owner AS uuid) IS NULL OR host_id = :owner)
    FOR NO KEY UPDATE OF listings
""")
# A statement of its own: the one that waited for the lock sees the rate plan as it was before the wait.
_LOCKED = text("""
    SELECT listing_id, listings.market_key, timezone, host_id, is_active, instant_book, cancellation_policy,
           coalesce(check_in_hour, 15) AS check_in_hour, coalesce(check_out_hour, 11) AS check_out_hour,
           coalesce(approval_hours, 24) AS approval_hours,
           coalesce(requires_verified_guest, false) AS requires_verified_guest,
           coalesce(requires_completed_stays, 0) AS requires_completed_stays
    FROM listings JOIN markets USING (market_key) LEFT JOIN rate_plans USING (listing_id)
    WHERE listing_id = :listing_id
""")
_TERMS = tuple(PriceTerms.__dataclass_fields__)
_BOOKABLE = text(f"""
    SELECT listing_id, listings.market_key, timezone, host_id, is_active, accommodates, cancellation_policy, max_pets,
           rate_plans.version AS calendar_version, {", ".join(_TERMS)}
    FROM listings JOIN rate_plans USING (listing_id)
    JOIN (SELECT market_key, timezone, service_fee_bps, tax_bps FROM markets) AS place USING (market_key)
    WHERE listing_id = ANY(:listing_ids)
""")


@dataclass(frozen=True, slots=True)
class LockedListing:
    """A listing whose nights and bookings nobody else changes until this transaction ends."""

    listing_id: int
    market_key: str
    timezone: str
    host_id: UUID
    is_active: bool
    instant_book: bool
    cancellation_policy: str
    check_in_hour: int
    check_out_hour: int
    approval_hours: int
    requires_verified_guest: bool
    requires_completed_stays: int


@dataclass(frozen=True, slots=True)
class HostSummary:
    """What guests see of a host: nothing that names a person."""

    host_since: date | None
    response_hours: int | None
    response_rate_bps: int | None
    acceptance_rate_bps: int | None
    is_superhost: bool
    identity_verified: bool
    languages: list[str]
    listings: int


@dataclass(frozen=True, slots=True)
class ListingDetail:
    """A listing with what stands around it; `host` is None where nothing is known of the host."""

    listing: Listing
    market: Market
    neighbourhood: str | None
    rate_plan: RatePlan | None
    host: HostSummary | None


@dataclass(frozen=True, slots=True)
class BookableListing:
    """What decides, beside the calendar, whether and for how much a listing can be booked.

    `calendar_version` grows with every change of the prices and the stay rules.
    """

    listing_id: int
    market_key: str
    timezone: str
    host_id: UUID
    is_active: bool
    accommodates: int
    cancellation_policy: str
    max_pets: int
    calendar_version: int
    terms: PriceTerms


async def lock_listing(session: AsyncSession, listing_id: int, *, owner: UUID | None) -> LockedListing:
    """Wait for a listing and keep it until the transaction ends.

    The first statement of whatever changes nights or bookings: later statements see what whoever held
    the lock before has committed. READ COMMITTED is needed for that.

    Parameters
    ----------
    owner
        Host that it must belong to, or None for any: :class:`ListingNotFound` otherwise.
    """
    found = await session.scalar(_LOCK, {"listing_id": listing_id, "owner": owner})
    if found is None:
        raise ListingNotFound(listing_id)
    return LockedListing(**(await session.execute(_LOCKED, {"listing_id": listing_id})).mappings().one())


async def get_detail(session: AsyncSession, listing_id: int, *, viewer: UUID | None) -> ListingDetail:
    """Find a listing that is active, or that belongs to `viewer`; or raise :class:`ListingNotFound`."""
    of_host = (
        select(func.count())
        .select_from(Listing)
        .where(Listing.host_id == HostProfile.user_id, Listing.is_active)
        .correlate(HostProfile)
        .scalar_subquery()
    )
    statement = (
        select(Listing, Market, Neighbourhood.name, RatePlan, HostProfile, of_host.label("listings_of_host"))
        .join(Market, Market.market_key == Listing.market_key)
        .outerjoin(Neighbourhood, Neighbourhood.neighbourhood_id == Listing.neighbourhood_id)
        .outerjoin(RatePlan, RatePlan.listing_id == Listing.listing_id)
        .outerjoin(HostProfile, HostProfile.user_id == Listing.host_id)
        .where(Listing.listing_id == listing_id, Listing.is_active | (Listing.host_id == viewer))
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise ListingNotFound(listing_id)
    listing, market, neighbourhood, plan, profile, listings = row
    return ListingDetail(listing, market, neighbourhood, plan, _summary(profile, listings=listings))


async def active_of_market(session: AsyncSession, market_key: str) -> dict[int, str]:
    """A market's active listings with a rate plan, in order: what each is called in its source, by number."""
    statement = (
        select(Listing.listing_id, Listing.source_id)
        .join(RatePlan, RatePlan.listing_id == Listing.listing_id)
        .where(Listing.market_key == market_key, Listing.is_active)
        .order_by(Listing.listing_id)
    )
    return {row.listing_id: row.source_id for row in await session.execute(statement)}


async def load_bookable(session: AsyncSession, listing_ids: Collection[int]) -> dict[int, BookableListing]:
    """Load terms and limits of listings, in one query; those without a rate plan are not in it."""
    rows = await session.execute(_BOOKABLE, {"listing_ids": list(listing_ids)})
    return {row["listing_id"]: _bookable(row) for row in rows.mappings()}


async def get_bookable(session: AsyncSession, listing_id: int) -> BookableListing:
    """Load one listing's terms and limits; :class:`ListingNotFound` where it is inactive or has no rate plan."""
    found = (await load_bookable(session, [listing_id])).get(listing_id)
    if found is None or not found.is_active:
        raise ListingNotFound(listing_id)
    return found


async def set_active(session: AsyncSession, listing_id: int, *, active: bool) -> bool:
    """Put a locked listing on or off the market; say whether that changed anything."""
    changed = await session.execute(
        update(Listing)
        .where(Listing.listing_id == listing_id, Listing.is_active != active)
        .values(is_active=active, version=Listing.version + 1, updated_at=func.now())
        .returning(Listing.listing_id)
    )
    return changed.one_or_none() is not None


def _bookable(row: RowMapping) -> BookableListing:
    values = dict(row)
    terms = PriceTerms(**{name: values.pop(name) for name in _TERMS})
    return BookableListing(terms=terms, **values)


def _summary(profile: HostProfile | None, *, listings: int) -> HostSummary | None:
    if profile is None:
        return None
    return HostSummary(
        host_since=profile.host_since,
        response_hours=profile.response_hours,
        response_rate_bps=profile.response_rate_bps,
        acceptance_rate_bps=profile.acceptance_rate_bps,
        is_superhost=profile.is_superhost,
        identity_verified=profile.identity_verified,
        languages=profile.languages,
        listings=listings,
    )
