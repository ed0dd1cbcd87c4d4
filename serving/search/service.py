"""A search, step by step: where, retrieve, rank, page, confirm, explain, log.

Each step that fails makes the answer poorer and says so in `degraded`; only PostgreSQL is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TypeVar

import structlog

from lodestay.clock import today_in
from lodestay.ids import new_id
from lodestay.stay import Stay
from search.answer import Retrieved
from search.engine import Best
from search.errors import SearchUnavailable
from search.request import MAX_PAGE_DEPTH, InvalidSearch, SearchRequest
from search.stay_price import exchange_factors
from serving.events.writer import write_events
from serving.models import NO_MEANING, NO_PRICER, Models
from serving.observability.tracing import OPENSEARCH, POSTGRESQL
from serving.search.answer import SearchOut
from serving.search.confirmation import confirm
from serving.search.database import search_database
from serving.search.log import Visit, search_event
from serving.search.markets import MarketBook
from serving.search.places import Where, find_place
from serving.search.ranking import explain, rank, seen_in, unexplained, unranked
from serving.search.rendering import render
from serving.search.schemas import SearchQuery
from serving.state import Services

NO_ENGINE = "search index not reachable: answered from the database, without the meaning of words"
NO_WORDS = "search index not reachable: results are not ordered by what was written"
NO_TILES = "columns not loaded: the results are not counted on the map"
NO_RANKING = "ranking failed: results stand as they were found"
NO_REASONS = "explaining failed: results come without reasons"

log = structlog.get_logger(__name__)
Found = TypeVar("Found", Retrieved, Best)


async def search(services: Services, query: SearchQuery, *, visit: Visit) -> SearchOut:
    """Answer a search and log what was shown.

    Parameters
    ----------
    visit
        Who looks, as far as the log may know.

    Raises
    ------
    InvalidSearch, MarketNotFound, PlaceNotFound
        It cannot be answered as asked.
    """
    models = services.models.current
    book = await services.markets.book()
    where = find_place(query, book, models.gazetteer)
    today = today_in(where.timezone, services.clock)
    if query.check_in is not None and query.check_in < today:
        raise InvalidSearch(
            f"{query.check_in} has passed where you look; today is {today}.", hint="Choose a later arrival."
        )
    missing: list[str] = []
    request = await _request(services, query, where, book, models, missing=missing)
    factors = exchange_factors(request.rates, request.currency)
    retrieved = await _retrieve(services, request, today=today)
    missing += [*retrieved.degraded, *(words for words in models.missing if words != NO_PRICER)]
    ranked = unranked(retrieved.candidates)
    with _dispensable(services, "rank", NO_RANKING, missing):
        ranked = rank(models, request, retrieved.candidates, factors=factors, today=today)
    first = (request.page - 1) * request.page_size
    rows = slice(first, min(first + request.page_size, MAX_PAGE_DEPTH))
    shown = [candidate.listing_id for candidate in ranked.candidates[rows]]
    with services.metrics.step("confirm", system=POSTGRESQL):
        confirmed = await confirm(services.quick, request, shown, clock=services.clock)
    services.metrics.dropped.inc(len(shown) - len(confirmed))
    reasons = unexplained(ranked, rows)
    with _dispensable(services, "explain", NO_REASONS, missing):
        reasons = explain(models, ranked, rows)
    seen = seen_in(ranked, rows, reasons)
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
        degraded=missing,
        key=services.signing_key,
    )
    write_events(services.events, [search_event(answer, request, seen, visit=visit, clock=services.clock)])
    return answer


@contextmanager
def _dispensable(services: Services, step: str, words: str, missing: list[str]) -> Iterator[None]:
    """A step that an answer can do without: where it fails, `words` tell the guest what is missing.

    What the step was to make keeps the poorer value that it was given before.
    """
    try:
        with services.metrics.step(step):
            yield
    except Exception:
        log.exception("search degraded", step=step)
        services.metrics.degraded.labels(step).inc()
        missing.append(words)


async def _request(
    services: Services, query: SearchQuery, where: Where, book: MarketBook, models: Models, *, missing: list[str]
) -> SearchRequest:
    """The search in the field's terms; `missing` is told what of it cannot be had."""
    currency = query.currency or where.currency
    text = where.text
    return SearchRequest(
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
        tile_zoom=query.map_zoom,
        text_vector=None if text is None else await _embed(services, text, models, missing=missing),
    )


async def _embed(services: Services, text: str, models: Models, *, missing: list[str]) -> tuple[float, ...] | None:
    if models.embedder is None or models.index_model != models.embedder.model:
        services.metrics.degraded.labels("embed").inc()
        missing.append(NO_MEANING)
        return None
    with _dispensable(services, "embed", NO_MEANING, missing):
        return tuple((await asyncio.to_thread(models.embedder.embed_query, text)).tolist())
    return None


async def _retrieve(services: Services, request: SearchRequest, *, today: date) -> Retrieved:
    """Ask the columns, and OpenSearch for what words mean; without columns OpenSearch, without it PostgreSQL."""
    counted, best = await asyncio.gather(
        _ask_columns(services, request, today=today), _ask_words(services, request, today=today)
    )
    if counted is not None:
        return counted if request.text is None else _ordered_by_words(counted, best)
    retrieved = await _ask_engine(services, services.engine.retrieve(request, today=today))
    if retrieved is None:
        with services.metrics.step("retrieve_from_database", system=POSTGRESQL):
            async with services.sessions() as session:
                retrieved = await search_database(session, request, today=today, clock=services.clock, reason=NO_ENGINE)
    if request.tile_zoom is not None:
        retrieved = replace(retrieved, degraded=(*retrieved.degraded, NO_TILES))
    return retrieved


async def _ask_columns(services: Services, request: SearchRequest, *, today: date) -> Retrieved | None:
    """Ask the columns; None where there are none in service, or they fail."""
    columns = services.columns.engine
    if columns is None:
        return None
    try:
        with services.metrics.step("scan"):
            return await columns.retrieve(request, today=today)
    except InvalidSearch:
        raise
    except Exception:
        # There is another way to an answer.
        log.exception("search degraded", step="scan")
        services.metrics.degraded.labels("scan").inc()
        return None


async def _ask_words(services: Services, request: SearchRequest, *, today: date) -> Best | None:
    """Ask OpenSearch who fits a text best, where columns say the rest; None without a text or an answer."""
    if request.text is None or services.columns.engine is None:
        return None
    return await _ask_engine(services, services.engine.best(request, today=today))


def _ordered_by_words(counted: Retrieved, best: Best | None) -> Retrieved:
    """Put the candidates that fit the text best in the place of the most popular ones."""
    if best is None or (counted.candidates and not best.candidates):
        return replace(counted, degraded=(*counted.degraded, NO_WORDS))
    return replace(counted, candidates=best.candidates, degraded=(*counted.degraded, *best.degraded))


async def _ask_engine(services: Services, asked: Awaitable[Found]) -> Found | None:
    """Wait for OpenSearch; None where it gives no answer that can be read, which is as good as none."""
    try:
        with services.metrics.step("retrieve", system=OPENSEARCH):
            found = await asked
    except SearchUnavailable as error:
        log.warning("search degraded", step="retrieve", reason=error.detail)
    except Exception:
        log.exception("search degraded", step="retrieve")
    else:
        if found.degraded:
            services.metrics.degraded.labels("retrieve").inc()
        return found
    services.metrics.degraded.labels("retrieve").inc()
    return None
