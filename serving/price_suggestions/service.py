"""Bring a listing's features and calendar together with the pricer."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import HORIZON_NIGHTS, StayCalendar
from lodestay.clock import today_in
from serving.models import NO_FEATURES, NO_PRICER
from serving.price_suggestions.schemas import NightPriceOut, PriceSuggestionsOut, SuggestionsQuery
from serving.state import Services
from transactional.calendars.errors import InvalidWindow
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.errors import ListingNotFound
from transactional.listings.repository import get_detail
from transactional.users.actors import Actor


async def suggest_prices_for(
    session: AsyncSession, services: Services, actor: Actor, listing_id: int, wanted: SuggestionsQuery
) -> PriceSuggestionsOut:
    """Suggest prices to the listing's host, or to an administrator; for others the listing does not exist.

    Raises
    ------
    ListingNotFound, InvalidWindow, NothingToCompare
        Not the caller's; nights that have passed or too many; nothing to start from.
    """
    detail = await get_detail(session, listing_id, viewer=actor.user_id)
    if not actor.is_admin and detail.listing.host_id != actor.user_id:
        raise ListingNotFound(listing_id)
    today = today_in(detail.market.timezone, services.clock)
    window = wanted.window(today=today)
    if window.start < today:
        raise InvalidWindow(f"{window.start} has passed.", hint=f"Ask for nights from {today} on.")
    known = Window(today, max(window.end, today + timedelta(days=HORIZON_NIGHTS)))
    calendars = await load_calendars(session, [listing_id], known, now=services.clock.now())
    calendar = calendars.get(listing_id)
    models = services.models.current
    features = models.columns.take([listing_id])
    suggested = models.pricer.suggest(features, window.dates(), today=today, own_median_minor=_own_median(calendar))
    currency = detail.market.currency if detail.rate_plan is None else detail.rate_plan.currency
    nights = []
    for suggestion in suggested:
        current, available = _asked_now(calendar, suggestion.night)
        nights.append(NightPriceOut.of(suggestion, currency=currency, current_minor=current, available=available))
    return PriceSuggestionsOut(
        listing_id=listing_id,
        title=detail.listing.title,
        currency=currency,
        model=models.pricer.name,
        degraded=[words for words in models.missing if words in {NO_PRICER, NO_FEATURES}],
        nights=nights,
    )


def _own_median(calendar: StayCalendar | None) -> float | None:
    """Median of what the listing asks for the nights it has prices for."""
    if calendar is None:
        return None
    asked = calendar.price_minor[calendar.price_minor > 0]
    return float(np.median(asked)) if asked.size else None


def _asked_now(calendar: StayCalendar | None, night: date) -> tuple[int | None, bool]:
    if calendar is None or not calendar.start <= night < calendar.end:
        return None, False
    column = calendar.index(night)
    return int(calendar.price_minor[column]), bool(calendar.free[column])
