"""A search, step by step: where, retrieve, rank, page, confirm, explain, log.

Each step that fails makes the answer poorer and says so in `degraded`; only PostgreSQL is needed.
"""

from __future__ import annotations

import asyncio
from datetime import date

import structlog

from lodestay.clock import today_in
from lodestay.ids import new_id
from lodestay.stay import Stay
from search.answer import Retrieved
from search.errors import SearchUnavailable
from search.request import MAX_PAGE_DEPTH, SearchRequest
from search.stay_price import exchange_factors
from serving.events.writer import write_events
from serving.models import NO_MEANING, NO_PRICER, Models
from serving.search.answer import SearchOut
from serving.search.confirmation import confirm
from serving.search.database import search_database
from serving.search.log import Visit, search_event
from serving.search.markets import MarketBook
from serving.search.places import Where, find_place
from serving.search.ranking import look_into, rank
from serving.search.rendering import render
from serving.search.schemas import SearchQuery
from serving.state import Services

NO_ENGINE = "search index not reachable: answered from the database, without the meaning of words"

log = structlog.get_logger(__name__)


async def search(services: Services, query: SearchQuery, *, visit: Visit) -> SearchOut:
    """Answer a search and log what was shown.

    Parameters
    ----------
    visit
        Who looks, as far as the log may know.
    """
    models = services.models.current
    book = await services.markets.book()
    where = find_place(query, book, models.gazetteer)
    today = today_in(where.timezone, services.clock)
    request, missing = await _request(services, query, where, book, models)
    factors = exchange_factors(request.rates, request.currency)
    retrieved = await _retrieve(services, request, today=today)
    with services.metrics.step("rank"):
        ranked = rank(models, request, retrieved.candidates, factors=factors, today=today)
    first = (request.page - 1) * request.page_size
    rows = slice(first, min(first + request.page_size, MAX_PAGE_DEPTH))
    shown = [candidate.listing_id for candidate in ranked.candidates[rows]]
    with services.metrics.step("confirm"):
        async with services.sessions() as session:
            confirmed = await confirm(session, request, shown, clock=services.clock)
    services.metrics.dropped.inc(len(shown) - len(confirmed))
    with services.metrics.step("explain"):
        seen = look_into(models, ranked, rows)
    answer = render(
        request,
        where,
        retrieved,
        ranked,
        search_id=new_id(),
        rows=rows,
        confirmed=confirmed,
        seen=seen,
        factors=factors,
        degraded=(*retrieved.degraded, *(words for words in models.missing if words != NO_PRICER), *missing),
    )
    write_events(services.events, [search_event(answer, request, seen, visit=visit, clock=services.clock)])
    return answer


async def _request(
    services: Services, query: SearchQuery, where: Where, book: MarketBook, models: Models
) -> tuple[SearchRequest, tuple[str, ...]]:
    """The search in the field's terms, and what of it cannot be had."""
    currency = query.currency or where.currency
    text = where.text
    vector, missing = await _embed(services, text, models)
    request = SearchRequest(
        text=text,
        market=where.market,
        area=where.area,
        centre=where.centre,
        stay=Stay(query.check_in, query.check_out) if query.check_in and query.check_out else None,
        guests=query.guests,
        filters=query.filters(currency),
        sort=query.sort,
        page=query.page,
        page_size=query.page_size,
        currency=currency,
        locale=query.locale,
        rates=book.rates(currency),
        text_vector=vector,
    )
    return request, missing


async def _embed(
    services: Services, text: str | None, models: Models
) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    if text is None:
        return None, ()
    if models.embedder is None or models.index_model != models.embedder.model:
        services.metrics.degraded.labels("embed").inc()
        return None, (NO_MEANING,)
    with services.metrics.step("embed"):
        vector = await asyncio.to_thread(models.embedder.embed_query, text)
    return tuple(vector.tolist()), ()


async def _retrieve(services: Services, request: SearchRequest, *, today: date) -> Retrieved:
    """Ask OpenSearch; where it does not answer, PostgreSQL."""
    try:
        with services.metrics.step("retrieve"):
            retrieved = await services.engine.retrieve(request, today=today)
    except SearchUnavailable as error:
        services.metrics.degraded.labels("retrieve").inc()
        log.warning("search degraded", reason=error.detail)
        with services.metrics.step("retrieve_from_database"):
            async with services.sessions() as session:
                return await search_database(session, request, today=today, clock=services.clock, reason=NO_ENGINE)
    if retrieved.degraded:
        services.metrics.degraded.labels("retrieve").inc()
    return retrieved
