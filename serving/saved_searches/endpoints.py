"""Saved searches and their alerts over HTTP. Others' do not exist for a caller, administrators included."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from serving.dependencies import AnyActor, ReadSession, ServicesDep, WriteSession
from serving.idempotency import OnceDep
from serving.openapi import problems
from serving.saved_searches.schemas import (
    AlertOut,
    AlertsOut,
    AlertsQuery,
    ReadAlertsIn,
    ReadAlertsOut,
    SavedSearchEdit,
    SavedSearchesOut,
    SavedSearchIn,
    SavedSearchOut,
)
from serving.saved_searches.service import understood
from transactional.saved_searches import service
from transactional.saved_searches.rules import MAX_SAVED

router = APIRouter(tags=["saved searches"])

SEARCHES = "/v1/saved-searches"
SavedSearchId = Annotated[UUID, Path(description="A saved search of the caller's.")]
READS = problems(401, 404, 422, 503)
CHANGES = problems(400, 401, 404, 409, 413, 415, 422, 503)


@router.post(SEARCHES, status_code=201, response_model=SavedSearchOut, summary="Save a search", responses=CHANGES)
async def save_search(
    *, body: SavedSearchIn, actor: AnyActor, session: WriteSession, once: OnceDep, services: ServicesDep
) -> JSONResponse:
    """Keep a search, and be told of every listing that comes to match it; what matches already is not told."""

    async def save() -> tuple[int, SavedSearchOut]:
        search = await understood(services, body.name, body.search)
        return 201, SavedSearchOut.of(await service.save(session, services.clock, actor, search))

    return await once(save)


@router.get(SEARCHES, summary="Saved searches", responses=problems(401, 503))
async def list_saved_searches(actor: AnyActor, session: ReadSession) -> SavedSearchesOut:
    """List the caller's saved searches, newest first."""
    found = await service.list_saved(session, actor)
    return SavedSearchesOut(items=[SavedSearchOut.of(each) for each in found], limit=MAX_SAVED)


@router.get(f"{SEARCHES}/{{saved_search_id}}", summary="A saved search", responses=READS)
async def get_saved_search(saved_search_id: SavedSearchId, actor: AnyActor, session: ReadSession) -> SavedSearchOut:
    """Show a saved search of the caller's."""
    return SavedSearchOut.of(await service.get_saved(session, actor, saved_search_id))


@router.patch(f"{SEARCHES}/{{saved_search_id}}", summary="Rename, pause or resume", responses=CHANGES)
async def change_saved_search(
    saved_search_id: SavedSearchId,
    body: SavedSearchEdit,
    actor: AnyActor,
    session: WriteSession,
    services: ServicesDep,
) -> SavedSearchOut:
    """Change what a saved search is called, or whether it alerts; what came to match meanwhile is not told."""
    changed = await service.change(
        session, services.clock, actor, saved_search_id, name=body.name, is_paused=body.is_paused
    )
    return SavedSearchOut.of(changed)


@router.delete(f"{SEARCHES}/{{saved_search_id}}", status_code=204, summary="Delete a saved search", responses=READS)
async def delete_saved_search(saved_search_id: SavedSearchId, actor: AnyActor, session: WriteSession) -> None:
    """Forget a saved search with its alerts."""
    await service.remove(session, actor, saved_search_id)


@router.get("/v1/alerts", summary="What saved searches found", responses=READS)
async def list_alerts(wanted: Annotated[AlertsQuery, Query()], actor: AnyActor, session: ReadSession) -> AlertsOut:
    """Page through the caller's alerts, newest first."""
    page = await service.list_alerts(
        session,
        actor,
        saved_search_id=wanted.saved_search_id,
        unread=wanted.unread,
        cursor=wanted.cursor,
        size=wanted.size,
    )
    return AlertsOut(items=[AlertOut.of(item) for item in page.items], next_cursor=page.next_cursor)


@router.post("/v1/alerts/read", response_model=ReadAlertsOut, summary="Mark alerts as read", responses=CHANGES)
async def mark_alerts_read(
    *, body: ReadAlertsIn, actor: AnyActor, session: WriteSession, once: OnceDep, services: ServicesDep
) -> JSONResponse:
    """Note that the caller has seen alerts."""

    async def mark() -> tuple[int, ReadAlertsOut]:
        marked = await service.mark_read(session, services.clock, actor, body.alert_ids)
        return 200, ReadAlertsOut(marked=marked)

    return await once(mark)
