"""Requests to book over HTTP. Others' requests do not exist for a caller: they answer 404."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from serving.booking_requests.schemas import DeclineIn, RequestIn
from serving.bookings.endpoints import CHANGES, BookingId
from serving.bookings.schemas import BookingOut
from serving.dependencies import AnyActor, GuestActor, ServicesDep, WriteSession
from serving.idempotency import OnceDep
from transactional.bookings import requests
from transactional.quotes.service import verified
from transactional.sagas.checkout import pay

router = APIRouter(prefix="/v1/booking-requests", tags=["bookings"])


@router.post(
    "", status_code=201, response_model=BookingOut, summary="Ask the host for a quote's nights", responses=CHANGES
)
async def request_booking(
    body: RequestIn, actor: GuestActor, session: WriteSession, once: OnceDep, services: ServicesDep
) -> JSONResponse:
    """Ask for nights at the price quoted. They stay on the market until the host accepts, by `respond_by`."""

    async def ask() -> tuple[int, BookingOut]:
        await verified(session, body.quote_id, guest_id=actor.user_id, signature=body.signature, key=services.quote_key)
        asked = await requests.request(
            session,
            services.clock,
            guest_id=actor.user_id,
            quote_id=body.quote_id,
            payment_method=body.payment_method,
        )
        return 201, BookingOut.of(asked)

    return await once(ask)


@router.post("/{booking_id}/accept", response_model=BookingOut, summary="Accept a request", responses=CHANGES)
async def accept_request(
    booking_id: BookingId, actor: AnyActor, session: WriteSession, once: OnceDep, services: ServicesDep
) -> JSONResponse:
    """Give a request its nights, as its host, and have it paid as the guest said.

    Requests for the same nights are declined and their guests told. A guest whose payment method is
    declined can pay with another until `hold_expires_at`.
    """

    async def accept() -> tuple[int, BookingOut]:
        keep = timedelta(hours=services.settings.approved_hold_hours)
        accepted = await requests.accept(session, services.clock, actor, booking_id, keep=keep)
        if accepted.payment_method is not None:
            await pay(session, services.clock, booking_id, payment_method=accepted.payment_method)
        return 200, BookingOut.of(accepted)

    return await once(accept)


@router.post("/{booking_id}/decline", response_model=BookingOut, summary="Decline a request", responses=CHANGES)
async def decline_request(
    *,
    booking_id: BookingId,
    actor: AnyActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    body: DeclineIn | None = None,
) -> JSONResponse:
    """Turn a request down, as its host."""

    async def decline() -> tuple[int, BookingOut]:
        reason = (body or DeclineIn()).reason
        declined = await requests.decline(session, services.clock, actor, booking_id, reason=reason.value)
        return 200, BookingOut.of(declined)

    return await once(decline)
