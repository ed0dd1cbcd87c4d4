"""Booking at once over HTTP: the usual way (see :mod:`serving.instant_bookings.quick` for the other)."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from serving.bookings.schemas import BookingOut
from serving.dependencies import GuestActor, ServicesDep, WriteSession
from serving.idempotency import OnceDep
from serving.instant_bookings.quick import PATH
from serving.instant_bookings.schemas import InstantBookingIn
from serving.openapi import problems
from transactional.bookings import instant

router = APIRouter(prefix=PATH, tags=["bookings"])


@router.post(
    "",
    status_code=201,
    response_model=BookingOut,
    summary="Book a quote at once",
    responses=problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
async def book_instantly(
    body: InstantBookingIn, actor: GuestActor, session: WriteSession, once: OnceDep, services: ServicesDep
) -> JSONResponse:
    """Book a quote in one call, with the processor's receipt that its total is authorised; it is captured later.

    An authorisation whose stay could not be booked takes nothing and lapses by itself.
    """

    async def book() -> tuple[int, BookingOut]:
        wish = body.wish_of(actor)
        return 201, BookingOut.of(await instant.book(session, services.clock, services.booking_keys, wish))

    return await once(book)
