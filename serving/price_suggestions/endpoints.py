"""Price suggestions over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.dependencies import HostActor, ReadSession, ServicesDep
from serving.openapi import problems
from serving.price_suggestions.schemas import PriceSuggestionsOut, SuggestionsQuery
from serving.price_suggestions.service import suggest_prices_for
from serving.schemas import PathListingId

router = APIRouter(prefix="/v1/listings/{listing_id}/price-suggestions", tags=["hosts"])


@router.get("", summary="What nights could cost", responses=problems(401, 403, 404, 409, 422, 503))
async def suggest_prices(
    listing_id: Annotated[PathListingId, Path(description="A listing of the caller's.")],
    wanted: Annotated[SuggestionsQuery, Query()],
    actor: HostActor,
    session: ReadSession,
    services: ServicesDep,
) -> PriceSuggestionsOut:
    """Suggest a price for each night, with an interval and the reasons."""
    return await suggest_prices_for(session, services, actor, listing_id, wanted)
