"""What hosts say of all their nights: the rate plan and the seasons.

Every change makes the calendar's version grow: whoever made an edit, or a quote, from an earlier one learns it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import HORIZON_NIGHTS
from lodestay.clock import Clock, today_in
from transactional.calendars import plan_repository
from transactional.calendars.edits import MAX_EDIT_NIGHTS, require_no_new_clash
from transactional.calendars.errors import (
    InvalidCalendarEdit,
    InvalidWindow,
    NightsArePast,
    SeasonNotFound,
    TooManySeasons,
)
from transactional.calendars.plan_repository import RatePlanRecord, Season, SeasonRecord
from transactional.calendars.rules import RatePlanRow, SeasonRow, Window
from transactional.calendars.service import lock_for_edit, note_change, owner_of, parts_of, require_version
from transactional.listings.repository import LockedListing
from transactional.users.actors import Actor

MAX_SEASONS = 200


async def get_rate_plan(session: AsyncSession, actor: Actor, listing_id: int) -> RatePlanRecord:
    """Load the rate plan of an own listing; `ListingNotFound`, `NoRatePlan`."""
    await plan_repository.timezone_of_own(session, listing_id, owner=owner_of(actor))
    return await plan_repository.get_plan(session, listing_id)


async def edit_rate_plan(
    session: AsyncSession,
    clock: Clock,
    actor: Actor,
    listing_id: int,
    changes: Mapping[str, Any],
    *,
    expected: Collection[int] | None,
) -> RatePlanRecord:
    """Change some terms of the rate plan; where nothing differs, nothing is written and nobody told.

    Parameters
    ----------
    changes
        By name of `plan_repository.TERMS`.
    expected
        Versions of which one must be the present one; None for whatever it is.

    Raises
    ------
    CalendarChanged
        Somebody has changed prices or rules since.
    InvalidCalendarEdit, ClashingStayRules
        Terms that no plan can have together.
    """
    locked = await lock_for_edit(session, actor, listing_id)
    plan = await plan_repository.get_plan(session, listing_id)
    require_version(listing_id, plan.version, expected)
    differing = {name: value for name, value in changes.items() if plan.terms[name] != value}
    if not differing:
        return plan
    terms = {**plan.terms, **differing}
    _require_sense(terms)
    today = today_in(locked.timezone, clock)
    ahead = Window(today, today + timedelta(days=HORIZON_NIGHTS))
    parts = await parts_of(session, clock, listing_id, ahead)
    shown = RatePlanRow.__dataclass_fields__.keys() & differing.keys()
    changed = replace(parts, plan=replace(parts.plan, **{name: differing[name] for name in shown}))
    require_no_new_clash(parts.open_calendar(ahead), changed.open_calendar(ahead))
    version = await plan_repository.set_plan(session, listing_id, differing, now=clock.now())
    await note_change(session, locked, None, changed=sorted(differing))
    return replace(plan, version=version, terms=terms)


async def list_seasons(session: AsyncSession, actor: Actor, listing_id: int) -> Sequence[SeasonRecord]:
    """Seasons of an own listing, the earliest first."""
    await plan_repository.timezone_of_own(session, listing_id, owner=owner_of(actor))
    return await plan_repository.list_seasons(session, listing_id)


async def add_season(
    session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, season: Season
) -> SeasonRecord:
    """Scale the prices of a span of nights, and maybe lengthen its stays.

    Raises
    ------
    InvalidWindow, NightsArePast, ClashingStayRules
        No span, too long a one, or one that has begun; stays longer than the longest.
    TooManySeasons
        The listing has its fill.
    """
    locked = await lock_for_edit(session, actor, listing_id)
    await plan_repository.get_plan(session, listing_id)  # or there is nothing to scale
    held = await plan_repository.list_seasons(session, listing_id)
    if len(held) >= MAX_SEASONS:
        raise TooManySeasons(listing_id, limit=MAX_SEASONS)
    await _require_season(session, clock, locked, season, instead_of=None)
    season_id = await plan_repository.add_season(session, listing_id, season)
    await _season_changed(session, clock, locked, _span(season))
    return SeasonRecord(season_id, season)


async def change_season(
    session: AsyncSession,
    clock: Clock,
    actor: Actor,
    listing_id: int,
    wanted: SeasonRecord,
    *,
    expected: Collection[int] | None,
) -> SeasonRecord:
    """Replace a season; one that runs already keeps the day on which it began. Raises as :func:`add_season`."""
    locked = await lock_for_edit(session, actor, listing_id)
    await _require_version(session, locked, expected)
    season = wanted.season
    held = await _find(session, listing_id, wanted.season_id)
    if held.season != season:
        await _require_season(session, clock, locked, season, instead_of=held.season)
        await plan_repository.set_season(session, listing_id, wanted.season_id, season)
        both = Window(min(held.season.starts_on, season.starts_on), max(held.season.ends_before, season.ends_before))
        await _season_changed(session, clock, locked, both)
    return wanted


async def remove_season(
    session: AsyncSession,
    clock: Clock,
    actor: Actor,
    listing_id: int,
    season_id: int,
    *,
    expected: Collection[int] | None,
) -> None:
    """Forget a season: its nights return to the rate plan. `SeasonNotFound`, `CalendarChanged`."""
    locked = await lock_for_edit(session, actor, listing_id)
    await _require_version(session, locked, expected)
    held = await _find(session, listing_id, season_id)
    await plan_repository.remove_season(session, listing_id, season_id)
    await _season_changed(session, clock, locked, _span(held.season))


async def version_of(session: AsyncSession, listing_id: int) -> int:
    """The calendar's present version."""
    return (await plan_repository.get_plan(session, listing_id)).version


