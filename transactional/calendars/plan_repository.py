"""Queries on rate plans, seasons and single nights: what hosts say their nights cost and allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.calendars.errors import NoRatePlan, SeasonNotFound
from transactional.listings.errors import ListingNotFound

TERMS: Final = {
    "base_price_minor": "bigint",
    "weekend_price_minor": "bigint",
    "cleaning_fee_minor": "bigint",
    "guests_included": "bigint",
    "extra_guest_fee_minor": "bigint",
    "weekly_discount_bps": "bigint",
    "monthly_discount_bps": "bigint",
    "last_minute_days": "bigint",
    "last_minute_discount_bps": "bigint",
    "early_bird_days": "bigint",
    "early_bird_discount_bps": "bigint",
    "max_pets": "bigint",
    "pet_fee_minor": "bigint",
    "min_stay": "bigint",
    "max_stay": "bigint",
    "advance_notice_days": "bigint",
    "last_booking_hour": "bigint",
    "booking_window_days": "bigint",
    "preparation_days": "bigint",
    "min_gap_nights": "bigint",
    "fills_gaps": "boolean",
    "check_in_hour": "bigint",
    "check_out_hour": "bigint",
    "approval_hours": "bigint",
    "requires_verified_guest": "boolean",
    "requires_completed_stays": "bigint",
}
"""Columns of a rate plan that its host decides, with their types."""
NIGHT_TYPES: Final = {
    "price_minor": "bigint",
    "min_stay": "bigint",
    "max_stay": "bigint",
    "min_stay_through": "bigint",
    "max_stay_through": "bigint",
    "closed_to_arrival": "boolean",
    "closed_to_departure": "boolean",
}
"""Columns in which a night speaks for itself, with their types."""

_OWN = text("""
    SELECT timezone FROM listings JOIN markets USING (market_key)
    WHERE listing_id = :listing_id AND (CAST(:owner AS uuid) IS NULL OR host_id = :owner)
""")
_PLAN = text(f"""
    SELECT currency, calendar_from, calendar_until, version, {", ".join(TERMS)}
    FROM rate_plans WHERE listing_id = :listing_id
""")
_SET_PLAN = """
    UPDATE rate_plans SET {values}, version = version + 1, updated_at = :now
    WHERE listing_id = :listing_id RETURNING version
"""
_BUMP = text("""
    UPDATE rate_plans SET version = version + 1, updated_at = :now WHERE listing_id = :listing_id RETURNING version
""")
# A night that says nothing needs no row: one is made only for a word, and goes when the last word does.
_SET_NIGHTS = """
    INSERT INTO calendar_nights (listing_id, night, {columns})
    SELECT :listing_id, night, {values} FROM unnest(CAST(:nights AS date[])) AS night
    WHERE :speaks OR EXISTS (SELECT FROM calendar_nights c WHERE c.listing_id = :listing_id AND c.night = night.night)
    ON CONFLICT (listing_id, night) DO UPDATE SET {updates}
    WHERE ({held}) IS DISTINCT FROM ({told})
    RETURNING night
"""
_FORGET_SILENT = text("""
    DELETE FROM calendar_nights
    WHERE listing_id = :listing_id AND night = ANY(:nights) AND NOT closed_to_arrival AND NOT closed_to_departure
      AND coalesce(price_minor, min_stay, max_stay, min_stay_through, max_stay_through) IS NULL
""")
_SEASONS = text("""
    SELECT season_id, name, lower(span) AS starts_on, upper(span) AS ends_before, price_bps, min_stay
    FROM seasons WHERE listing_id = :listing_id ORDER BY lower(span), season_id
""")
_ADD_SEASON = text("""
    INSERT INTO seasons (listing_id, name, span, price_bps, min_stay)
    VALUES (:listing_id, :name, daterange(:starts_on, :ends_before), :price_bps, :min_stay) RETURNING season_id
""")
_SET_SEASON = text("""
    UPDATE seasons SET name = :name, span = daterange(:starts_on, :ends_before), price_bps = :price_bps,
                       min_stay = :min_stay
    WHERE listing_id = :listing_id AND season_id = :season_id RETURNING season_id
""")
_REMOVE_SEASON = text("""
    DELETE FROM seasons WHERE listing_id = :listing_id AND season_id = :season_id RETURNING season_id
