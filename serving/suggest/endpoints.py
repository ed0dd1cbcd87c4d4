"""Suggestions over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from search.suggest import Suggester, Suggestion, SuggestionKind, Suggestions
from serving.dependencies import ServicesDep
from serving.openapi import problems
from serving.state import Services
from serving.suggest.schemas import SuggestionOut, SuggestionsOut, SuggestQuery

router = APIRouter(prefix="/v1/suggest", tags=["search"])

NO_LISTINGS = "search index not reachable: places only"


@router.get("", summary="Complete what is typed", responses=problems(404, 422, 503))
async def suggest(query: Annotated[SuggestQuery, Query()], services: ServicesDep) -> SuggestionsOut:
    """Suggest places and listings whose names begin so, in any language; one letter may be wrong."""
    found = await _suggest(services, query)
    return SuggestionsOut(items=[SuggestionOut.of(item) for item in found.items], degraded=list(found.degraded))


async def _suggest(services: Services, query: SuggestQuery) -> Suggestions:
    gazetteer = services.models.current.gazetteer
    near = None if query.market is None else (await services.markets.book()).get(query.market).centre
    if services.opensearch is None:
        places = gazetteer.complete(query.q, near=near, limit=query.limit)
        items = (Suggestion(SuggestionKind(place.kind), place.name, place, None, place.market) for place in places)
        return Suggestions(tuple(items), (NO_LISTINGS,))
    suggester = Suggester(
        services.opensearch,
        gazetteer,
        alias=services.settings.index_alias,
        timeout_ms=services.settings.search_timeout_ms,
    )
    return await suggester.suggest(query.q, near=near, market=query.market, limit=query.limit)
