"""A booking's history over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from serving.booking_history.schemas import EventOut, HistoryOut, HistoryQuery
from serving.bookings.endpoints import BookingId
from serving.bookings.schemas import BookingOut
from serving.dependencies import AnyActor, ReadSession, ServicesDep
from serving.openapi import problems
from transactional.bookings import repository
from transactional.journal.service import look_back

router = APIRouter(prefix="/v1/bookings/{booking_id}/history", tags=["bookings"])


@router.get("", summary="What happened to a booking", responses=problems(401, 404, 422, 503))
async def get_history(
    booking_id: BookingId,
    wanted: Annotated[HistoryQuery, Query()],
    actor: AnyActor,
    session: ReadSession,
    services: ServicesDep,
) -> HistoryOut:
    """List the events of a booking of the caller's, and show what the booking was after the last of them.

    With `at` only what had happened by then: what guest and host saw at that instant.
    """
    await repository.get_for(session, actor, booking_id)
    events, booking = await look_back(session, booking_id, wanted.at or services.clock.now())
    return HistoryOut(events=[EventOut.of(event) for event in events], booking=BookingOut.of(booking))