def _require_sense(terms: Mapping[str, Any]) -> None:
    """Raise where terms, each possible alone, cannot be together."""
    if terms["min_stay"] > terms["max_stay"]:
        raise InvalidCalendarEdit(
            f"A stay of at least {terms['min_stay']} and at most {terms['max_stay']} nights cannot be.",
            hint="Send a min_stay that is not above max_stay.",
            field="min_stay",
        )
    if not terms["preparation_days"] and terms["check_out_hour"] > terms["check_in_hour"]:
        raise InvalidCalendarEdit(
            f"Guests leave at {terms['check_out_hour']}:00, after the next ones came at {terms['check_in_hour']}:00.",
            hint="Send an earlier check_out_hour, or a day of preparation.",
            field="check_out_hour",
        )


async def _require_season(
    session: AsyncSession, clock: Clock, listing: LockedListing, season: Season, *, instead_of: Season | None
) -> None:
    span, today = _span(season), today_in(listing.timezone, clock)
    if span.nights > MAX_EDIT_NIGHTS:
        raise InvalidWindow(f"{span.nights} nights are more than {MAX_EDIT_NIGHTS}.", hint="Make two of it.")
    begun = instead_of is not None and instead_of.starts_on == season.starts_on
    if season.ends_before <= today or (season.starts_on < today and not begun):
        raise NightsArePast([season.starts_on], today=today)
    parts = await parts_of(session, clock, listing.listing_id, span)
    seasons = [row for row in parts.seasons if instead_of is None or row != _row(instead_of)]
    changed = replace(parts, seasons=[*seasons, _row(season)])
    require_no_new_clash(parts.open_calendar(span), changed.open_calendar(span))


async def _find(session: AsyncSession, listing_id: int, season_id: int) -> SeasonRecord:
    for record in await plan_repository.list_seasons(session, listing_id):
        if record.season_id == season_id:
            return record
    raise SeasonNotFound(season_id)


async def _require_version(session: AsyncSession, listing: LockedListing, expected: Collection[int] | None) -> None:
    require_version(listing.listing_id, await version_of(session, listing.listing_id), expected)


async def _season_changed(session: AsyncSession, clock: Clock, listing: LockedListing, span: Window) -> None:
    await plan_repository.bump_version(session, listing.listing_id, now=clock.now())
    await note_change(session, listing, span, changed=["seasons"])


def _span(season: Season) -> Window:
    return Window(season.starts_on, season.ends_before)


def _row(season: Season) -> SeasonRow:
    return SeasonRow(season.starts_on, season.ends_before, season.price_bps, season.min_stay)
