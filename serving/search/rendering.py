"""Write an answer down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import starmap
from math import ceil
from uuid import UUID

from search.answer import Candidate, Retrieved, Tile
from search.request import MAX_PAGE_DEPTH, SearchRequest
from search.stay_price import exchanged
from serving.events.proofs import prove
from serving.schemas import MoneyOut
from serving.search.answer import (
    FacetValueOut,
    HistogramBinOut,
    PlaceOut,
    PriceOut,
    ReasonOut,
    RegainedOut,
    ResultOut,
    SearchOut,
    TileOut,
)
from serving.search.confirmation import Confirmed
from serving.search.pages import Page
from serving.search.places import Where
from serving.search.ranking import Seen


def render(
    request: SearchRequest,
    where: Where,
    retrieved: Retrieved,
    page: Page,
    *,
    search_id: UUID,
    confirmed: Mapping[int, Confirmed],
    seen: Sequence[Seen],
    factors: Mapping[str, float],
    degraded: Sequence[str],
    key: str,
) -> SearchOut:
    """Lay out the page and what was counted.

    Parameters
    ----------
    page
        Those of its candidates that are not `confirmed` are left out, and the others keep their ranks.
    seen
        What the ranker saw in each of them.
    factors
        Minor units of the request's currency for one of each listing currency.
    key
        Signs that each result was shown (:mod:`serving.events.proofs`).
    """
    shown = zip(page.ranked.candidates[page.rows], seen, strict=True)
    results = [
        _result(
            candidate,
            confirmed[candidate.listing_id],
            each,
            request,
            rank=rank,
            factors=factors,
            proof=prove(key, search_id=search_id, listing_id=candidate.listing_id, position=rank),
        )
        for rank, (candidate, each) in enumerate(shown, start=page.first_rank)
        if candidate.listing_id in confirmed
    ]
    stay = request.stay
    return SearchOut(
        search_id=search_id,
        place=_place(where),
        market=where.market,
        check_in=None if stay is None else stay.check_in,
        check_out=None if stay is None else stay.check_out,
        nights=request.nights,
        stays_tried=len(request.flexible) or None,
        currency=request.currency,
        total_count=retrieved.total_count,
        page=page.number,
        page_size=request.page_size,
        pages=ceil(min(retrieved.total_count, MAX_PAGE_DEPTH) / request.page_size),
        next_cursor=page.next_cursor,
        ranker=page.ranked.ranker,
        degraded=list(degraded),
        results=results,
        facets={name: list(starmap(FacetValueOut, values)) for name, values in retrieved.facets.items()},
        histogram=[
            HistogramBinOut(
                MoneyOut.of(b.from_minor, request.currency), MoneyOut.of(b.to_minor, request.currency), b.count
            )
            for b in retrieved.histogram
        ],
        map_tiles=None if retrieved.tiles is None else [_tile(tile, request.currency) for tile in retrieved.tiles],
        regained=None
        if retrieved.regained is None
        else [RegainedOut(r.filter, r.value, r.more) for r in retrieved.regained],
    )


def _tile(tile: Tile, currency: str) -> TileOut:
    cheapest = None if tile.cheapest_minor is None else MoneyOut.of(tile.cheapest_minor, currency)
    return TileOut(tile.zoom, tile.x, tile.y, tile.count, cheapest)


def _place(where: Where) -> PlaceOut | None:
    if where.name is None or where.centre is None:
        return None
    return PlaceOut(name=where.name, latitude=where.centre.latitude, longitude=where.centre.longitude)


def _result(
    candidate: Candidate,
    confirmed: Confirmed,
    seen: Seen,
    request: SearchRequest,
    *,
    rank: int,
    factors: Mapping[str, float],
    proof: str,
) -> ResultOut:
    card, stay = confirmed.card, candidate.stay or request.stay
    return ResultOut(
        rank=rank,
        listing_id=card.listing_id,
        market=card.market,
        title=card.title,
        room_type=card.room_type,
        property_type=card.property_type,
        neighbourhood=card.neighbourhood,
        latitude=card.latitude,
        longitude=card.longitude,
        distance_km=None if candidate.distance_km is None else round(candidate.distance_km, 3),
        check_in=None if stay is None else stay.check_in,
        check_out=None if stay is None else stay.check_out,
        nights=request.nights,
        accommodates=card.accommodates,
        bedrooms=card.bedrooms,
        beds=card.beds,
        bathrooms=card.bathrooms,
        rating=card.rating,
        review_count=card.review_count,
        instant_book=card.instant_book,
        superhost=card.is_superhost,
        cancellation_policy=card.cancellation_policy,
        price=_price(candidate, confirmed, request, factors.get(confirmed.currency)),
        score=seen.score,
        reasons=[ReasonOut(reason.code, reason.sentence, round(reason.contribution, 4)) for reason in seen.reasons],
        proof=proof,
    )


def _price(candidate: Candidate, confirmed: Confirmed, request: SearchRequest, factor: float | None) -> PriceOut:
    """Prices in the guest's currency; null where there is no rate, or nothing is known."""
    charged = None if confirmed.total_minor is None else MoneyOut.of(confirmed.total_minor, confirmed.currency)
    nights = request.nights
    if nights is None:
        return PriceOut(total=None, per_night=_exchanged(candidate.nightly_price_minor, request, factor), charged=None)
    total = _exchanged(confirmed.total_minor, request, factor)
    # Half up, as everywhere.
    night = None if total is None else (2 * total.minor + nights) // (2 * nights)
    per_night = None if night is None else MoneyOut.of(night, request.currency)
    return PriceOut(total=total, per_night=per_night, charged=charged)


def _exchanged(minor: int | None, request: SearchRequest, factor: float | None) -> MoneyOut | None:
    if minor is None or factor is None:
        return None
    return MoneyOut.of(exchanged(minor, factor), request.currency)
