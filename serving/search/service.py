"""A search, step by step: where, retrieve, rank, page, confirm, explain, log.

Each step has its time (:mod:`serving.search.budget`), and one that gives nothing makes the answer poorer and says so in
`degraded`; only PostgreSQL is needed.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

from lodestay.ids import new_id
from search.flexible import dates_of
from search.request import SearchRequest
from search.stay_price import exchange_factors
from search.today import Today
from serving.events.writer import write_events
from serving.models import NO_MEANING, NO_PRICER, Models
from serving.observability.tracing import POSTGRESQL
from serving.search.answer import SearchOut
from serving.search.budget import Budget, Step
from serving.search.checks import refuse_senseless
from serving.search.confirmation import Confirmed, confirm
from serving.search.dead_ends import why_nothing
from serving.search.debugging import Answered, Inspector, debug
from serving.search.log import Circumstances, Visit, search_event
from serving.search.markets import MarketBook
from serving.search.pages import Page, Paging
from serving.search.places import Where, find_place, today_at
from serving.search.ranking import Reasons, explain, rank, seen_in, unexplained, unranked
from serving.search.rendering import render
from serving.search.retrieval import retrieve
from serving.search.schemas import SearchQuery
from serving.search.steps import Steps, told
from serving.state import Services

NO_RANKING: Final = told("ranking", "results stand as they were found")
NO_REASONS: Final = told("explaining", "results come without reasons")
"""By why the step gave nothing."""


async def search(
    services: Services, query: SearchQuery, *, visit: Visit, inspector: Inspector | None = None
) -> SearchOut:
    """Answer a search and log what was shown.

    Parameters
    ----------
    visit
        Who looks, as far as the log may know.
    inspector
        Who looks into it; what they are shown is no guest's search, and is not logged.

    Raises
    ------
    InvalidSearch, InvalidSearchCursor, SearchCursorExpired, MarketNotFound, PlaceNotFound
        It cannot be answered as asked.
    ServiceUnavailable
        It cannot be answered in its time.
    """
    started = perf_counter()
    budget = Budget.start(services.guards.allowance, asyncio.get_running_loop().time)
    steps = Steps(services.guards, services.metrics, budget)
    models = services.models.current
    book, where, today = await _where(services, steps, query, models)
    paging = Paging.of(query, key=services.signing_key, now=services.clock.now())
    request = await _request(services, steps, query, where, book=book, models=models, today=today)
    factors = exchange_factors(request.rates, request.currency)
    retrieved = await retrieve(services, steps, request, today=today)
    steps.missing += [*retrieved.degraded, *(words for words in models.missing if words != NO_PRICER)]
    candidates = paging.candidates(retrieved)
    rerank, viewed = services.reranking, services.viewed.of(visit.session_id)
    ranked = steps.compute(
        Step.RANK,
        lambda: rank(models, request, candidates, factors=factors, today=today.here, reranking=rerank, viewed=viewed),
    )
    if ranked is None:
        steps.missing.append(NO_RANKING[steps.why[Step.RANK]])
        ranked = unranked(candidates)
    page = paging.page(request, ranked)
    confirmed = await _confirm(services, steps, request, page)
    seen = seen_in(page.ranked, page.rows, _explain(steps, models, page))
    answer = render(
        request,
        where,
        retrieved,
        page,
        search_id=new_id(),
        confirmed=confirmed,
        seen=seen,
        factors=factors,
        degraded=steps.missing,
        key=services.signing_key,
    )
    if inspector is not None:
        answered = Answered(request, retrieved, page, seen, confirmed)
        return answer.model_copy(update={"debug": await debug(services, steps, inspector, models, answered)})
    nothing = await why_nothing(services.columns.engine, request, retrieved, today=today, seconds=steps.left(Step.SCAN))
    around = Circumstances(query.text, query.wish(), today.here, nothing, 1000 * (perf_counter() - started))
    event = search_event(answer, request, seen, around, first_rank=page.first_rank, visit=visit, clock=services.clock)
    write_events(services.events, [event], services.metrics)
    return answer


async def _where(
    services: Services, steps: Steps, query: SearchQuery, models: Models
) -> tuple[MarketBook, Where, Today]:
    """The markets, where among them a search looks, and the dates there."""
    refuse_senseless(query)
    book = await steps.require(Step.MARKETS, services.markets.book, system=POSTGRESQL)
    where = find_place(query, book, models.gazetteer)
    today = today_at(where, query.stay, book, services.clock)
    return book, where, today


async def _request(
    services: Services,
    steps: Steps,
    query: SearchQuery,
    where: Where,
    *,
    book: MarketBook,
    models: Models,
    today: Today,
) -> SearchRequest:
    """The search in the field's terms; `steps` is told what of it cannot be had."""
    currency = query.currency or where.currency
    text = where.text
    stay, flexible = dates_of(query.wish(), today=today)
    return SearchRequest(
        text=text,
        market=where.market,
        area=where.area,
        centre=where.centre,
        stay=stay,
        flexible=flexible,
        guests=query.guests,
        filters=query.filters(currency),
        sort=query.sort,
        page=query.page,
        page_size=query.page_size,
        currency=currency,
        locale=query.locale,
        rates=book.rates(currency),
        tile_zoom=query.map_zoom,
        text_vector=None if text is None else await _embed(services, steps, text, models),
    )


async def _embed(services: Services, steps: Steps, text: str, models: Models) -> tuple[float, ...] | None:
    embedder = models.meaning
    if embedder is None:
        services.metrics.degraded.labels(Step.EMBED).inc()
        steps.missing.append(NO_MEANING)
        return None
    vector = await steps.attempt(Step.EMBED, lambda: services.guards.embedding.run(embedder.embed_query, text))
    if vector is None:
        steps.missing.append(NO_MEANING)
        return None
    return tuple(vector.tolist())


async def _confirm(services: Services, steps: Steps, request: SearchRequest, page: Page) -> dict[int, Confirmed]:
    """What of the page can still be had, by PostgreSQL's word."""
    stays = {each.listing_id: each.stay or request.stay for each in page.ranked.candidates[page.rows]}
    # One that took no stay of the flexible ones any more is not shown: it would be shown without any.
    shown = {listing_id: stay for listing_id, stay in stays.items() if stay is not None or request.nights is None}

    async def asked() -> dict[int, Confirmed]:
        async with services.guards.confirming.place():
            return await confirm(services.quick, request, shown, clock=services.clock)

    confirmed = await steps.require(Step.CONFIRM, asked, system=POSTGRESQL)
    services.metrics.dropped.inc(len(shown) - len(confirmed))
    return confirmed


def _explain(steps: Steps, models: Models, page: Page) -> Reasons:
    reasons = steps.compute(Step.EXPLAIN, lambda: explain(models, page.ranked, page.rows))
    if reasons is None:
        steps.missing.append(NO_REASONS[steps.why[Step.EXPLAIN]])
        return unexplained(page.ranked, page.rows)
    return reasons
