"""What a host says of all the nights: the rate plan and the seasons."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from lodestay.money import BPS
from lodestay.stay import MAX_NIGHTS
from serving.schemas import Body, Day, Name, example
from transactional.calendars.edits import MAX_PRICE_MINOR
from transactional.calendars.plan_repository import RatePlanRecord, Season, SeasonRecord

# What is left out stays as it is: a default made by a factory is in no schema, and never in `model_fields_set`.
_Price = Annotated[int | None, Field(default_factory=int, ge=1, lt=MAX_PRICE_MINOR)]
_Fee = Annotated[int, Field(default_factory=int, ge=0, lt=MAX_PRICE_MINOR)]
_Bps = Annotated[int, Field(default_factory=int, ge=0, le=BPS)]
_Nights = Annotated[int, Field(default_factory=int, ge=1, le=MAX_NIGHTS)]
_Hour = Annotated[int, Field(default_factory=int, ge=0, le=23)]
_Flag = Annotated[bool, Field(default_factory=bool)]

TERMS = {
    "base_price_minor": 10000,
    "weekend_price_minor": 12000,
    "cleaning_fee_minor": 3000,
    "guests_included": 2,
    "extra_guest_fee_minor": 1000,
    "weekly_discount_bps": 1000,
    "monthly_discount_bps": 2000,
    "last_minute_days": 3,
    "last_minute_discount_bps": 1500,
    "early_bird_days": 90,
    "early_bird_discount_bps": 500,
    "max_pets": 1,
    "pet_fee_minor": 2000,
    "min_stay": 2,
    "max_stay": 60,
    "advance_notice_days": 0,
    "last_booking_hour": 18,
    "booking_window_days": 365,
    "preparation_days": 1,
    "min_gap_nights": 2,
    "fills_gaps": True,
    "check_in_hour": 15,
    "check_out_hour": 11,
    "approval_hours": 24,
    "requires_verified_guest": False,
    "requires_completed_stays": 0,
}
"""Of the examples."""


class RatePlanIn(Body):
    """Terms that shall change. What is left out stays; null is a price that is not known."""

    model_config = example(**TERMS)

    base_price_minor: _Price = Field(description="Of a night; null: only nights with their own price are on sale.")
    weekend_price_minor: _Price = Field(description="Of Friday's and Saturday's night; null: the base price.")
    cleaning_fee_minor: _Fee = Field(description="Once a stay.")
    guests_included: int = Field(default_factory=int, ge=1, le=50)
    extra_guest_fee_minor: _Fee = Field(description="For each guest above, each night.")
    weekly_discount_bps: _Bps = Field(description="Off the nights, from 7 nights on; in hundredths of a per cent.")
    monthly_discount_bps: _Bps = Field(description="From 28 nights on, instead of the weekly one.")
    last_minute_days: int = Field(
        default_factory=int, ge=0, le=365, description="A stay that begins in so many days or less; 0: never."
    )
    last_minute_discount_bps: _Bps = Field(description="Off the nights after the discount for the length.")
    early_bird_days: int = Field(
        default_factory=int, ge=0, le=730, description="A stay that begins in so many days or more; 0: never."
    )
    early_bird_discount_bps: _Bps = Field(description="The higher of this and the last-minute discount counts.")
    max_pets: int = Field(default_factory=int, ge=0, le=20)
    pet_fee_minor: _Fee = Field(description="Once a stay with pets.")
    min_stay: _Nights
    max_stay: _Nights
    advance_notice_days: int = Field(
        default_factory=int, ge=0, le=365, description="Days between the booking and the check-in."
    )
    last_booking_hour: int = Field(
        default_factory=int, ge=1, le=24, description="From this hour at the listing, one day more; 24: never."
    )
    booking_window_days: _Nights = Field(description="Days from today on whose nights can be booked.")
    preparation_days: int = Field(
        default_factory=int, ge=0, le=14, description="Kept free before and after each guest's stay."
    )
    min_gap_nights: int = Field(
        default_factory=int, ge=0, le=30, description="No stay leaves fewer nights than this free beside taken ones."
    )
    fills_gaps: _Flag = Field(description="A stay that fills a gap exactly may be shorter than the minimum.")
    check_in_hour: _Hour
    check_out_hour: _Hour
    approval_hours: int = Field(default_factory=int, ge=1, le=168, description="To answer a request to book.")
    requires_verified_guest: _Flag
    requires_completed_stays: int = Field(default_factory=int, ge=0, le=100)

    @property
    def changes(self) -> dict[str, Any]:
        """What was sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class RatePlanOut(BaseModel):
    """A listing's prices and stay rules where no season and no single night says otherwise."""

    model_config = example(
        listing_id=42, currency="EUR", version=7, calendar_from="2026-06-01", calendar_until="2027-06-02", **TERMS
    )

    listing_id: int
    currency: str
    version: int = Field(description="Grows with every change of the plan, a season or a night.")
    calendar_from: date | None = Field(description="First night that is known; null: the listing has no calendar.")
    calendar_until: date | None = Field(description="The date after the last one.")
    base_price_minor: int | None
    weekend_price_minor: int | None
    cleaning_fee_minor: int
    guests_included: int
    extra_guest_fee_minor: int
    weekly_discount_bps: int
    monthly_discount_bps: int
    last_minute_days: int
    last_minute_discount_bps: int
    early_bird_days: int
    early_bird_discount_bps: int
    max_pets: int
    pet_fee_minor: int
    min_stay: int
    max_stay: int
    advance_notice_days: int
    last_booking_hour: int
    booking_window_days: int
    preparation_days: int
    min_gap_nights: int
    fills_gaps: bool
    check_in_hour: int
    check_out_hour: int
    approval_hours: int
    requires_verified_guest: bool
    requires_completed_stays: int

    @classmethod
    def of(cls, plan: RatePlanRecord) -> Self:
        """Write a rate plan down."""
        names = set(cls.model_fields) - TERMS.keys()
        return cls(**{name: getattr(plan, name) for name in names}, **plan.terms)


