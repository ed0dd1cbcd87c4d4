"""What a changed stay costs: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from lodestay.calendar import StayCalendar
from lodestay.money import split_by_largest_remainder
from lodestay.pricing import PriceTerms, price_stay
from lodestay.stay import Stay
from transactional.bookings.records import BookingRecord
from transactional.quotes.charges import Exchange, charge_again
from transactional.quotes.explanation import Line, explained_lines, nightly_prices, total_of


@dataclass(frozen=True, slots=True)
class NewPrice:
    """The whole price of a changed stay, in the listing's currency and as it is charged."""

    lines: list[Line]
    total_minor: int
    charge_lines: list[Line]
    charge_total_minor: int


def reprice(
    booking: BookingRecord,
    calendar: StayCalendar,
    terms: PriceTerms,
    stay: Stay,
    *,
    guests: int,
    pets: int,
    booked_on: date,
    agreed_minor: int | None,
) -> NewPrice:
    """Price a booking's changed stay.

    A night that it has already costs what it was booked at, another what the calendar says. What is no night is
    at the listing's present terms. The exchange rate is the booking's.

    Parameters
    ----------
    calendar
        Has a price for every night that the booking does not have yet.
    booked_on
        Day of the booking where the listing is: discounts for booking early or late go by it.
    agreed_minor
        What the host wants for the nights together; they have no discount then.
    """
    had = nights_of(booking)
    agreed = agreed_minor
    if agreed is None and stay == booking.stay and is_agreed(booking.lines):
        agreed = sum(had.values())
    if agreed is None:
        nightly = [had[n] if n in had else int(calendar.price_minor[calendar.index(n)]) for n in stay]
    else:
        nightly = split_by_largest_remainder(agreed, [1] * stay.nights)
        terms = without_discounts(terms)
    lead_days = (stay.check_in - booked_on).days
    price = price_stay(
        terms, nights_minor=sum(nightly), nights=stay.nights, guests=guests, pets=pets, lead_days=lead_days
    )
    lines = explained_lines(price, terms, nightly_minor=nightly, guests=guests, lead_days=lead_days)
    if agreed is not None:
        lines[0]["basis"]["agreed"] = True
    charge_lines, charge_total = charge_again(
        lines,
        before=booking.lines,
        charged_before=booking.charge_lines,
        currency=booking.currency,
        exchange=Exchange(booking.charge_currency, booking.exchange_rate, None),
    )
    return NewPrice(lines, total_of(lines), charge_lines, charge_total)


def nights_of(booking: BookingRecord) -> dict[date, int]:
    """What each night of a booking was booked at; evenly spread where only their sum was kept."""
    prices = nightly_prices(booking.lines, booking.stay)
    if prices is not None:
        return prices
    together = booking.lines[0]["minor"]
    return dict(zip(booking.stay, split_by_largest_remainder(together, [1] * booking.stay.nights), strict=True))


def is_agreed(lines: Sequence[Line]) -> bool:
    """Whether the host has named the price of the nights."""
    return bool(lines[0].get("basis", {}).get("agreed"))


def without_discounts(terms: PriceTerms) -> PriceTerms:
    """Terms under which the nights cost what they cost."""
    return replace(
        terms,
        weekly_discount_bps=0,
        monthly_discount_bps=0,
        last_minute_discount_bps=0,
        early_bird_discount_bps=0,
    )