""")


@dataclass(frozen=True, slots=True)
class RatePlanRecord:
    """A rate plan as its host sees it.

    Attributes
    ----------
    terms
        By name of :data:`TERMS`.
    """

    listing_id: int
    currency: str
    calendar_from: date | None
    calendar_until: date | None
    version: int
    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Season:
    """What a host calls a season: nights from `starts_on` up to, and without, `ends_before`."""

    name: str
    starts_on: date
    ends_before: date
    price_bps: int
    min_stay: int | None


@dataclass(frozen=True, slots=True)
class SeasonRecord:
    """A season with its number."""

    season_id: int
    season: Season


async def timezone_of_own(session: AsyncSession, listing_id: int, *, owner: UUID | None) -> str:
    """Time zone of a listing that belongs to a host, or to any for None; or raise `ListingNotFound`."""
    timezone = await session.scalar(_OWN, {"listing_id": listing_id, "owner": owner})
    if timezone is None:
        raise ListingNotFound(listing_id)
    return str(timezone)


async def get_plan(session: AsyncSession, listing_id: int) -> RatePlanRecord:
    """Load a listing's rate plan, or raise `NoRatePlan`."""
    row = (await session.execute(_PLAN, {"listing_id": listing_id})).mappings().one_or_none()
    if row is None:
        raise NoRatePlan(listing_id)
    return RatePlanRecord(
        listing_id=listing_id,
        currency=row["currency"],
        calendar_from=row["calendar_from"],
        calendar_until=row["calendar_until"],
        version=row["version"],
        terms={name: row[name] for name in TERMS},
    )


async def set_plan(session: AsyncSession, listing_id: int, changes: Mapping[str, Any], *, now: datetime) -> int:
    """Write some terms of a locked listing's plan; the plan's new version."""
    values = ", ".join(f"{name} = CAST(:{name} AS {TERMS[name]})" for name in changes)
    written = await session.execute(
        text(_SET_PLAN.format(values=values)), {**changes, "listing_id": listing_id, "now": now}
    )
    return int(written.scalar_one())


async def bump_version(session: AsyncSession, listing_id: int, *, now: datetime) -> int:
    """Note that a locked listing's nights cost or allow something else; the new version."""
    return int((await session.execute(_BUMP, {"listing_id": listing_id, "now": now})).scalar_one())


async def set_nights(
    session: AsyncSession, listing_id: int, nights: Sequence[date], values: Mapping[str, int | bool | None]
) -> int:
    """Set columns of single nights; None gives the night's own word up. Returns how many nights changed."""
    told = {name: bool(value) if NIGHT_TYPES[name] == "boolean" else value for name, value in values.items()}
    statement = _SET_NIGHTS.format(
        columns=", ".join(told),
        values=", ".join(f"CAST(:{name} AS {NIGHT_TYPES[name]})" for name in told),
        updates=", ".join(f"{name} = EXCLUDED.{name}" for name in told),
        held=", ".join(f"calendar_nights.{name}" for name in told),
        told=", ".join(f"EXCLUDED.{name}" for name in told),
    )
    speaks = any(value not in {None, False} for value in told.values())
    asked = {"listing_id": listing_id, "nights": list(nights), "speaks": speaks}
    changed = len((await session.execute(text(statement), {**told, **asked})).all())
    if changed and not speaks:
        await session.execute(_FORGET_SILENT, {"listing_id": listing_id, "nights": list(nights)})
    return changed


async def list_seasons(session: AsyncSession, listing_id: int) -> list[SeasonRecord]:
    """A listing's seasons, the earliest first."""
    rows = await session.execute(_SEASONS, {"listing_id": listing_id})
    return [SeasonRecord(row.pop("season_id"), Season(**row)) for row in map(dict, rows.mappings())]


async def add_season(session: AsyncSession, listing_id: int, season: Season) -> int:
    """Write a season of a locked listing; its number."""
    return int((await session.execute(_ADD_SEASON, _season(listing_id, season))).scalar_one())


async def set_season(session: AsyncSession, listing_id: int, season_id: int, season: Season) -> None:
    """Change a season of a locked listing, or raise `SeasonNotFound`."""
    written = await session.execute(_SET_SEASON, {**_season(listing_id, season), "season_id": season_id})
    if written.one_or_none() is None:
        raise SeasonNotFound(season_id)


async def remove_season(session: AsyncSession, listing_id: int, season_id: int) -> None:
    """Forget a season of a locked listing, or raise `SeasonNotFound`."""
    removed = await session.execute(_REMOVE_SEASON, {"listing_id": listing_id, "season_id": season_id})
    if removed.one_or_none() is None:
        raise SeasonNotFound(season_id)


def _season(listing_id: int, season: Season) -> dict[str, Any]:
    return {"listing_id": listing_id, **{name: getattr(season, name) for name in Season.__dataclass_fields__}}
