"""Paying for a booking over HTTP: begun under the call's key, then moved outside of any transaction."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from serving.state import Services
from transactional.bookings import repository
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Change, require_side
from transactional.kit.idempotency import Answer, Call, run_once
from transactional.payments import repository as payments
from transactional.payments.records import PaymentRecord
from transactional.sagas.checkout import pay, require_not_refused
from transactional.sagas.records import SagaRecord
from transactional.sagas.service import claim_due
from transactional.users.actors import Actor


@dataclass(frozen=True, slots=True)
class Begun:
    """A payment that this call has begun, or found begun under its key."""

    saga_id: UUID
    replayed: bool
    taken: tuple[SagaRecord, ...]
    """What of it this call moves: claimed with its beginning, since a worker would be the faster one now and then."""


async def begin_payment(
    services: Services, actor: Actor, call: Call, booking_id: UUID, *, payment_method: str
) -> Begun:
    """Write the payment down, once for a key, and commit: from here on it ends by itself.

    What is remembered under the key is the payment, not how far it was: the same call, sent again, tells
    how far it is then.
    """
    taken: list[SagaRecord] = []
    async with services.sessions.begin() as session:

        async def begin() -> Answer:
            _, side = await repository.side_of(session, actor, booking_id)
            require_side(Change.CONFIRM, side)
            saga_id = await pay(session, services.clock, booking_id, payment_method=payment_method)
            taken.extend(await claim_due(session, services.clock, limit=1, booking_id=booking_id))
            return Answer(202, {"saga_id": str(saga_id)})

        answer, replayed = await run_once(session, call, begin, now=services.clock.now())
    return Begun(UUID(answer.body["saga_id"]), replayed, tuple(taken))


async def paid_booking(services: Services, begun: Begun, booking_id: UUID) -> tuple[BookingRecord, list[PaymentRecord]]:
    """The booking and its payments as they are now; :class:`Conflict` where the payment came to nothing."""
    async with services.sessions() as session:
        await require_not_refused(session, begun.saga_id)
        return await repository.get(session, booking_id), await payments.for_booking(session, booking_id)
