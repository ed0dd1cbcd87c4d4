"""Rate plans and seasons over HTTP: every edit says by `If-Match` which version it was made from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse

from serving.dependencies import HostActor, ReadSession, ServicesDep, WriteSession
from serving.etags import TAGGED, IfMatchRequired, etag
from serving.host_calendar.endpoints import OwnListing
from serving.host_calendar.plan_schemas import RatePlanIn, RatePlanOut, SeasonIn, SeasonOut, SeasonsOut
from serving.idempotency import REPLAYED, OnceDep
from serving.openapi import problems
from transactional.calendars import plan_service
from transactional.calendars.plan_repository import SeasonRecord

router = APIRouter(prefix="/v1/listings/{listing_id}", tags=["hosts"])

READS = {**TAGGED, **problems(401, 403, 404, 422, 503)}
EDITS = {**TAGGED, **problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 503)}
ADDS = {201: TAGGED[200], **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)}

SeasonId = Annotated[int, Path(ge=1, lt=2**63, description="A season of the listing's.")]


@router.get("/rate-plan", summary="A listing's prices and stay rules", responses=READS)
async def get_rate_plan(
    listing_id: OwnListing, actor: HostActor, session: ReadSession, response: Response
) -> RatePlanOut:
    """Show what holds where no season and no single night says otherwise."""
    plan = await plan_service.get_rate_plan(session, actor, listing_id)
    response.headers["ETag"] = etag(plan.version)
    return RatePlanOut.of(plan)


@router.patch("/rate-plan", summary="Change a listing's prices and stay rules", responses=EDITS)
async def edit_rate_plan(
    *,
    listing_id: OwnListing,
    body: RatePlanIn,
    actor: HostActor,
    session: WriteSession,
    services: ServicesDep,
    expected: IfMatchRequired,
    response: Response,
) -> RatePlanOut:
    """Change the terms that are sent; the others stay. Quotes that were made before keep their price till they end."""
    plan = await plan_service.edit_rate_plan(
        session, services.clock, actor, listing_id, body.changes, expected=expected
    )
    response.headers["ETag"] = etag(plan.version)
    return RatePlanOut.of(plan)


@router.get("/seasons", summary="A listing's seasons", responses=READS)
async def list_seasons(
    listing_id: OwnListing, actor: HostActor, session: ReadSession, response: Response
) -> SeasonsOut:
    """List the seasons, the earliest first."""
    seasons = await plan_service.list_seasons(session, actor, listing_id)
    version = await plan_service.version_of(session, listing_id)
    response.headers["ETag"] = etag(version)
    return SeasonsOut(version=version, items=[SeasonOut.of(record) for record in seasons])


@router.post("/seasons", status_code=201, response_model=SeasonOut, summary="Add a season to a listing", responses=ADDS)
async def add_season(
    *,
    listing_id: OwnListing,
    body: SeasonIn,
    actor: HostActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
) -> JSONResponse:
    """Scale the prices of a span of nights to come, and maybe lengthen its stays."""

    async def add() -> tuple[int, SeasonOut]:
        added = await plan_service.add_season(session, services.clock, actor, listing_id, body.season)
        return 201, SeasonOut.of(added)

    answer = await once(add)
    if REPLAYED not in answer.headers:  # an answer of earlier does not speak for edits made since
        answer.headers["ETag"] = etag(await plan_service.version_of(session, listing_id))
    return answer


@router.put("/seasons/{season_id}", summary="Change a season", responses=EDITS)
async def change_season(
    *,
    listing_id: OwnListing,
    season_id: SeasonId,
    body: SeasonIn,
    actor: HostActor,
    session: WriteSession,
    services: ServicesDep,
    expected: IfMatchRequired,
    response: Response,
) -> SeasonOut:
    """Replace a season; one that runs already keeps the day on which it began."""
    wanted = SeasonRecord(season_id, body.season)
    await plan_service.change_season(session, services.clock, actor, listing_id, wanted, expected=expected)
    response.headers["ETag"] = etag(await plan_service.version_of(session, listing_id))
    return SeasonOut.of(wanted)


@router.delete(
    "/seasons/{season_id}",
    status_code=204,
    summary="Remove a season",
    responses=problems(400, 401, 403, 404, 409, 412, 422, 428, 503),
)
async def remove_season(
    *,
    listing_id: OwnListing,
    season_id: SeasonId,
    actor: HostActor,
    session: WriteSession,
    services: ServicesDep,
    expected: IfMatchRequired,
) -> None:
    """Forget a season: its nights return to the rate plan."""
    await plan_service.remove_season(session, services.clock, actor, listing_id, season_id, expected=expected)
