"""Suggestions over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from search.suggest import Suggester
from serving.caching import CACHED, IF_NONE_MATCH, ForAMinute
from serving.dependencies import ServicesDep
from serving.openapi import problems
from serving.suggest.looking import looking_of
from serving.suggest.schemas import SuggestionOut, SuggestionsOut, SuggestQuery

router = APIRouter(
    prefix="/v1/suggest", tags=["search"], route_class=ForAMinute, dependencies=[IF_NONE_MATCH], responses=CACHED
)


@router.get("", summary="Complete what is typed", responses=problems(404, 422, 503))
async def suggest(query: Annotated[SuggestQuery, Query()], services: ServicesDep, response: Response) -> SuggestionsOut:
    """Suggest places, what others asked for, and listings, in any language and from the first letter on.

    Words may be begun; from four letters on one may be wrong, or a space. Everything comes from memory, so that it
    can be asked for at every key.
    """
    near, market = looking_of(query, await services.markets.book())
    suggester = Suggester(services.models.current.gazetteer, services.suggestions.titles, services.suggestions.searches)
    with services.metrics.step("suggest"):
        found = suggester.suggest(query.q, near=near, market=market, limit=query.limit)
    if found.degraded:
        response.headers["Cache-Control"] = "no-store"
        services.metrics.degraded.labels("suggest").inc()
    return SuggestionsOut(items=[SuggestionOut.of(item) for item in found.items], degraded=list(found.degraded))
