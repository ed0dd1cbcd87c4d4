"""Listings: what guests and hosts see, and the search that needs no index."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from tests.transactional.factories import (
    actor_of,
    create_hold,
    create_host,
    create_listing,
    create_market,
    create_occupancy,
    create_user,
    stay_of,
)
from transactional.listings import service
from transactional.listings.candidates import Box, CandidateQuery, Circle, search_free
from transactional.listings.errors import ListingNotFound
from transactional.listings.repository import HostSummary, get_detail

ANYTHING = CandidateQuery(
    market_key=None,
    area=None,
    stay=None,
    guests=1,
)


async def found(session: AsyncSession, clock: FixedClock, **asked: Any) -> list[int]:
    """Listings that a search finds, in order."""
    query = replace(ANYTHING, **asked)
    return await search_free(session, query, now=clock.now(), limit=500)


async def test_detail_shows_the_host_without_the_person(session: AsyncSession) -> None:
    """The host's record is there, no name and no number that leads to one."""
    host = await create_host(session, is_superhost=True)
    listing = await create_listing(session, host=host)
    await create_listing(session, host=host)
    await create_listing(session, host=host, is_active=False)
    detail = await get_detail(session, listing.listing_id, viewer=None)
    assert detail.host is not None
    assert (detail.host.is_superhost, detail.host.listings) == (True, 2)
    assert not {"user_id", "display_name", "source_key"} & {field.name for field in fields(HostSummary)}
    assert (detail.market.market_key, detail.listing.listing_id) == ("lisbon", listing.listing_id)


async def test_inactive_listing_is_its_hosts_to_see(session: AsyncSession) -> None:
    """Everybody else is told that there is none."""
    host = await create_host(session)
    listing = await create_listing(session, host=host, is_active=False)
    assert (await get_detail(session, listing.listing_id, viewer=host.user_id)).listing is listing
    for viewer in (None, uuid4()):
        with pytest.raises(ListingNotFound):
            await get_detail(session, listing.listing_id, viewer=viewer)


async def test_host_takes_a_listing_off_and_on_the_market(session: AsyncSession) -> None:
    """Each real change is told once and counts a version; a repeated one does nothing; a stranger's is not found."""
    host, other = await create_host(session), await create_host(session)
    listing = await create_listing(session, host=host)
    with pytest.raises(ListingNotFound):
        await service.deactivate(session, actor_of(other), listing.listing_id)
    for _ in range(2):
        await service.deactivate(session, actor_of(host), listing.listing_id)
    await service.activate(session, actor_of(host), listing.listing_id)
    topics = (await session.scalars(text("SELECT topic FROM outbox ORDER BY entry_id"))).all()
    assert topics == ["listing.deactivated", "listing.activated"]
    assert await session.scalar(text("SELECT version FROM listings")) == 3


async def test_filters_leave_out_what_does_not_have_them(session: AsyncSession, clock: FixedClock) -> None:
    """Each filter alone: the listing that has what is asked, and not the other."""
    paris = await create_market(session, market_key="paris")
    plain = await create_listing(session, bedrooms=None, rating=None)
    fancy = await create_listing(
        session,
        market=paris,
        accommodates=9,
        bedrooms=3,
        rating=Decimal("4.8"),
    )
    await create_listing(session, market=paris, accommodates=9, is_active=False)
    assert await found(session, clock) == [fancy.listing_id, plain.listing_id]
    for asked in (
        {"market_key": "paris"},
        {"guests": 5},
    ):
        assert await found(session, clock, **asked) == [fancy.listing_id]


async def test_area_bounds_and_circles(session: AsyncSession, clock: FixedClock) -> None:
    """A box may cross the date line; a circle is round, not a box, at high latitudes too."""
    west = await create_listing(session, latitude=-17.0, longitude=179.9)
    east = await create_listing(session, latitude=-17.0, longitude=-179.9)
    north = await create_listing(session, latitude=69.65, longitude=18.96)
    line = [west.listing_id, east.listing_id]
    assert await found(session, clock, area=Box(south=-18, west=179, north=-16, east=-179)) == line
    assert await found(session, clock, area=Box(south=-18, west=-180, north=-16, east=-179)) == [east.listing_id]
    assert await found(session, clock, area=Circle(-17.0, 180.0, 11.0)) == line
    assert await found(session, clock, area=Circle(69.65, 19.22, 10.2)) == [north.listing_id]  # 10.05 km east
    assert await found(session, clock, area=Circle(69.65, 19.22, 9.9)) == []


async def test_only_listings_free_for_the_whole_stay(session: AsyncSession, clock: FixedClock) -> None:
    """Taken, held, and unknown nights leave a listing out; a day of change and a due hold do not."""
    stay, guest = stay_of(10, 3), await create_user(session)
    before, taken, held, unknown = [await create_listing(session) for _ in range(3)] + [
        await create_listing(session, rate_plan={"calendar_until": stay_of(12, 1).check_in})
    ]
    await create_occupancy(session, before.listing_id, stay_of(8, 2).check_in, stay.check_in)
    await create_occupancy(session, taken.listing_id, stay_of(12, 5).check_in, stay_of(12, 5).check_out)
    await create_hold(session, clock, listing_id=held.listing_id, guest_id=guest.user_id, stay=stay)
    assert unknown.is_active
    assert await found(session, clock, stay=stay) == [before.listing_id]
    clock.advance(timedelta(minutes=15))
    assert await found(session, clock, stay=stay) == [before.listing_id, held.listing_id]
