"""What a stay costs in a listing, or why it cannot be had, and how long a quote can be booked: pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from lodestay.calendar import RefusedStay, StayCalendar
from lodestay.clock import local_instant
from lodestay.pricing import PriceTerms, StayPrice, price_stay
from lodestay.stay import Stay


def price_or_refuse(
    calendar: StayCalendar,
    terms: PriceTerms,
    stay: Stay,
    *,
    guests: int,
    today: date,
    hour: int = 0,
    pets: int = 0,
) -> StayPrice | RefusedStay:
    """Price a stay by the listing's calendar and terms, or name the rule in its way.

    Parameters
    ----------
    calendar
        Of `Window.around` the stay: the rules look at the nights beside it too.
    today, hour
        Date and hour of the day where the listing is. Without the hour, its last one for bookings is not asked.
    """
    refused = calendar.refuse(stay, today=today, hour=hour)
    if refused is not None:
        return refused
    nights_minor = int(calendar.nightly_prices(stay).sum())
    lead_days = (stay.check_in - today).days
    return price_stay(
        terms, nights_minor=nights_minor, nights=stay.nights, guests=guests, pets=pets, lead_days=lead_days
    )


def bookable_until(calendar: StayCalendar, check_in: date, timezone: str) -> datetime:
    """The instant from which an arrival is refused for the notice it gives."""
    day, hour = calendar.last_moment(check_in)
    return local_instant(day, hour, timezone)


def quote_expiry(now: datetime, *, valid: timedelta, bookable_until: datetime) -> datetime:
    """When a quote ends: after its time, or earlier, with the notice that the host asks for."""
    return min(now + valid, bookable_until)
