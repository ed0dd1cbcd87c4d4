"""Flexible dates and words: OpenSearch orders by words the listings that the columns found."""

from __future__ import annotations

from dataclasses import replace

from search.answer import Retrieved
from search.engine import Best
from search.request import SearchRequest

MOST_ORDERED = 50_000
"""Listings that OpenSearch is told to choose among (it takes 65,536)."""


def words_among(request: SearchRequest, counted: Retrieved) -> tuple[SearchRequest, list[int]] | None:
    """What to ask OpenSearch for: the words alone, and the listings to order by them; None for too many of these.

    It knows neither the stays nor their prices, and need not: the listings are those that fit.
    """
    if counted.best_stays is None or len(counted.best_stays.listing_ids) > MOST_ORDERED:
        return None
    filters = replace(request.filters, min_price_minor=None, max_price_minor=None)
    return replace(request, flexible=(), filters=filters), counted.best_stays.listing_ids.tolist()


def with_stays(best: Best, counted: Retrieved) -> Best:
    """Give each of the best candidates the stay that the columns chose for it."""
    stays = counted.best_stays
    given = () if stays is None else (stays.given_to(candidate) for candidate in best.candidates)
    return replace(best, candidates=tuple(candidate for candidate in given if candidate is not None))
