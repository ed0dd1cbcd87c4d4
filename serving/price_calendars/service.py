"""What a place's stays cost, day of arrival by day of arrival."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from lodestay.crowding import TooBusy
from lodestay.errors import ServiceUnavailable
from lodestay.stay import Stay
from search.answer import PriceDay
from search.request import InvalidSearch, SearchRequest, Sort
from search.today import Today
from serving.observability.tracing import POSTGRESQL
from serving.price_calendars.schemas import PlaceCalendarOut, PlaceCalendarQuery, PlaceDayOut
from serving.search.budget import within
from serving.search.checks import refuse_senseless
from serving.search.database import price_days_database
from serving.search.places import find_place, today_at
from serving.search.retrieval import BEHIND
from serving.state import Services

NO_COLUMNS = "columns not loaded: the days were counted in the database"

log = structlog.get_logger(__name__)


async def calendar_of_place(services: Services, query: PlaceCalendarQuery) -> PlaceCalendarOut:
    """Say of each day of arrival what a search for its stay would find.

    Raises
    ------
    InvalidSearch, MarketNotFound, PlaceNotFound
        It cannot be answered as asked.
    """
    refuse_senseless(query)
    book = await services.markets.book()
    where = find_place(query, book, services.models.current.gazetteer)
    today, currency = today_at(where, None, book, services.clock), query.currency or where.currency
    request = SearchRequest(
        text=None,
        market=where.market,
        area=where.area,
        centre=where.centre,
        stay=None,
        guests=query.guests,
        filters=query.filters(currency),
        sort=Sort.PRICE,
        page=1,
        page_size=1,
        currency=currency,
        locale="en",
        rates=book.rates(currency),
    )
    days, degraded = await _price_days(services, request, query.stays(today=today), today=today)
    return PlaceCalendarOut(
        market=where.market,
        nights=query.nights,
        currency=currency,
        degraded=degraded,
        arrivals=[PlaceDayOut.of(day, currency) for day in days],
    )


async def _price_days(
    services: Services, request: SearchRequest, stays: Sequence[Stay], *, today: Today
) -> tuple[tuple[PriceDay, ...], list[str]]:
    """Ask the columns, also those that have fallen behind; PostgreSQL where there are none in service, or they fail."""
    seconds = services.guards.allowance.whole
    columns = services.columns.engine or services.columns.late_engine
    said = [] if services.columns.engine is not None else [BEHIND]
    if columns is not None:
        try:
            with services.metrics.step("price_days"):
                return await within(seconds, columns.price_days(request, stays, today=today)), said
        except (InvalidSearch, TooBusy):
            raise
        except TimeoutError:
            raise TooBusy("the listings") from None
        except Exception:
            # There is another way to an answer.
            log.exception("price calendar degraded", step="price_days")
            services.metrics.degraded.labels("price_days").inc()

    async def reading() -> tuple[tuple[PriceDay, ...], str]:
        async with services.guards.reading.place(), services.sessions() as session:
            return await price_days_database(
                session, request, stays, today=today, clock=services.clock, reason=NO_COLUMNS, seconds=seconds
            )

    with services.metrics.step("price_days_from_database", system=POSTGRESQL):
        try:
            days, words = await within(seconds, reading())
        except TimeoutError:
            raise ServiceUnavailable(
                "The database does not answer in the time that a price calendar has.", hint="Try again in a moment."
            ) from None
    return days, [words]
