"""Similar listings over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from serving.dependencies import ServicesDep
from serving.openapi import problems
from serving.schemas import PathListingId
from serving.similar.schemas import SimilarOut, SimilarQuery
from serving.similar.service import find_similar

router = APIRouter(prefix="/v1/listings", tags=["listings"])


@router.get("/{listing_id}/similar", summary="Similar listings", responses=problems(404, 422, 503))
async def list_similar(
    listing_id: Annotated[PathListingId, Path()], wanted: Annotated[SimilarQuery, Query()], services: ServicesDep
) -> SimilarOut:
    """Find listings near another that are like it in what they say, cost and are, and that take the stay.

    Without the index what they say is not compared, and `degraded` says so.
    """
    return await find_similar(services, listing_id, wanted)
