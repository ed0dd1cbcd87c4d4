"""Similar listings, step by step: what the listing is, what lies near it and is free, how alike, confirm."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np
import structlog
from opensearchpy import AsyncOpenSearch

from lodestay.calendar import HORIZON_NIGHTS
from lodestay.clock import today_in
from lodestay.ids import new_id
from search.answer import Candidate, Retrieved
from search.document import nightly_price_minor
from search.engine import Best
from search.request import MAX_TEXT, Circle, Filters, Point, SearchRequest, Sort
from search.stay_price import exchange_factors
from search.today import Today
from search.vectors import vector_of
from serving.observability.tracing import OPENSEARCH, POSTGRESQL
from serving.search.budget import Budget, Step
from serving.search.confirmation import Confirmed, confirm
from serving.search.database import search_database
from serving.search.markets import MarketInfo
from serving.search.pages import Page
from serving.search.places import Where, today_at
from serving.search.ranking import Ranked, Seen
from serving.search.rendering import render
from serving.search.steps import FAILED, Steps, told
from serving.similar.comparison import Comparison, traits_of
from serving.similar.rules import Likeness, Traits
from serving.similar.schemas import SimilarOut, SimilarQuery
from serving.state import Services
from transactional.calendars.repository import load_calendars
from transactional.calendars.rules import Window
from transactional.listings.cards import ListingCard, load_cards
from transactional.listings.errors import ListingNotFound
from transactional.listings.repository import get_bookable

RADIUS_KM: Final = 25.0
"""How far away a listing can be to stand in for another."""
NO_MEANING: Final = told("search index", "listings are compared by place, price and type alone")
"""By why the step gave nothing."""
NO_VECTOR: Final = "the index knows nothing of what this listing says: it is compared by place, price and type alone"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Original:
    """The listing that others are to be like; `nightly_minor` in its own currency."""

    card: ListingCard
    currency: str
    nightly_minor: int | None

    def traits(self, factors: Mapping[str, float]) -> Traits:
        """What of it is compared."""
        return traits_of(self.card, self.nightly_minor, factors.get(self.currency))


async def find_similar(services: Services, listing_id: int, query: SimilarQuery) -> SimilarOut:
    """Find listings like one that is on the market, free for the stay.

    Raises
    ------
    ListingNotFound, InvalidSearch, NoExchangeRate
        It is not on the market, or the stay or the currency cannot be.
    """
    budget = Budget.start(services.guards.allowance, asyncio.get_running_loop().time)
    steps = Steps(services.guards, services.metrics, budget)
    book = await services.markets.book()
    original = await steps.require(
        Step.DATABASE, lambda: _original(services, listing_id, book.markets), system=POSTGRESQL
    )
    where = _where(original.card, book.get(original.card.market))
    today = today_at(where, query.stay, book, services.clock)
    currency = query.currency or where.currency
    request = _request(query, where, currency=currency, rates=book.rates(currency))
    candidates, degraded = await _near(services, steps, request, original.card, today=today)
    factors = exchange_factors(request.rates, currency)
    compared = Comparison(original.traits(factors), factors)
    short = compared.shortlist([each for each in candidates if each.listing_id != listing_id])
    shown = dict.fromkeys((candidate.listing_id for candidate in short), request.stay)

    async def confirming() -> dict[int, Confirmed]:
        async with services.guards.confirming.place():
            return await confirm(services.quick, request, shown, clock=services.clock)

    confirmed = await steps.require(Step.CONFIRM, confirming, system=POSTGRESQL)
    found = compared.best(short, confirmed)[: query.size]
    return _render(
        services,
        listing_id,
        request,
        where,
        found=found,
        confirmed=confirmed,
        factors=factors,
        degraded=degraded,
    )


async def _original(services: Services, listing_id: int, markets: Mapping[str, MarketInfo]) -> _Original:
    async with services.sessions() as session:
        bookable = await get_bookable(session, listing_id)
        card = (await load_cards(session, [listing_id])).get(listing_id)
        if card is None or card.market not in markets:  # a market made a moment ago
            raise ListingNotFound(listing_id)
        now = services.clock.now()
        window = Window(now.date() - timedelta(days=1), now.date() + timedelta(days=HORIZON_NIGHTS + 2))
        calendar = (await load_calendars(session, [listing_id], window, now=now)).get(listing_id)
    nightly = nightly_price_minor(card.base_price_minor, calendar, today=today_in(bookable.timezone, services.clock))
    return _Original(card, bookable.terms.currency, nightly)


def _where(card: ListingCard, market: MarketInfo) -> Where:
    centre = Point(card.latitude, card.longitude)
    return Where(None, None, Circle(centre, RADIUS_KM), centre, market.timezone, market.currency, None)


def _request(query: SimilarQuery, where: Where, *, currency: str, rates: dict[str, float]) -> SearchRequest:
    return SearchRequest(
        text=None,
        market=None,
        area=where.area,
        centre=where.centre,
        stay=query.stay,
        guests=query.guests,
        filters=Filters(),
        sort=Sort.DISTANCE,
        page=1,
        page_size=query.size,
        currency=currency,
        locale="en",
        rates=rates,
    )


async def _near(
    services: Services, steps: Steps, request: SearchRequest, card: ListingCard, *, today: Today
) -> tuple[Sequence[Candidate], list[str]]:
    """Free listings near another: the closest in meaning, or without the index the closest; and what is missing."""
    reason, client = NO_MEANING[FAILED], services.opensearch
    if client is not None:
        alike = await steps.attempt(
            Step.WORDS, lambda: _alike(services, client, request, card, today=today), system=OPENSEARCH
        )
        if alike is not None:
            return alike.candidates, [*alike.degraded, *services.models.current.index.missing]
        why = steps.why.get(Step.WORDS)
        reason = NO_VECTOR if why is None else NO_MEANING[why]
    services.metrics.degraded.labels("similar").inc()
    if (columns := services.columns.engine) is not None:
        counted = await steps.attempt(Step.SCAN, lambda: columns.retrieve(request, today=today))
        if counted is not None:
            return counted.candidates, [reason]

    async def reading() -> Retrieved:
        async with services.guards.reading.place(), services.sessions() as session:
            return await search_database(
                session,
                request,
                today=today,
                clock=services.clock,
                reason=reason,
                seconds=steps.left(Step.DATABASE),
            )

    found = await steps.require(Step.DATABASE, reading, system=POSTGRESQL)
    return found.candidates, list(found.degraded)


async def _alike(
    services: Services, client: AsyncOpenSearch, request: SearchRequest, card: ListingCard, *, today: Today
) -> Best | None:
    """The closest in meaning; None where the index knows nothing of what the listing says."""
    vector = await _vector(services, client, card.listing_id)
    if vector is None:
        return None
    wish = (card.title.strip() or card.property_type)[:MAX_TEXT]
    alike = replace(request, text=wish, text_vector=vector, sort=Sort.RELEVANCE)
    return await services.engine.best(alike, today=today)


async def _vector(services: Services, client: AsyncOpenSearch, listing_id: int) -> tuple[float, ...] | None:
    seconds = 2 * services.settings.search_timeout_ms / 1000
    return await vector_of(client, services.settings.index_alias, listing_id, seconds=seconds)


def _render(
    services: Services,
    listing_id: int,
    request: SearchRequest,
    where: Where,
    *,
    found: Sequence[tuple[Candidate, Likeness]],
    confirmed: Mapping[int, Confirmed],
    factors: Mapping[str, float],
    degraded: Sequence[str],
) -> SimilarOut:
    """Lay the listings out as the results of a search are."""
    candidates = tuple(candidate for candidate, _ in found)
    scores = np.array([alike.score for _, alike in found], dtype=np.float64)
    answer = render(
        request,
        where,
        Retrieved(candidates, len(candidates), facets={}, histogram=(), degraded=()),
        Page(
            Ranked("similar", candidates, scores, np.empty((len(candidates), 0))),
            slice(0, len(candidates)),
            first_rank=1,
            number=1,
            next_cursor=None,
        ),
        search_id=new_id(),
        confirmed=confirmed,
        seen=[Seen(round(alike.score, 4), {}, alike.reasons) for _, alike in found],
        factors=factors,
        degraded=degraded,
        key=services.signing_key,
    )
    return SimilarOut(
        listing_id=listing_id,
        check_in=answer.check_in,
        check_out=answer.check_out,
        nights=answer.nights,
        currency=answer.currency,
        degraded=answer.degraded,
        results=list(answer.results),
    )
