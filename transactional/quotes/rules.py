"""What a stay costs in a listing, or why it cannot be had, and how long a quote can be booked: pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lodestay.calendar import RefusedStay, StayCalendar
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


def bookable_until(check_in: date, *, advance_notice_days: int, timezone: str) -> datetime:
    """First instant at which the host's notice refuses an arrival: the start of a day where the listing is."""
    refused_on = check_in - timedelta(days=advance_notice_days - 1)
    return datetime.combine(refused_on, time(), ZoneInfo(timezone)).astimezone(UTC)


def quote_expiry(now: datetime, *, valid: timedelta, bookable_until: datetime) -> datetime:
    """When a quote ends: after its time, or earlier, with the notice that the host asks for."""
    return min(now + valid, bookable_until)


def lines_as_json(price: StayPrice) -> list[dict[str, Any]]:
    """Lines of a price in the form in which they are stored."""
    return [{"component": line.component.value, "minor": line.minor} for line in price.lines]
