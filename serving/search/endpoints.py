"""Search over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from serving.dependencies import MaybeActor, ServicesDep, SessionKey
from serving.openapi import problems
from serving.search.answer import SearchOut
from serving.search.debugging import inspector_of
from serving.search.log import visit_of
from serving.search.schemas import SearchQuery
from serving.search.service import search

router = APIRouter(prefix="/v1/search", tags=["search"])


@router.get("", summary="Search for stays", responses=problems(401, 403, 404, 409, 422, 503))
async def search_listings(
    query: Annotated[SearchQuery, Query()], actor: MaybeActor, services: ServicesDep, session_key: SessionKey = None
) -> SearchOut:
    """Find stays, best first, with their exact total, the reasons for their place, and counts over all results.

    Listings that do not take the stay are not shown. `degraded` says what had to be left out.
    """
    inspector = await inspector_of(query, actor, services)
    visit = visit_of(actor, session_key, masking_key=services.masking_key)
    return await search(services, query, visit=visit, inspector=inspector)
