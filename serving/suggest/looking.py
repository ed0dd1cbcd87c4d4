"""Where the guest looks while typing."""

from __future__ import annotations

from search.geography import distance_km
from search.places import NEAR_KM
from search.request import Point
from serving.search.markets import MarketBook
from serving.suggest.schemas import SuggestQuery


def looking_of(query: SuggestQuery, book: MarketBook) -> tuple[Point | None, str | None]:
    """Say where places are near to, and whose listings and searches come first: those of the nearest market around.

    Raises
    ------
    MarketNotFound
        The market named is not known.
    """
    market = None if query.market is None else book.get(query.market)
    if query.latitude is None or query.longitude is None:
        return (None, None) if market is None else (market.centre, market.market_key)
    here = Point(query.latitude, query.longitude)
    if market is not None:
        return here, market.market_key
    around = [(distance_km(one.centre, here), key) for key, one in book.markets.items()]
    nearest = min(around, default=None)
    return here, nearest[1] if nearest is not None and nearest[0] <= NEAR_KM else None
