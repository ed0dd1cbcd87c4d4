"""`debug=true`: how an answer came about, for administrators, and for hosts as far as their own listing goes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock, now_in
from lodestay.errors import Forbidden, Unauthenticated
from ml.ranking.features import FEATURES
from search.answer import Retrieved
from search.request import SearchRequest
from search.today import Today
from serving.models import Models
from serving.search.database import supply_of
from serving.search.debug_answer import DebugOut, HindranceOut, StepOut, WeighedOut, WhyOut
from serving.search.hindrances import (
    BEYOND,
    ELSEWHERE,
    INACTIVE,
    NO_RATE_PLAN,
    NOT_KNOWN_YET,
    Hindrance,
    hindrances,
    named,
)
from serving.search.markets import MarketBook
from serving.search.pages import Page
from serving.search.ranking import Seen
from serving.search.schemas import SearchQuery
from serving.search.steps import Steps
from serving.state import Services
from transactional.listings.cards import load_cards
from transactional.listings.errors import ListingNotFound
from transactional.listings.repository import get_detail
from transactional.users.actors import Actor


@dataclass(frozen=True)
class Inspector:
    """Who may look into a search, and at what.

    Attributes
    ----------
    sees_all
        Whether at every result; else at the listing asked about alone.
    """

    listing_id: int | None
    sees_all: bool


async def inspector_of(query: SearchQuery, actor: Actor | None, services: Services) -> Inspector | None:
    """Say what the caller may look into; None where they did not ask to.

    Raises
    ------
    Unauthenticated, Forbidden, ListingNotFound
        They may not.
    """
    if not query.debug:
        return None
    if actor is None:
        raise Unauthenticated("`debug` needs a caller who is known.", hint="Send `Authorization: Bearer <token>`.")
    if actor.is_admin:
        return Inspector(query.debug_listing, sees_all=True)
    if query.debug_listing is None:
        raise Forbidden(
            "`debug` is for administrators, and for hosts with a listing of theirs.",
            hint="Send the number of your listing as `debug_listing`.",
        )
    async with services.sessions() as session:
        detail = await get_detail(session, query.debug_listing, viewer=actor.user_id)
    if detail.listing.host_id != actor.user_id:
        raise Forbidden("`debug_listing` is somebody else's.", hint="Send the number of a listing of yours.")
    return Inspector(query.debug_listing, sees_all=False)


@dataclass(frozen=True)
class Answered:
    """What an answer was made of."""

    request: SearchRequest
    retrieved: Retrieved
    page: Page
    seen: Collection[Seen]
    confirmed: Collection[int]


async def debug(services: Services, steps: Steps, inspector: Inspector, models: Models, answered: Answered) -> DebugOut:
    """Tell how an answer came about."""
    results = [
        each
        for each in _weighed(models, answered.page, answered.seen, answered.confirmed)
        if inspector.sees_all or each.listing_id == inspector.listing_id
    ]
    why = None
    if inspector.listing_id is not None:
        why = await _why(services, inspector.listing_id, answered)
    names = dict.fromkeys([*steps.took, *steps.why])
    return DebugOut(
        steps=[
            StepOut(step=name, milliseconds=_rounded(steps.took.get(name)), missing=steps.why.get(name))
            for name in names
        ],
        found=answered.retrieved.total_count,
        ordered=len(answered.retrieved.candidates),
        dropped=len(answered.seen) - len(answered.confirmed),
        results=results,
        listing=why,
    )


def _weighed(models: Models, page: Page, seen: Collection[Seen], confirmed: Collection[int]) -> list[WeighedOut]:
    """The page's results, and what each feature did to their scores."""
    matrix = page.ranked.matrix[page.rows]
    ranked = page.ranked.scores is not None
    moved = models.ranker.contributions(matrix).tolist() if ranked else [[0.0] * len(FEATURES)] * len(matrix)
    shown = zip(page.ranked.candidates[page.rows], seen, moved, strict=True)
    return [
        WeighedOut(
            listing_id=candidate.listing_id,
            rank=rank,
            score=each.score,
            features=each.features,
            contributions={name: value for name, value in zip(FEATURES, row, strict=True) if value},
            confirmed=candidate.listing_id in confirmed,
        )
        for rank, (candidate, each, row) in enumerate(shown, start=page.first_rank)
    ]


async def _why(services: Services, listing_id: int, answered: Answered) -> WhyOut:
    """Say why a listing is where it is, or not in the results; `ListingNotFound` where there is none."""
    page, retrieved = answered.page, answered.retrieved
    places = {candidate.listing_id: place for place, candidate in enumerate(page.ranked.candidates)}
    place = places.get(listing_id)
    rank = None if place is None else place - page.rows.start + page.first_rank
    book = await services.markets.book()
    async with services.sessions() as session:
        found = await _hindrances(session, listing_id, answered.request, book=book, clock=services.clock)
    if not found and rank is None:
        is_whole = retrieved.total_count <= len(retrieved.candidates)
        is_found = any(candidate.listing_id == listing_id for candidate in retrieved.candidates)
        found = [named(ELSEWHERE if is_found else NOT_KNOWN_YET if is_whole else BEYOND)]
    return WhyOut(
        listing_id=listing_id,
        rank=rank,
        hindrances=[
            HindranceOut(rule=each.rule, sentence=each.sentence, nights=list(each.nights), limit=each.limit)
            for each in found
        ],
    )


async def _hindrances(
    session: AsyncSession, listing_id: int, request: SearchRequest, *, book: MarketBook, clock: Clock
) -> list[Hindrance]:
    card = (await load_cards(session, [listing_id])).get(listing_id)
    if card is None:
        raise ListingNotFound(listing_id)
    local = now_in(book.get(card.market).timezone, clock)
    supply = await supply_of(session, [listing_id], request, today=Today(local.date()), now=clock.now())
    found = [] if card.is_active else [named(INACTIVE)]
    if not supply.listings:
        return [*found, named(NO_RATE_PLAN)]
    judged = replace(supply, listings=[{**row, "is_active": True} for row in supply.listings])
    return found + hindrances(request, judged, today=local.date(), hour=local.hour)


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)
