"""Modifications over HTTP. Those of others' bookings do not exist for a caller: they answer 404."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Path
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncSession

from serving.bookings.endpoints import CHANGES, BookingId
from serving.dependencies import AnyActor, ReadSession, ServicesDep, WriteSession
from serving.etags import IfMatch
from serving.idempotency import OnceDep
from serving.modifications.schemas import (
    ApproveModificationIn,
    DeclineModificationIn,
    ModificationIn,
    ModificationOut,
    ModificationsOut,
)
from serving.openapi import problems
from transactional.bookings import repository as bookings
from transactional.bookings.rules import Side
from transactional.modifications import service
from transactional.modifications.records import ModificationRecord
from transactional.modifications.service import Answered
from transactional.payments import repository as payments
from transactional.users.actors import Actor

router = APIRouter(prefix="/v1/bookings/{booking_id}/modifications", tags=["bookings"])

ModificationId = Annotated[UUID, Path(description="A modification of the booking.")]


async def shown(session: AsyncSession, actor: Actor, modification: ModificationRecord) -> ModificationOut:
    """A modification as the caller may see it: the guest's payment is not the host's."""
    booking = await bookings.get(session, modification.booking_id)
    _, side = await bookings.side_of(session, actor, booking.booking_id)
    made = [] if side is Side.HOST else await payments.for_booking(session, booking.booking_id)
    return ModificationOut.of(modification, booking, made)


@router.post(
    "",
    status_code=201,
    response_model=ModificationOut,
    summary="Propose other dates, guests or a price",
    responses=CHANGES | problems(412),
)
async def propose_modification(
    *,
    booking_id: BookingId,
    body: ModificationIn,
    actor: AnyActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    after: BackgroundTasks,
    if_match: IfMatch,
) -> JSONResponse:
    """Price a changed stay and put it to the other side, until `expires_at`; what is left out stays as it is.

    A night that the booking has keeps its price, another costs what it costs today; the exchange rate is that of
    the quote. A guest who only brings fewer people for the same money, and a host who only lowers the price, need
    no answer: then it is applied at once. A dearer stay is paid first (`paying`). With `If-Match` the booking must
    be of that `version`.
    """

    async def propose() -> tuple[int, ModificationOut]:
        proposed = await service.propose(session, services.clock, actor, booking_id, body.wish(), if_match=if_match)
        after.add_task(services.desk.advance, booking_id)  # what is to be paid or given back: once this is committed
        return 201, await shown(session, actor, proposed)

    return await once(propose)


@router.get("", summary="A booking's modifications", responses=problems(401, 404, 422, 503))
async def list_modifications(booking_id: BookingId, actor: AnyActor, session: ReadSession) -> ModificationsOut:
    """List every modification of a booking of the caller's, newest first, whatever became of it."""
    found = await service.list_for(session, actor, booking_id)
    return ModificationsOut(items=[await shown(session, actor, each) for each in found])


@router.get("/{modification_id}", summary="A modification", responses=problems(401, 404, 422, 503))
async def get_modification(
    booking_id: BookingId, modification_id: ModificationId, actor: AnyActor, session: ReadSession
) -> ModificationOut:
    """Show a modification of a booking of the caller's."""
    found = await service.get_for(session, actor, Answered(booking_id, modification_id))
    return await shown(session, actor, found)


@router.post("/{modification_id}/approve", response_model=ModificationOut, summary="Agree", responses=CHANGES)
async def approve_modification(
    *,
    booking_id: BookingId,
    modification_id: ModificationId,
    actor: AnyActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    after: BackgroundTasks,
    body: ApproveModificationIn | None = None,
) -> JSONResponse:
    """Agree to what the other side proposed: it is applied at once, or as soon as a higher price has been paid."""

    async def approve() -> tuple[int, ModificationOut]:
        answered = Answered(booking_id, modification_id)
        method = None if body is None else body.payment_method
        agreed = await service.approve(session, services.clock, actor, answered, payment_method=method)
        after.add_task(services.desk.advance, booking_id)
        return 200, await shown(session, actor, agreed)

    return await once(approve)


@router.post("/{modification_id}/decline", response_model=ModificationOut, summary="Turn down", responses=CHANGES)
async def decline_modification(
    *,
    booking_id: BookingId,
    modification_id: ModificationId,
    actor: AnyActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    body: DeclineModificationIn | None = None,
) -> JSONResponse:
    """Turn down what the other side proposed; the booking stays as it is."""

    async def decline() -> tuple[int, ModificationOut]:
        answered = Answered(booking_id, modification_id)
        reason = None if body is None else body.reason
        declined = await service.decline(session, services.clock, actor, answered, reason=reason)
        return 200, await shown(session, actor, declined)

    return await once(decline)


@router.post("/{modification_id}/withdraw", response_model=ModificationOut, summary="Take back", responses=CHANGES)
async def withdraw_modification(
    *,
    booking_id: BookingId,
    modification_id: ModificationId,
    actor: AnyActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
) -> JSONResponse:
    """Take back a proposal of the caller's own side that nobody has answered."""

    async def withdraw() -> tuple[int, ModificationOut]:
        answered = Answered(booking_id, modification_id)
        withdrawn = await service.withdraw(session, services.clock, actor, answered)
        return 200, await shown(session, actor, withdrawn)

    return await once(withdraw)
