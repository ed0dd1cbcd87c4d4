"""Operations of hosts on their listings and calendars, other sites' calendars, and what falls due by itself."""

from __future__ import annotations

from typing import Any

from bench.lookout.plan import draw_rules
from bench.lookout.turns import Turn
from bench.proof.feeds import OtherSite
from transactional.bookings import requests
from transactional.bookings.service import complete_ended_stays
from transactional.calendars import plan_service, service
from transactional.calendars.edits import NightsEdit
from transactional.calendars.plan_repository import Season
from transactional.feeds.reading import read_due_feeds
from transactional.listings import service as listings
from transactional.modifications import service as modifications


async def block(turn: Turn) -> bool:
    """Take nights off the market."""
    listing_id = turn.listing_id()
    async with turn.begin() as session:
        host, window = turn.plan.host_of(listing_id), turn.window(listing_id)
        await service.block(session, turn.clock, host, listing_id, window)
    return True


async def unblock(turn: Turn) -> bool:
    """Put nights back on the market."""
    listing_id = turn.listing_id()
    async with turn.begin() as session:
        host, window = turn.plan.host_of(listing_id), turn.window(listing_id, longest=20)
        await service.unblock(session, turn.clock, host, listing_id, window)
    return True


async def edit_nights(turn: Turn) -> bool:
    """Say what single nights cost and allow, or nothing any more."""
    listing_id = turn.listing_id()
    rng = turn.draws
    values: dict[str, tuple[Any, ...]] = {
        "price_minor": (None, rng.randrange(1_000, 60_000), rng.randrange(1_000, 60_000)),
        "min_stay": (None, 1, 2, 5),
        "max_stay": (None, 3, 30),
        "min_stay_through": (None, 2, 3),
        "max_stay_through": (None, 3, 5),
        "closed_to_arrival": (False, True),
        "closed_to_departure": (False, True),
    }
    names = rng.sample(list(values), rng.choice((1, 1, 2)))
    edit = NightsEdit(
        spans=(turn.window(listing_id, longest=6),),
        weekdays=rng.choice((None, None, frozenset({4, 5}))),
        changes={name: rng.choice(values[name]) for name in names},
    )
    async with turn.begin() as session:
        await service.edit_nights(session, turn.clock, turn.plan.host_of(listing_id), listing_id, edit)
    return True


async def edit_rate_plan(turn: Turn) -> bool:
    """Change a rule or two of the rate plan, its prices or its fees."""
    listing_id, rng = turn.listing_id(), turn.draws
    terms = {
        **draw_rules(rng),
        "base_price_minor": rng.randrange(5_000, 20_000),
        "weekend_price_minor": rng.randrange(5_000, 25_000),
        "cleaning_fee_minor": rng.choice((0, 2_500)),
        "extra_guest_fee_minor": rng.choice((0, 999)),
        "weekly_discount_bps": rng.choice((0, 1_500)),
        "max_stay": rng.choice((7, 28, 365)),
    }
    changes = {name: terms[name] for name in rng.sample(sorted(terms), rng.choice((1, 1, 2)))}
    async with turn.begin() as session:
        host = turn.plan.host_of(listing_id)
        await plan_service.edit_rate_plan(session, turn.clock, host, listing_id, changes, expected=None)
    return True


async def season(turn: Turn) -> bool:
    """Add a season, or forget one."""
    rng = turn.draws
    if turn.memory.seasons and rng.random() < 0.5:
        listing_id, season_id = turn.memory.seasons.pop(rng.randrange(len(turn.memory.seasons)))
        async with turn.begin() as session:
            host = turn.plan.host_of(listing_id)
            await plan_service.remove_season(session, turn.clock, host, listing_id, season_id, expected=None)
        return True
    listing_id = turn.listing_id()
    span = turn.window(listing_id, longest=30)
    wanted = Season("season", span.start, span.end, rng.choice((7_777, 12_000)), rng.choice((None, None, 2, 3)))
    async with turn.begin() as session:
        host = turn.plan.host_of(listing_id)
        added = await plan_service.add_season(session, turn.clock, host, listing_id, wanted)
    turn.memory.seasons.append((listing_id, added.season_id))
    return True


async def switch(turn: Turn) -> bool:
    """Take a listing off the market, or put it back."""
    listing_id = turn.listing_id()
    is_active = turn.truth.listings[listing_id].is_active
    async with turn.begin() as session:
        act = listings.deactivate if is_active and turn.draws.random() < 0.5 else listings.activate
        await act(session, turn.plan.host_of(listing_id), listing_id)
    return True


async def read_feeds(turn: Turn) -> bool:
    """Read the calendars of other sites that are due, as messy as they come."""
    return bool(await read_due_feeds(turn.sessions, turn.clock, OtherSite(turn.draws), limit=2))


async def sweep(turn: Turn) -> bool:
    """Let everything but holds happen that is due; those are seen to before every look."""
    async with turn.begin() as session:
        done = await requests.expire_due_requests(session, turn.clock, limit=10)
        done += await complete_ended_stays(session, turn.clock, limit=10)
        done += await modifications.expire_due(session, turn.clock, limit=10)
    return done > 0
