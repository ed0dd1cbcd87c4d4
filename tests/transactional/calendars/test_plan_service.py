"""Rate plans and seasons: what a host says of all the nights, and the version that grows with it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from tests.transactional.factories import TODAY, actor_of, create_host, create_listing, create_night, create_season
from transactional.calendars import plan_service
from transactional.calendars.errors import (
    CalendarChanged,
    ClashingStayRules,
    InvalidCalendarEdit,
    InvalidWindow,
    NightsArePast,
    NoRatePlan,
    SeasonNotFound,
    TooManySeasons,
)
from transactional.calendars.plan_repository import TERMS, Season, SeasonRecord
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.errors import ListingNotFound
from transactional.listings.repository import load_bookable
from transactional.users.actors import Actor

WEEK = Window(TODAY, TODAY + timedelta(days=7))


async def own(session: AsyncSession, **plan: Any) -> tuple[Actor, int]:
    """A host with a listing."""
    host = await create_host(session)
    listing = await create_listing(session, host=host, rate_plan=plan)
    return actor_of(host), listing.listing_id


def season_of(days_ahead: int, nights: int, **values: Any) -> Season:
    """A season at twice the price."""
    start = TODAY + timedelta(days=days_ahead)
    plain: dict[str, Any] = {"name": "Summer", "price_bps": 20_000, "min_stay": None}
    return Season(starts_on=start, ends_before=start + timedelta(days=nights), **(plain | values))


async def outbox(session: AsyncSession) -> list[dict[str, Any]]:
    """What was told of calendars."""
    return list(await session.scalars(text("SELECT payload FROM outbox WHERE topic = 'calendar.changed'")))


async def test_every_term_reaches_the_calendar_and_the_price(session: AsyncSession, clock: FixedClock) -> None:
    """Each term can be set, is read back, and those that price or refuse a stay are what the rules see."""
    actor, listing_id = await own(session)
    plan = await plan_service.get_rate_plan(session, actor, listing_id)
    changes = {name: not plan.terms[name] if kind == "boolean" else 3 for name, kind in TERMS.items()}
    changes |= {"check_out_hour": 2, "last_booking_hour": 18, "booking_window_days": 90}
    changed = await plan_service.edit_rate_plan(session, clock, actor, listing_id, changes, expected={1})
    assert changed == await plan_service.get_rate_plan(session, actor, listing_id)
    assert (changed.version, changed.terms) == (2, changes)
    calendar = (await load_calendars(session, [listing_id], WEEK, now=clock.now()))[listing_id]
    terms = (await load_bookable(session, [listing_id]))[listing_id].terms
    for name in ("last_booking_hour", "booking_window_days", "min_gap_nights", "fills_gaps", "preparation_days"):
        assert getattr(calendar, name) == changes[name]
    for name in terms.__dataclass_fields__.keys() & TERMS.keys():
        assert getattr(terms, name) == changes[name]
    assert [told["changed"] for told in await outbox(session)] == [
        sorted(name for name in TERMS if plan.terms[name] != changes[name])
    ]


async def test_same_terms_again_change_nothing(session: AsyncSession, clock: FixedClock) -> None:
    """No version, no word to the outbox; and a version that is not the present one is refused before that."""
    actor, listing_id = await own(session)
    plan = await plan_service.get_rate_plan(session, actor, listing_id)
    again = await plan_service.edit_rate_plan(session, clock, actor, listing_id, plan.terms, expected={plan.version})
    assert again == plan
    assert await outbox(session) == []
    with pytest.raises(CalendarChanged):
        await plan_service.edit_rate_plan(session, clock, actor, listing_id, plan.terms, expected={plan.version + 1})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"min_stay": 61}, InvalidCalendarEdit),
        ({"check_out_hour": 16}, InvalidCalendarEdit),
        ({"max_stay": 4}, ClashingStayRules),
    ],
)
async def test_terms_that_clash(
    session: AsyncSession, clock: FixedClock, changes: dict[str, int], error: type[Exception]
) -> None:
    """With each other, or with what a night says for itself; a day of preparation lets guests leave late."""
    actor, listing_id = await own(session)
    await create_night(session, listing_id, TODAY + timedelta(days=40), min_stay=5)
    with pytest.raises(error):
        await plan_service.edit_rate_plan(session, clock, actor, listing_id, changes, expected=None)
    if "check_out_hour" in changes:
        prepared = changes | {"preparation_days": 1}
        await plan_service.edit_rate_plan(session, clock, actor, listing_id, prepared, expected=None)


async def test_others_and_listings_without_a_plan(session: AsyncSession, clock: FixedClock) -> None:
    """Neither is found."""
    actor, listing_id = await own(session)
    other = actor_of(await create_host(session))
    with pytest.raises(ListingNotFound):
        await plan_service.get_rate_plan(session, other, listing_id)
    with pytest.raises(ListingNotFound):
        await plan_service.edit_rate_plan(session, clock, other, listing_id, {"min_stay": 2}, expected=None)
    with pytest.raises(ListingNotFound):
        await plan_service.list_seasons(session, other, listing_id)
    await session.execute(text("DELETE FROM rate_plans WHERE listing_id = :id"), {"id": listing_id})
    with pytest.raises(NoRatePlan):
        await plan_service.get_rate_plan(session, actor, listing_id)
    with pytest.raises(NoRatePlan):
        await plan_service.add_season(session, clock, actor, listing_id, season_of(0, 3))


async def test_season_is_added_changed_and_removed(session: AsyncSession, clock: FixedClock) -> None:
    """Prices follow, each change makes the version grow and says which nights it touched."""
    actor, listing_id = await own(session)

    async def price_of(day: int) -> int:
        found = await load_calendars(session, [listing_id], WEEK, now=clock.now())
        return int(found[listing_id].price_minor[day])

    added = await plan_service.add_season(session, clock, actor, listing_id, season_of(1, 2))
    assert [await price_of(day) for day in range(4)] == [10_000, 20_000, 20_000, 10_000]
    assert await plan_service.list_seasons(session, actor, listing_id) == [added]
    moved = SeasonRecord(added.season_id, season_of(2, 2, name="Fair", price_bps=30_000, min_stay=2))
    assert await plan_service.change_season(session, clock, actor, listing_id, moved, expected={2}) == moved
    assert await plan_service.change_season(session, clock, actor, listing_id, moved, expected={3}) == moved
    assert [await price_of(day) for day in range(4)] == [10_000, 10_000, 30_000, 30_000]
    with pytest.raises(CalendarChanged):
        await plan_service.remove_season(session, clock, actor, listing_id, added.season_id, expected={2})
    await plan_service.remove_season(session, clock, actor, listing_id, added.season_id, expected={3})
    assert [await price_of(day) for day in range(4)] == [10_000] * 4
    assert (await plan_service.get_rate_plan(session, actor, listing_id)).version == 4
    spans = [(told["from"], told["until"]) for told in await outbox(session)]
    assert spans == [
        ((TODAY + timedelta(days=a)).isoformat(), (TODAY + timedelta(days=b)).isoformat())
        for a, b in ((1, 3), (1, 4), (2, 4))
    ]
    with pytest.raises(SeasonNotFound):
        await plan_service.remove_season(session, clock, actor, listing_id, added.season_id, expected=None)
    with pytest.raises(SeasonNotFound):
        await plan_service.change_season(session, clock, actor, listing_id, moved, expected=None)


@pytest.mark.parametrize(
    ("season", "error"),
    [
        (season_of(-1, 9), NightsArePast),
        (season_of(1, 0), InvalidWindow),
        (season_of(1, 731), InvalidWindow),
        (season_of(1, 5, min_stay=61), ClashingStayRules),
    ],
    ids=["begun", "empty", "too long", "longer than the longest stay"],
)
async def test_seasons_that_cannot_be(
    session: AsyncSession, clock: FixedClock, season: Season, error: type[Exception]
) -> None:
    """Each is named."""
    actor, listing_id = await own(session)
    with pytest.raises(error):
        await plan_service.add_season(session, clock, actor, listing_id, season)


async def test_a_season_that_runs_keeps_its_beginning(session: AsyncSession, clock: FixedClock) -> None:
    """Its end and its price may change; one that is over is left alone."""
    actor, listing_id = await own(session)
    dates: tuple[date, date] = (TODAY - timedelta(days=5), TODAY + timedelta(days=5))
    row = await create_season(session, listing_id, starts_on=dates[0], ends_before=dates[1])
    longer = SeasonRecord(row.season_id, season_of(-5, 20))
    await plan_service.change_season(session, clock, actor, listing_id, longer, expected=None)
    for wrong in (season_of(-4, 20), season_of(-5, 5)):
        with pytest.raises(NightsArePast):
            await plan_service.change_season(
                session, clock, actor, listing_id, SeasonRecord(row.season_id, wrong), expected=None
            )


async def test_seasons_have_an_end(session: AsyncSession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that adds one a minute is stopped."""
    monkeypatch.setattr(plan_service, "MAX_SEASONS", 2)
    actor, listing_id = await own(session)
    for n in range(2):
        await plan_service.add_season(session, clock, actor, listing_id, season_of(n, 1))
    with pytest.raises(TooManySeasons):
        await plan_service.add_season(session, clock, actor, listing_id, season_of(3, 1))
