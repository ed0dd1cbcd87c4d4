"""A history of bookings, in bulk."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.stay import Stay
from tests.transactional.factories import TODAY, create_listing, create_quote, create_season, create_user, stay_of
from transactional.bookings.history import HistoryReport, PastBooking, add_past_bookings

BOOKED = datetime(2026, 1, 1, tzinfo=UTC)


def past(listing_id: int, *, days_ahead: int, nights: int = 3, guest: int = 1, cancelled: bool = False) -> PastBooking:
    """A booking made on New Year's Day, the later the higher the guest's number."""
    check_in = TODAY + timedelta(days=days_ahead)
    return PastBooking(
        listing_id=listing_id,
        guest_id=UUID(int=guest),
        check_in=check_in,
        check_out=check_in + timedelta(days=nights),
        guests=2,
        created_at=BOOKED + timedelta(minutes=guest),
        cancelled_at=BOOKED + timedelta(days=1) if cancelled else None,
    )


async def test_history_is_priced_as_a_quote_is(session: AsyncSession, clock: FixedClock) -> None:
    """A past stay costs what the same stay quoted costs, line by line, seasons included."""
    listing, guest = await create_listing(session), await create_user(session)
    await create_season(session, listing.listing_id, starts_on=stay_of(11, 1).check_in, ends_before=date(2027, 1, 1))
    row = past(listing.listing_id, days_ahead=10, nights=9)
    quote = await create_quote(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=Stay(row.check_in, row.check_out)
    )
    report = await add_past_bookings(session, clock, [row])
    assert report == HistoryReport(added=1, known=0, overlapping=0, unpriced=0)
    [stored] = (await session.execute(text("SELECT * FROM bookings"))).all()
    assert (stored.total_minor, stored.lines) == (quote.total_minor, quote.lines)
    assert (stored.status, stored.created_at, stored.confirmed_at) == ("confirmed", row.created_at, row.created_at)


async def test_each_row_is_counted_once_and_the_second_load_changes_nothing(
    session: AsyncSession, clock: FixedClock
) -> None:
    """Overlaps within the rows, cancelled stays, unknown and unpriced listings; then all of it again."""
    listing = await create_listing(session)
    bare = await create_listing(session, rate_plan={"base_price_minor": None, "weekend_price_minor": None})
    one = listing.listing_id
    rows = [
        past(one, days_ahead=-400),  # before the calendar begins: priced by the rate plan
        past(one, days_ahead=-397, guest=2),  # back to back
        past(one, days_ahead=-398, guest=3),  # overlaps both
        past(one, days_ahead=-398, guest=4, cancelled=True),  # took no nights
        past(bare.listing_id, days_ahead=-10),
        past(10**12, days_ahead=-10),
    ]
    first = await add_past_bookings(session, clock, rows)
    assert first == HistoryReport(added=3, known=0, overlapping=1, unpriced=2)
    again = await add_past_bookings(session, clock, rows)
    assert again == HistoryReport(added=0, known=3, overlapping=1, unpriced=2)
    statuses = sorted((await session.scalars(text("SELECT status FROM bookings"))).all())
    changes = (await session.scalars(text("SELECT version FROM bookings ORDER BY status"))).all()
    topics = sorted((await session.scalars(text("SELECT topic FROM outbox"))).all())
    assert statuses == ["cancelled", "completed", "completed"]
    assert changes == [1, 1, 1]
    assert topics == [f"booking.{status}" for status in statuses]
    assert await session.scalar(text("SELECT count(*) FROM occupancy WHERE is_live")) == 2
    assert await session.scalar(text("SELECT count(*) FROM users WHERE roles = '{guest}'")) == 4


async def test_nothing_to_add(session: AsyncSession, clock: FixedClock) -> None:
    """No rows, no statements, no error."""
    assert await add_past_bookings(session, clock, []) == HistoryReport(0, 0, 0, 0)


@pytest.mark.slow
async def test_twenty_thousand_bookings(session: AsyncSession, clock: FixedClock) -> None:
    """A city's year of bookings loads as one batch, and no two of them share a night."""
    rng = np.random.default_rng(7)
    listings = [(await create_listing(session)).listing_id for _ in range(200)]
    rows = [
        past(
            listings[int(listing)],
            days_ahead=int(day),
            nights=int(nights),
            guest=n % 5_000 + 1,
            cancelled=bool(cancelled),
        )
        for n, (listing, day, nights, cancelled) in enumerate(
            zip(
                rng.integers(0, 200, 20_000),
                rng.integers(-700, 0, 20_000),
                rng.integers(1, 8, 20_000),
                rng.random(20_000) < 0.2,
                strict=True,
            )
        )
    ]
    report = await add_past_bookings(session, clock, rows)
    assert report.added + report.overlapping + report.known == 20_000
    shared = text("""
        SELECT count(*) FROM occupancy a JOIN occupancy b
        ON a.listing_id = b.listing_id AND a.occupancy_id < b.occupancy_id AND a.stay && b.stay
    """)
    assert await session.scalar(shared) == 0
