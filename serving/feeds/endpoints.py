"""Feeds over HTTP: hosts' own, and the calendars that are given out to whoever knows the address."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import JSONResponse

from serving.dependencies import HostActor, ReadSession, ServicesDep, WriteSession
from serving.feeds.schemas import (
    MAX_EVENTS_SHOWN,
    CalendarTokenIn,
    CalendarTokenOut,
    CalendarTokensOut,
    EventsQuery,
    FeedEventOut,
    FeedEventsOut,
    FeedIn,
    FeedOut,
    FeedsOut,
    NewCalendarTokenOut,
    ReadIn,
)
from serving.idempotency import OnceDep
from serving.openapi import problems
from serving.schemas import PathListingId
from transactional.feeds import service
from transactional.feeds.export import MEDIA_TYPE, entity_tag, is_known
from transactional.feeds.tokens import token_of

router = APIRouter(tags=["feeds"])

OWN = "/v1/listings/{listing_id}"
OwnListing = Annotated[PathListingId, Path(description="A listing of the caller's.")]
FeedId = Annotated[UUID, Path(description="A feed of the listing.")]
READS = problems(401, 403, 404, 422, 503)
CHANGES = problems(400, 401, 403, 404, 409, 413, 415, 422, 503)
CALENDAR: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/calendar": {"schema": {"type": "string"}}}, "description": "An iCalendar text."},
    304: {"description": "It is what `If-None-Match` names."},
}


@router.post(f"{OWN}/feeds", status_code=201, response_model=FeedOut, summary="Read a calendar", responses=CHANGES)
async def add_feed(
    *,
    listing_id: OwnListing,
    body: FeedIn,
    actor: HostActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
) -> JSONResponse:
    """Have the listing read another site's calendar, every half hour; the first time within a minute."""

    async def add() -> tuple[int, FeedOut]:
        added = await service.add_feed(session, services.clock, actor, listing_id, name=body.name, url=body.url)
        return 201, FeedOut.of(added)

    return await once(add)


@router.get(f"{OWN}/feeds", summary="Calendars that are read", responses=READS)
async def list_feeds(listing_id: OwnListing, actor: HostActor, session: ReadSession, services: ServicesDep) -> FeedsOut:
    """List the calendars that the listing reads, with how that goes."""
    feeds = await service.list_feeds(session, services.clock, actor, listing_id)
    return FeedsOut(items=[FeedOut.of(feed) for feed in feeds])


@router.delete(f"{OWN}/feeds/{{feed_id}}", status_code=204, summary="Read a calendar no more", responses=CHANGES)
async def remove_feed(listing_id: OwnListing, feed_id: FeedId, actor: HostActor, session: WriteSession) -> None:
    """Forget a calendar; the nights that it took are free."""
    await service.remove_feed(session, actor, listing_id, feed_id)


@router.post(
    f"{OWN}/feeds/{{feed_id}}/read",
    status_code=202,
    response_model=FeedOut,
    summary="Read a calendar now",
    responses=CHANGES,
)
async def read_feed(
    *,
    listing_id: OwnListing,
    feed_id: FeedId,
    actor: HostActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    body: ReadIn | None = None,
) -> JSONResponse:
    """Have a calendar read as soon as can be; look at `last_read_at` to learn whether it was."""

    async def ask() -> tuple[int, FeedOut]:
        accept_empty = body is not None and body.accept_empty
        asked = await service.ask_to_read(
            session, services.clock, actor, listing_id, feed_id, accept_empty=accept_empty
        )
        return 202, FeedOut.of(asked)

    return await once(ask)


@router.get(f"{OWN}/feed-events", summary="What calendars say, above all conflicts", responses=READS)
async def list_feed_events(
    listing_id: OwnListing,
    wanted: Annotated[EventsQuery, Query()],
    actor: HostActor,
    session: ReadSession,
    services: ServicesDep,
) -> FeedEventsOut:
    """List the next events of one status: a conflict's `note` says who has which of its nights."""
    events = await service.list_events(
        session, services.clock, actor, listing_id, wanted.status, limit=MAX_EVENTS_SHOWN
    )
    return FeedEventsOut(items=[FeedEventOut.of(event) for event in events])


@router.post(
    f"{OWN}/calendar-tokens",
    status_code=201,
    response_model=NewCalendarTokenOut,
    summary="Give the calendar out",
    responses=CHANGES,
)
async def create_calendar_token(
    *,
    listing_id: OwnListing,
    actor: HostActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    body: CalendarTokenIn | None = None,
) -> JSONResponse:
    """Make an address under which other sites can read the listing's calendar; nobody can guess it."""

    async def make() -> tuple[int, CalendarTokenOut]:
        replaces_all = body is not None and body.replaces_all
        token = await service.give_out(
            session, services.clock, actor, listing_id, key=services.signing_key, replaces_all=replaces_all
        )
        return 201, CalendarTokenOut.of(token)

    # What is kept of the answer, to be given again to the same key, is without the secret.
    answer = await once(make)
    kept = CalendarTokenOut.model_validate_json(bytes(answer.body))
    whole = NewCalendarTokenOut(
        token_id=kept.token_id,
        created_at=kept.created_at,
        path=f"/v1/calendars/{token_of(kept.token_id, key=services.signing_key)}.ics",
    )
    headers = {name: value for name, value in answer.headers.items() if name.startswith("idempotency")}
    return JSONResponse(orjson.loads(whole.model_dump_json()), answer.status_code, headers=headers)


@router.get(f"{OWN}/calendar-tokens", summary="Addresses of the calendar", responses=READS)
async def list_calendar_tokens(listing_id: OwnListing, actor: HostActor, session: ReadSession) -> CalendarTokensOut:
    """List the addresses under which the calendar is given out, without what makes them work."""
    tokens = await service.list_tokens(session, actor, listing_id)
    return CalendarTokensOut(items=[CalendarTokenOut.of(token) for token in tokens])


@router.delete(f"{OWN}/calendar-tokens/{{token_id}}", status_code=204, summary="Revoke an address", responses=CHANGES)
async def revoke_calendar_token(
    listing_id: OwnListing,
    token_id: Annotated[UUID, Path(description="An address of the listing's calendar.")],
    actor: HostActor,
    session: WriteSession,
    services: ServicesDep,
) -> None:
    """End an address at once."""
    await service.revoke_token(session, services.clock, actor, listing_id, token_id)


@router.get(
    "/v1/calendars/{token}.ics",
    response_class=Response,
    summary="A listing's calendar",
    responses=CALENDAR | problems(404, 422, 503),
)
async def export_calendar(
    token: Annotated[str, Path(description="The secret part of the address.", examples=["Zm9v"])],
    session: ReadSession,
    services: ServicesDep,
    if_none_match: Annotated[str | None, Header(description="An `ETag` given before.")] = None,
) -> Response:
    """Show which nights of a listing are taken, and nothing of who takes them, to whoever knows the address."""
    body = await service.export(session, services.clock, token)
    headers = {"ETag": entity_tag(body), "Cache-Control": "private, no-cache"}
    if is_known(headers["ETag"], sent=if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=MEDIA_TYPE, headers=headers)
