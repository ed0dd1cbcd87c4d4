"""What a changed stay costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lodestay.money import Money
from lodestay.pricing import Component, PriceTerms, price_stay
from lodestay.stay import Stay
from tests.transactional.factories import TODAY, stay_of
from tests.transactional.modifications.test_rules import NIGHTS, calendar_of
from transactional.bookings.records import BookingRecord
from transactional.modifications.pricing import nights_of, reprice
from transactional.quotes.charges import Exchange, charge
from transactional.quotes.explanation import explained_lines, nightly_prices, recompute, total_of

TERMS = PriceTerms("EUR", 3_000, 2, 1_000, 1_000, 2_000, 1_400, 600, 7, 500, 90, 800, 2_000)
RATE = Decimal("171.35")
stays = st.tuples(st.integers(0, NIGHTS - 20), st.integers(1, 15)).map(lambda pair: stay_of(*pair))


def booked(stay: Stay, *, nightly: int = 90, guests: int = 2, rate: Decimal = RATE) -> BookingRecord:
    """A booking made today, every night at a price that the calendar no longer has, charged in yen."""
    prices = [nightly] * stay.nights
    lead_days = (stay.check_in - TODAY).days
    price = price_stay(TERMS, nights_minor=sum(prices), nights=stay.nights, guests=guests, lead_days=lead_days)
    lines = explained_lines(price, TERMS, nightly_minor=prices, guests=guests, lead_days=lead_days)
    charge_lines, charge_total = charge(lines, currency="EUR", exchange=Exchange("JPY", rate, None))
    noon = datetime(2026, 6, 15, 12, tzinfo=UTC)
    return BookingRecord(
        booking_id=UUID(int=1),
        reference="7KQ2M9XH4D",
        listing_id=42,
        guest_id=UUID(int=2),
        quote_id=None,
        status="confirmed",
        check_in=stay.check_in,
        check_out=stay.check_out,
        starts_at=noon,
        ends_at=noon + timedelta(days=stay.nights),
        guests=guests,
        pets=0,
        currency="EUR",
        lines=lines,
        total_minor=price.total_minor,
        charge_currency="JPY",
        charge_lines=charge_lines,
        charge_total_minor=charge_total,
        exchange_rate=rate,
        cancellation_policy="moderate",
        payment_method=None,
        created_at=noon,
        respond_by=None,
        approved_at=None,
        hold_expires_at=None,
        confirmed_at=noon,
        closed_at=None,
        closed_because=None,
        cancelled_at=None,
        cancelled_by=None,
        refund=None,
        version=2,
    )


CALENDAR = calendar_of(np.ones(NIGHTS))
"""Every night costs 100 now."""


@given(before=stays, after=stays, guests=st.integers(1, 4), pets=st.integers(0, 2))
def test_nights_kept_cost_what_they_did_and_new_ones_what_they_do(
    before: Stay, after: Stay, guests: int, pets: int
) -> None:
    """90 or 100, night by night; the lines can be reckoned again, and both currencies add up to the unit."""
    booking = booked(before)
    price = reprice(booking, CALENDAR, TERMS, after, guests=guests, pets=pets, booked_on=TODAY, agreed_minor=None)
    nights = nightly_prices(price.lines, after)
    assert nights == {night: 90 if night in set(before) else 100 for night in after}
    assert recompute(price.lines) == price.lines
    assert total_of(price.lines) == price.total_minor
    assert total_of(price.charge_lines) == price.charge_total_minor


@given(stay=stays, guests=st.integers(1, 4))
def test_the_same_stay_costs_the_same(stay: Stay, guests: int) -> None:
    """A change that changes nothing leaves every line as it is, in both currencies."""
    booking = booked(stay, guests=guests)
    price = reprice(booking, CALENDAR, TERMS, stay, guests=guests, pets=0, booked_on=TODAY, agreed_minor=None)
    assert (price.lines, price.charge_lines) == (booking.lines, booking.charge_lines)


@given(before=stays, after=stays, rate=st.decimals("0.001", "1000", places=6))
def test_b27_the_rate_of_the_booking_stays(before: Stay, after: Stay, rate: Decimal) -> None:
    """B27: whatever a euro costs today, the changed total is exchanged at what the quote has fixed."""
    price = reprice(
        booked(before, rate=rate), CALENDAR, TERMS, after, guests=2, pets=0, booked_on=TODAY, agreed_minor=None
    )
    assert price.charge_total_minor == Money(price.total_minor, "EUR").convert(rate, "JPY").minor


def test_b27_control_at_todays_rate_a_night_less_would_cost_more() -> None:
    """Control: the euro has risen; a shorter stay exchanged anew would be dearer than the booked one."""
    booking = booked(stay_of(10, 3))
    shorter = reprice(booking, CALENDAR, TERMS, stay_of(10, 2), guests=2, pets=0, booked_on=TODAY, agreed_minor=None)
    anew = Money(shorter.total_minor, "EUR").convert(Decimal(260), "JPY").minor
    assert shorter.charge_total_minor < booking.charge_total_minor < anew


def test_lead_time_goes_by_the_day_of_the_booking() -> None:
    """A guest who takes a friend less on the eve of arrival gets no discount for booking late."""
    booking = booked(stay_of(30, 3), guests=3)
    price = reprice(booking, CALENDAR, TERMS, stay_of(30, 3), guests=2, pets=0, booked_on=TODAY, agreed_minor=None)
    assert {line["component"] for line in booking.lines} - {line["component"] for line in price.lines} == {
        "extra_guests"
    }


def test_a_price_that_the_host_names_has_no_discounts() -> None:
    """The nights come to what was said, to the unit, in a stay with a weekly discount; fees and taxes follow."""
    booking = booked(stay_of(10, 8))
    price = reprice(booking, CALENDAR, TERMS, stay_of(10, 8), guests=2, pets=1, booked_on=TODAY, agreed_minor=1_001)
    by_component = {line["component"]: line["minor"] for line in price.lines}
    assert by_component == {
        "nights": 1_001,
        "cleaning": 3_000,
        "pets": 2_000,
        "service_fee": 840,
        "taxes": 360,
    }
    assert recompute(price.lines) == price.lines
    later = replace(booking, lines=price.lines, charge_lines=price.charge_lines, pets=1)
    without_dog = reprice(later, CALENDAR, TERMS, stay_of(10, 8), guests=2, pets=0, booked_on=TODAY, agreed_minor=None)
    assert without_dog.lines[0]["minor"] == 1_001
    assert Component.LENGTH_OF_STAY_DISCOUNT not in {line["component"] for line in without_dog.lines}


def test_nights_of_a_booking_from_before_there_were_explanations_are_spread_evenly() -> None:
    """Their sum is kept to the unit."""
    booking = replace(booked(stay_of(10, 3)), lines=[{"component": "nights", "minor": 100}])
    assert list(nights_of(booking).values()) == [34, 33, 33]
