"""Markets of the simulation from synthetic snapshots, without a database between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from lodestay.calendar import StayCalendar
from lodestay.pricing import PriceTerms
from simulation.market import Market, Place, build_market
from simulation.stay_grid import StayGrid
from simulation.supply import SyntheticMarket
from transactional.calendars.rules import SAYS_NOTHING, NightColumns, RatePlanRow, SeasonRow, Window, build_calendar

NIGHTS = 456


@dataclass(frozen=True)
class ShownListing:
    """A listing as guests see it."""

    listing_id: int
    latitude: float
    longitude: float
    accommodates: int
    room_type: str
    amenities: list[str]
    language: str | None
    neighbourhood: str | None
    rating: Decimal | None
    review_count: int


def calendars_of(made: SyntheticMarket) -> tuple[list[StayCalendar], list[PriceTerms]]:
    """Calendars and price terms of each listing, by the rules that the database goes by."""
    s = made.snapshot
    rows = s.listings.to_pylist()
    nights = s.nights
    assert nights is not None
    seasons: dict[str, list[SeasonRow]] = {}
    for row in s.seasons.to_pylist():
        seasons.setdefault(row["source_id"], []).append(
            SeasonRow(row["starts_on"], row["ends_before"], row["price_bps"], row["min_stay"])
        )
    start = nights["night"][0].as_py()
    window = Window(start, start + timedelta(days=NIGHTS))
    columns = {
        name: nights[name].combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False).reshape(-1, NIGHTS)
        for name in ("price_minor", "min_stay", "max_stay")
    }
    flags = {
        name: nights[name].combine_chunks().to_numpy(zero_copy_only=False).reshape(-1, NIGHTS)
        for name in ("is_free", "closed_to_arrival", "closed_to_departure")
    }
    calendars = []
    for n, row in enumerate(rows):
        own = NightColumns(
            night=np.datetime64(start) + np.arange(NIGHTS),
            price_minor=columns["price_minor"][n].astype(np.int64),
            min_stay=columns["min_stay"][n].astype(np.int32),
            max_stay=columns["max_stay"][n].astype(np.int32),
            closed_to_arrival=flags["closed_to_arrival"][n].astype(bool),
            closed_to_departure=flags["closed_to_departure"][n].astype(bool),
            min_stay_through=np.full(NIGHTS, SAYS_NOTHING, dtype=np.int32),
            max_stay_through=np.full(NIGHTS, SAYS_NOTHING, dtype=np.int32),
        )
        taken = np.flatnonzero(~flags["is_free"][n].astype(bool)).tolist()
        plan = RatePlanRow(
            base_price_minor=row["base_price_minor"],
            weekend_price_minor=row["weekend_price_minor"],
            min_stay=row["min_stay"],
            max_stay=row["max_stay"],
            advance_notice_days=row["advance_notice_days"],
            calendar_from=window.start,
            calendar_until=window.end,
        )
        occupied = [(start + timedelta(days=k), start + timedelta(days=k + 1)) for k in taken]
        calendars.append(
            build_calendar(
                plan, seasons=seasons.get(row["source_id"], []), nights=own, occupied=occupied, window=window
            )
        )
    facts = s.market
    terms = [
        PriceTerms(
            currency=facts.currency,
            cleaning_fee_minor=row["cleaning_fee_minor"],
            guests_included=row["guests_included"],
            extra_guest_fee_minor=row["extra_guest_fee_minor"],
            weekly_discount_bps=row["weekly_discount_bps"],
            monthly_discount_bps=row["monthly_discount_bps"],
            service_fee_bps=facts.service_fee_bps,
            tax_bps=facts.tax_bps,
        )
        for row in rows
    ]
    return calendars, terms


def market_of(made: SyntheticMarket, *, seed: int) -> Market:
    """The market of a snapshot; listings are numbered from 1."""
    calendars, terms = calendars_of(made)
    facts = made.snapshot.market
    names = ShownListing.__dataclass_fields__.keys() - {"listing_id"}
    shown = [
        ShownListing(listing_id=n, **{name: row[name] for name in names})
        for n, row in enumerate(made.snapshot.listings.to_pylist(), start=1)
    ]
    start: date = calendars[0].start
    return build_market(
        Place(facts.market_key, facts.timezone, facts.currency, facts.latitude, facts.longitude),
        shown,
        StayGrid(calendars, terms, start=start, end=start + timedelta(days=NIGHTS)),
        truth=(made.latent["quality"].to_numpy(), made.latent["appeal"].to_numpy()),
        seed=seed,
    )
