"""Bookings over HTTP. Others' bookings do not exist for a caller: they answer 404."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Path, Query
from fastapi.responses import JSONResponse

from serving.bookings.schemas import BookingOut, BookingsOut, BookingsQuery, ConfirmIn, HoldIn, Seat
from serving.bookings.service import log_booking
from serving.dependencies import AnyActor, GuestActor, ReadSession, ServicesDep, SessionKey, WriteSession
from serving.idempotency import OnceDep
from serving.openapi import problems
from serving.search.log import visit_of
from transactional.bookings import repository, service
from transactional.bookings.changes import by_api
from transactional.quotes.service import verified

router = APIRouter(prefix="/v1/bookings", tags=["bookings"])

BookingId = Annotated[UUID, Path(description="A booking of the caller's, as guest or host.")]
CHANGES = problems(400, 401, 403, 404, 409, 413, 422, 503)


@router.post("", status_code=201, response_model=BookingOut, summary="Hold a quote's nights", responses=CHANGES)
async def hold_booking(
    body: HoldIn, actor: GuestActor, session: WriteSession, once: OnceDep, services: ServicesDep
) -> JSONResponse:
    """Keep the nights of a quote at its price until `hold_expires_at`; confirm it before then."""

    async def hold() -> tuple[int, BookingOut]:
        await verified(session, body.quote_id, guest_id=actor.user_id, signature=body.signature, key=services.quote_key)
        keep = timedelta(minutes=services.settings.hold_minutes)
        held = await service.hold(session, services.clock, guest_id=actor.user_id, quote_id=body.quote_id, keep=keep)
        return 201, BookingOut.of(held)

    return await once(hold)


@router.post("/{booking_id}/confirm", response_model=BookingOut, summary="Confirm a hold", responses=CHANGES)
async def confirm_booking(
    *,
    booking_id: BookingId,
    actor: GuestActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    after: BackgroundTasks,
    body: ConfirmIn | None = None,
    session_key: SessionKey = None,
) -> JSONResponse:
    """Turn a hold into a booking. A hold that has expired is confirmed while its nights are still free."""

    async def confirm() -> tuple[int, BookingOut]:
        _, side = await repository.side_of(session, actor, booking_id)
        confirmed = await service.confirm(session, services.clock, by_api(actor, side), booking_id)
        if body is not None and body.search_id is not None:
            visit = visit_of(actor, session_key, masking_key=services.masking_key)
            after.add_task(log_booking, services, confirmed, search_id=body.search_id, visit=visit)
        return 200, BookingOut.of(confirmed)

    return await once(confirm)


@router.get("", summary="The caller's bookings", responses=problems(401, 422, 503))
async def list_bookings(
    wanted: Annotated[BookingsQuery, Query()], actor: AnyActor, session: ReadSession
) -> BookingsOut:
    """List the caller's bookings, or those in the caller's listings, newest first."""
    listing = repository.list_for_guest if wanted.seat is Seat.GUEST else repository.list_for_host
    page = await listing(session, actor.user_id, cursor=wanted.cursor, size=wanted.size)
    return BookingsOut(items=[BookingOut.of(item) for item in page.items], next_cursor=page.next_cursor)


@router.get("/{booking_id}", summary="A booking", responses=problems(401, 404, 422, 503))
async def get_booking(booking_id: BookingId, actor: AnyActor, session: ReadSession) -> BookingOut:
    """Show a booking of the caller's, as its guest, its host or an administrator."""
    return BookingOut.of(await repository.get_for(session, actor, booking_id))
