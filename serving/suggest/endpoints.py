"""Suggestions over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from search.suggest import Suggester
from serving.caching import CACHED, IF_NONE_MATCH, ForAMinute
from serving.dependencies import ServicesDep
from serving.observability.tracing import OPENSEARCH
from serving.openapi import problems
from serving.search.budget import Step
from serving.suggest.schemas import SuggestionOut, SuggestionsOut, SuggestQuery

router = APIRouter(
    prefix="/v1/suggest", tags=["search"], route_class=ForAMinute, dependencies=[IF_NONE_MATCH], responses=CACHED
)


@router.get("", summary="Complete what is typed", responses=problems(404, 422, 503))
async def suggest(query: Annotated[SuggestQuery, Query()], services: ServicesDep, response: Response) -> SuggestionsOut:
    """Suggest places and listings whose names begin so, in any language; one letter may be wrong."""
    near = None if query.market is None else (await services.markets.book()).get(query.market).centre
    breaker = services.guards.breakers[Step.SUGGEST]
    may_ask = services.opensearch is not None and breaker.admits()
    suggester = Suggester(
        services.opensearch if may_ask else None,
        services.models.current.gazetteer,
        alias=services.settings.index_alias,
        timeout_ms=int(services.guards.allowance.steps[Step.SUGGEST] * 500),  # it gives up at twice that
    )
    with services.metrics.step("suggest", system=OPENSEARCH):
        found = await suggester.suggest(query.q, near=near, market=query.market, limit=query.limit)
    if may_ask:
        (breaker.fail if found.degraded else breaker.succeed)()
    if found.degraded:
        response.headers["Cache-Control"] = "no-store"
        services.metrics.degraded.labels("suggest").inc()
    return SuggestionsOut(items=[SuggestionOut.of(item) for item in found.items], degraded=list(found.degraded))
