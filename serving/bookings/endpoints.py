"""Bookings over HTTP. Others' bookings do not exist for a caller: they answer 404."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Path, Query, Response
from fastapi.responses import JSONResponse

from lodestay.stay import Stay
from search.events import BookingEvent, HoldEvent
from serving.bookings.payment import begin_payment, paid_booking
from serving.bookings.schemas import BookingOut, BookingsOut, BookingsQuery, ConfirmIn, HoldIn, PaidBookingOut, Seat
from serving.dependencies import AnyActor, GuestActor, ReadSession, ServicesDep, SessionKey, WriteSession
from serving.etags import TAGGED, etag
from serving.events.stays import log_stay
from serving.idempotency import REPLAYED, KeyedCall, OnceDep
from serving.openapi import problems
from serving.search.log import visit_of
from transactional.bookings import repository, service
from transactional.bookings.rules import BookingStatus, Side
from transactional.payments import repository as payments
from transactional.quotes.service import verified

router = APIRouter(prefix="/v1/bookings", tags=["bookings"])

BookingId = Annotated[UUID, Path(description="A booking of the caller's, as guest or host.")]
CHANGES = problems(400, 401, 403, 404, 409, 413, 415, 422, 503)


@router.post("", status_code=201, response_model=BookingOut, summary="Hold a quote's nights", responses=CHANGES)
async def hold_booking(
    *,
    body: HoldIn,
    actor: GuestActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    after: BackgroundTasks,
    session_key: SessionKey = None,
) -> JSONResponse:
    """Keep the nights of a quote at its price until `hold_expires_at`; confirm it before then."""

    async def hold() -> tuple[int, BookingOut]:
        await verified(session, body.quote_id, guest_id=actor.user_id, signature=body.signature, key=services.quote_key)
        keep = timedelta(minutes=services.settings.hold_minutes)
        held = await service.hold(session, services.clock, guest_id=actor.user_id, quote_id=body.quote_id, keep=keep)
        visit = visit_of(actor, session_key, masking_key=services.masking_key)
        stay = Stay(held.check_in, held.check_out)
        after.add_task(log_stay, services, HoldEvent, held, stay=stay, search_id=body.search_id, visit=visit)
        return 201, BookingOut.of(held)

    return await once(hold)


@router.post(
    "/{booking_id}/confirm",
    response_model=PaidBookingOut,
    summary="Pay for a hold and confirm it",
    responses=CHANGES | {202: {"model": PaidBookingOut, "description": "The payment is not over yet."}},
)
async def confirm_booking(
    *,
    booking_id: BookingId,
    body: ConfirmIn,
    actor: GuestActor,
    keyed: KeyedCall,
    services: ServicesDep,
    after: BackgroundTasks,
    session_key: SessionKey = None,
) -> JSONResponse:
    """Pay for a hold, which makes it a booking; 202 where the bank or the cardholder takes longer.

    Read the booking, or send the same call with the same key again, to learn how it ended. A hold that has
    expired is confirmed while its nights are still free.
    """
    begun = await begin_payment(services, actor, keyed, booking_id, payment_method=body.payment_method)
    await services.desk.advance(booking_id, taken=begun.taken)
    booking, made = await paid_booking(services, begun, booking_id)
    confirmed = booking.status == BookingStatus.CONFIRMED
    if confirmed and not begun.replayed:
        visit = visit_of(actor, session_key, masking_key=services.masking_key)
        stay = Stay(booking.check_in, booking.check_out)
        after.add_task(log_stay, services, BookingEvent, booking, stay=stay, search_id=body.search_id, visit=visit)
    out = PaidBookingOut.with_payments(booking, made)
    return JSONResponse(
        out.model_dump(mode="json"),
        status_code=200 if confirmed else 202,
        headers={REPLAYED: "true"} if begun.replayed else {},
    )


@router.get("", summary="The caller's bookings", responses=problems(401, 422, 503))
async def list_bookings(
    wanted: Annotated[BookingsQuery, Query()], actor: AnyActor, session: ReadSession
) -> BookingsOut:
    """List the caller's bookings, or those in the caller's listings, newest first."""
    listing = repository.list_for_guest if wanted.seat is Seat.GUEST else repository.list_for_host
    page = await listing(session, actor.user_id, wanted=wanted.wanted, cursor=wanted.cursor, size=wanted.size)
    return BookingsOut(items=[BookingOut.of(item) for item in page.items], next_cursor=page.next_cursor)


@router.get("/{booking_id}", summary="A booking", responses={**TAGGED, **problems(401, 404, 422, 503)})
async def get_booking(
    booking_id: BookingId, actor: AnyActor, session: ReadSession, response: Response
) -> PaidBookingOut:
    """Show a booking of the caller's, as its guest, its host or an administrator; its payment is not the host's."""
    booking = await repository.get_for(session, actor, booking_id)
    _, side = await repository.side_of(session, actor, booking_id)
    made = None if side is Side.HOST else await payments.for_booking(session, booking_id)
    response.headers["ETag"] = etag(booking.version)
    return PaidBookingOut.with_payments(booking, made, side=side)
