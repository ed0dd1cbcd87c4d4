"""What price calendars are asked for and answered with."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, Field

from lodestay.calendar import Refusal, RefusedStay
from lodestay.stay import Stay
from search.answer import PriceDay
from search.flexible import Month, arrivals_in, not_askable
from search.today import Today
from serving.schemas import Guests, MoneyOut, MonthText, Pets, Query, example
from serving.search.schemas import PlaceQuery
from transactional.calendars.errors import StayUnavailable
from transactional.quotes.price_calendar import ArrivalPrice

MAX_CALENDAR_MONTHS = 2
"""Months that are shown at once."""
MAX_CALENDAR_STAY = 90
"""Nights of the stays in a calendar: what is read goes so far beyond its months."""


class ArrivalsQuery(Query):
    """Which days of arrival, and for how long."""

    month: Annotated[list[MonthText], Field(max_length=MAX_CALENDAR_MONTHS)] = Field(
        [], description="Days of arrival: those of one month or two; default: this month.", examples=[["2027-05"]]
    )
    nights: int = Field(1, ge=1, le=MAX_CALENDAR_STAY, description="Length of every stay.", examples=[3])

    def stays(self, *, today: Today) -> tuple[Stay, ...]:
        """List a stay for each day of arrival.

        Raises
        ------
        InvalidSearch
            No stay of these months can be asked for: all have passed, or lie beyond the horizon.
        """
        months = {Month.read(month) for month in self.month} or {Month.of(today.here)}
        stays = arrivals_in(months, self.nights)
        if not any(map(today.is_askable, stays)):
            raise not_askable(stays, today=today)
        return stays


class ListingCalendarQuery(ArrivalsQuery):
    """Whose stay it is."""

    guests: Guests = 1
    pets: Pets = 0


class PlaceCalendarQuery(PlaceQuery, ArrivalsQuery):
    """A search without dates, and which days of arrival are compared."""


class ArrivalOut(BaseModel):
    """A day of arrival: its stay's exact total, or the rule in the way."""

    check_in: date
    check_out: date
    available: bool
    total: MoneyOut | None = Field(description="Fees and taxes included, what a quote says; null where it is refused.")
    rule: Refusal | None = Field(description="What is in the way; null where nothing is.")
    limit: int | None = Field(description="The rule's number (nights, days, hour), where it has one.")
    reason: str | None = Field(description="The rule in words.", examples=["Somebody has 2027-05-09."])

    @classmethod
    def of(cls, arrival: ArrivalPrice, listing_id: int) -> Self:
        """Write a day down."""
        stay, outcome = arrival.stay, arrival.outcome
        if isinstance(outcome, RefusedStay):
            problem = StayUnavailable.because(outcome, listing_id=listing_id, stay=stay)
            return cls(
                check_in=stay.check_in,
                check_out=stay.check_out,
                available=False,
                total=None,
                rule=outcome.rule,
                limit=outcome.limit,
                reason=problem.detail,
            )
        total = MoneyOut.of(outcome.total_minor, outcome.currency)
        return cls(
            check_in=stay.check_in,
            check_out=stay.check_out,
            available=True,
            total=total,
            rule=None,
            limit=None,
            reason=None,
        )


class ListingCalendarOut(BaseModel):
    """What a stay of some nights costs in a listing, by its day of arrival."""

    model_config = example(
        listing_id=42,
        nights=3,
        guests=2,
        currency="EUR",
        arrivals=[
            ArrivalOut(
                check_in=date(2027, 5, 7),
                check_out=date(2027, 5, 10),
                available=True,
                total=MoneyOut.of(39500, "EUR"),
                rule=None,
                limit=None,
                reason=None,
            ),
            ArrivalOut(
                check_in=date(2027, 5, 8),
                check_out=date(2027, 5, 11),
                available=False,
                total=None,
                rule=Refusal.CLOSED_TO_ARRIVAL,
                limit=None,
                reason="No stay can arrive on 2027-05-08.",
            ),
        ],
    )

    listing_id: int
    nights: int
    guests: int
    currency: str
    arrivals: list[ArrivalOut]


class PlaceDayOut(BaseModel):
    """A day of arrival: how many places take its stay, and what the cheapest costs."""

    check_in: date
    check_out: date
    count: int
    cheapest: MoneyOut | None = Field(description="Total of the stay; null where no price is known.")

    @classmethod
    def of(cls, day: PriceDay, currency: str) -> Self:
        """Write a day down."""
        return cls(
            check_in=day.stay.check_in,
            check_out=day.stay.check_out,
            count=day.count,
            cheapest=None if day.cheapest_minor is None else MoneyOut.of(day.cheapest_minor, currency),
        )


class PlaceCalendarOut(BaseModel):
    """What a search for a stay of some nights would find, by its day of arrival."""

    model_config = example(
        market="lisbon",
        nights=3,
        currency="EUR",
        degraded=[],
        arrivals=[
            {"check_in": "2027-05-07", "check_out": "2027-05-10", "count": 312, "cheapest": MoneyOut.of(21400, "EUR")}
        ],
    )

    market: str | None
    nights: int
    currency: str
    degraded: list[str] = Field(description="What had to be left out; empty when all is well.")
    arrivals: list[PlaceDayOut]