_SEASON = {"name": "Summer", "from": "2027-07-01", "to": "2027-09-01", "price_bps": 13000, "min_stay": 3}


class SeasonIn(Body):
    """A span of nights with other prices, and maybe longer stays."""

    model_config = example(**_SEASON)

    name: Name = Field(min_length=1, max_length=80, examples=["Summer"])
    from_: Day = Field(alias="from", examples=["2027-07-01"])
    to: Day = Field(description="The date after the last night.", examples=["2027-09-01"])
    price_bps: int = Field(ge=1, le=100_000, description="Of the plan's price; 13000 is 130 %.", examples=[13000])
    min_stay: int | None = Field(ge=1, le=MAX_NIGHTS, description="Null: the plan's.", examples=[3])

    @property
    def season(self) -> Season:
        """The season."""
        return Season(self.name, self.from_, self.to, self.price_bps, self.min_stay)


class SeasonOut(BaseModel):
    """A season with its number."""

    # Kept for an idempotency key, the answer is written down by its aliases too.
    model_config = ConfigDict(**example(season_id=5, **_SEASON), serialize_by_alias=True)

    season_id: int
    name: str
    from_: date = Field(alias="from", serialization_alias="from")
    to: date
    price_bps: int
    min_stay: int | None

    @classmethod
    def of(cls, record: SeasonRecord) -> Self:
        """Write a season down."""
        season = record.season
        return cls(
            season_id=record.season_id,
            name=season.name,
            **{"from": season.starts_on},
            to=season.ends_before,
            price_bps=season.price_bps,
            min_stay=season.min_stay,
        )


class SeasonsOut(BaseModel):
    """A listing's seasons, the earliest first."""

    model_config = example(version=7, items=[{"season_id": 5, **_SEASON}])

    version: int = Field(description="Of the calendar.")
    items: list[SeasonOut]
