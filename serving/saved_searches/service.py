"""Understand a search that is to be saved, as a search understands it."""

from __future__ import annotations

from serving.saved_searches.stored import new_search, request_of
from serving.search.checks import refuse_senseless
from serving.search.places import find_place, today_at
from serving.search.schemas import SearchQuery
from serving.state import Services
from transactional.saved_searches.records import NewSearch


async def understood(services: Services, name: str, query: SearchQuery) -> NewSearch:
    """Say what a search asks and where it looks.

    Raises
    ------
    InvalidSearch, MarketNotFound, PlaceNotFound, NoExchangeRate
        It could not be answered as asked.
    """
    refuse_senseless(query)
    book = await services.markets.book()
    where = find_place(query, book, services.models.current.gazetteer)
    today = today_at(where, query.stay, book, services.clock)
    search = new_search(name, query, where, today=today)
    request_of(search, book.rates(search.currency), today=today)
    return search
