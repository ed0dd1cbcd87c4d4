"""What a stay costs in a listing, or why it cannot be had: pure."""

from __future__ import annotations

from datetime import date
from typing import Any

from lodestay.calendar import RefusedStay, StayCalendar
from lodestay.pricing import PriceTerms, StayPrice, price_stay
from lodestay.stay import Stay


def price_or_refuse(
    calendar: StayCalendar, terms: PriceTerms, stay: Stay, *, guests: int, today: date
) -> StayPrice | RefusedStay:
    """Price a stay by the listing's calendar and terms, or name the rule in its way.

    Parameters
    ----------
    calendar
        Must reach one night past the stay for its closed-to-departure rule to be known.
    today
        Date in the listing's time zone.
    """
    refused = calendar.refuse(stay, today=today)
    if refused is not None:
        return refused
    nights_minor = int(calendar.nightly_prices(stay).sum())
    return price_stay(terms, nights_minor=nights_minor, nights=stay.nights, guests=guests)


def lines_as_json(price: StayPrice) -> list[dict[str, Any]]:
    """Lines of a price in the form in which they are stored."""
    return [{"component": line.component.value, "minor": line.minor} for line in price.lines]
