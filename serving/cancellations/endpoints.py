"""Ending a booking early, over HTTP. Others' bookings do not exist for a caller: they answer 404."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from serving.bookings.endpoints import CHANGES, BookingId
from serving.cancellations.schemas import CancelIn, CancellationOut, EndedBookingOut
from serving.dependencies import AnyActor, ReadSession, ServicesDep, WriteSession
from serving.idempotency import OnceDep
from serving.openapi import problems
from transactional.bookings import repository
from transactional.cancellations import service

router = APIRouter(prefix="/v1/bookings", tags=["bookings"])


@router.get(
    "/{booking_id}/cancellation",
    summary="What cancelling would give back",
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def preview_cancellation(
    booking_id: BookingId, actor: AnyActor, session: ReadSession, services: ServicesDep
) -> CancellationOut:
    """Tell what would go back to the guest now, component by component, and until when; nothing changes."""
    _, side = await repository.side_of(session, actor, booking_id)
    return CancellationOut.of(await service.preview(session, services.clock, actor, booking_id), side=side)


@router.post("/{booking_id}/cancel", response_model=EndedBookingOut, summary="Cancel a booking", responses=CHANGES)
async def cancel_booking(
    *,
    booking_id: BookingId,
    actor: AnyActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    body: CancelIn | None = None,
) -> JSONResponse:
    """Give a request, a hold or a booking up, as its guest, its host or an administrator.

    The guest gets back what the policy says; a host who cancels a confirmed booking gives everything back,
    owes a penalty and cannot sell the nights again.
    """

    async def cancel() -> tuple[int, EndedBookingOut]:
        _, side = await repository.side_of(session, actor, booking_id)
        reason = (body or CancelIn()).reason
        cancelled = await service.cancel(session, services.clock, actor, booking_id, reason=reason)
        return 200, EndedBookingOut.seen_by(side, cancelled)

    return await once(cancel)


@router.post("/{booking_id}/no-show", response_model=EndedBookingOut, summary="Report a no-show", responses=CHANGES)
async def report_no_show(
    booking_id: BookingId, actor: AnyActor, session: WriteSession, once: OnceDep, services: ServicesDep
) -> JSONResponse:
    """Write down, as the host or an administrator, that the guest did not come; the nights stay paid."""

    async def miss() -> tuple[int, EndedBookingOut]:
        _, side = await repository.side_of(session, actor, booking_id)
        return 200, EndedBookingOut.seen_by(
            side, await service.mark_no_show(session, services.clock, actor, booking_id)
        )

    return await once(miss)


@router.post(
    "/{booking_id}/early-departure", response_model=EndedBookingOut, summary="End a stay today", responses=CHANGES
)
async def leave_early(
    booking_id: BookingId, actor: AnyActor, session: WriteSession, once: OnceDep, services: ServicesDep
) -> JSONResponse:
    """End a stay after its first night and before its last: the nights left are on offer again.

    A guest gets back what the policy says of them; where the host or an administrator ends it, all of them.
    """

    async def leave() -> tuple[int, EndedBookingOut]:
        _, side = await repository.side_of(session, actor, booking_id)
        return 200, EndedBookingOut.seen_by(side, await service.leave_early(session, services.clock, actor, booking_id))

    return await once(leave)
