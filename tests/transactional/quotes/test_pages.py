"""A page in one statement says what the sessions' three say."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from decimal import Decimal

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from tests.transactional.factories import (
    TODAY,
    create_host,
    create_listing,
    create_night,
    create_occupancy,
    create_season,
    stay_of,
)
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.kit.connections import QuickConnections
from transactional.listings.cards import load_cards
from transactional.listings.repository import load_bookable
from transactional.quotes.pages import PageListing, ShownListing, load_page


async def page_of(
    quick: QuickConnections, windows: dict[int, Window | None], clock: FixedClock
) -> dict[int, PageListing]:
    """Load a page at the clock's time."""
    async with quick.connection() as connection:
        return await load_page(connection, windows, now=clock.now())


async def create_supply(session: AsyncSession, clock: FixedClock) -> list[int]:
    """Listings with every kind of word about their nights."""
    host = await create_host(session, is_superhost=True)
    plain = await create_listing(session, rating=Decimal("4.50"), host=host)
    gaps = {"min_gap_nights": 2, "preparation_days": 1, "fills_gaps": True}
    fussy = await create_listing(session, rate_plan=gaps, bathrooms=None, bedrooms=None)
    blank = await create_listing(session, rate_plan={"calendar_from": None, "calendar_until": None})
    for listing in (plain, fussy):
        await create_season(session, listing.listing_id, starts_on=TODAY, ends_before=TODAY + timedelta(days=12))
        for day, said in ((11, {"price_minor": 1}), (12, {"closed_to_arrival": True, "min_stay_through": 2})):
            await create_night(session, listing.listing_id, TODAY + timedelta(days=day), **said)
        for start, kind in ((5, "imported"), (8, "booking"), (20, "host_block")):
            nights = TODAY + timedelta(days=start), TODAY + timedelta(days=start + 2)
            await create_occupancy(session, listing.listing_id, *nights, kind=kind)
        for start, minutes in ((15, -1), (17, 1)):
            nights = TODAY + timedelta(days=start), TODAY + timedelta(days=start + 1)
            expires_at = clock.now() + timedelta(minutes=minutes)
            await create_occupancy(session, listing.listing_id, *nights, kind="hold", expires_at=expires_at)
    await session.commit()
    return [plain.listing_id, fussy.listing_id, blank.listing_id]


async def test_one_statement_says_what_three_say(
    quick: QuickConnections, session: AsyncSession, clock: FixedClock
) -> None:
    """Cards, terms and calendars, of a stay of each listing's own or a year; holds that have expired take nothing."""
    listing_ids = await create_supply(session, clock)
    for first, length in ((9, 4), (13, 3), (14, 7)):
        windows = {
            listing_id: Window.around(stay_of(first + n, length)) for n, listing_id in enumerate(listing_ids)
        } | {listing_ids[0]: Window.of_the_year(TODAY)}
        page = await page_of(quick, dict(windows), clock)
        cards, bookable = await load_cards(session, listing_ids), await load_bookable(session, listing_ids)
        assert list(page) == listing_ids
        for listing_id, window in windows.items():
            found, card = page[listing_id], cards[listing_id]
            assert found.bookable == bookable[listing_id]
            assert found.shown == ShownListing(**{f.name: getattr(card, f.name) for f in fields(ShownListing)})
            (calendar,) = (await load_calendars(session, [listing_id], window, now=clock.now())).values()
            mine = found.calendar()
            assert mine is not None
            for field in fields(calendar):
                np.testing.assert_array_equal(getattr(mine, field.name), getattr(calendar, field.name), field.name)


async def test_without_a_stay_no_night_is_read(
    quick: QuickConnections, session: AsyncSession, clock: FixedClock
) -> None:
    """What is shown and the terms are there; what does not exist is not."""
    listing_ids = await create_supply(session, clock)
    page = await page_of(quick, dict.fromkeys([*listing_ids, 10**9]), clock)
    assert list(page) == listing_ids
    assert all(not found.parts.occupied and not found.parts.stays for found in page.values())
    assert page[listing_ids[0]].shown.rating == Decimal("4.50")
    assert await page_of(quick, {}, clock) == {}
