"""Start the sagas that move money: a payment for a hold, the payouts that are due; inside the caller's transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.ids import new_id
from lodestay.money import Money
from transactional.bookings import repository as bookings
from transactional.bookings.errors import BookingStateConflict, HoldLapsed
from transactional.payments import repository as payments
from transactional.payments.rules import PaymentStatus, Purpose
from transactional.sagas import repository
from transactional.sagas.errors import PaymentDeclined, PaymentGivenBack, PaymentUnderWay, public_reason
from transactional.sagas.payment import AWAITING_PAYMENT
from transactional.sagas.rules import SagaKind, SagaStatus
from transactional.sagas.service import start

LATE: Final = timedelta(minutes=5)
"""How long after a hold's end its payment may still come; the booking is then confirmed if its nights are free."""
PAYOUT_DEADLINE: Final = timedelta(hours=72)


async def pay(session: AsyncSession, clock: Clock, booking_id: UUID, *, payment_method: str) -> UUID:
    """Begin to pay a held booking; the saga confirms and captures.

    Returns
    -------
    UUID
        Number of the saga.

    Raises
    ------
    BookingNotFound
        There is none.
    BookingStateConflict
        It is not one that waits to be paid.
    HoldLapsed
        Its hold ended more than :data:`LATE` ago: the quoted price is not kept for ever.
    PaymentUnderWay
        A payment of it has begun and is not over.
    """
    await repository.lock_booking(session, booking_id)
    booking = await bookings.get(session, booking_id)
    if booking.status not in AWAITING_PAYMENT or booking.hold_expires_at is None:
        raise BookingStateConflict(booking.reference, status=booking.status, change="pay")
    if await repository.live_of(session, booking_id, kind=SagaKind.PAYMENT) is not None:
        raise PaymentUnderWay(booking.reference)
    now = clock.now()
    payable_until = booking.hold_expires_at + LATE
    if now >= payable_until:
        raise HoldLapsed(booking.reference, payable_until=payable_until)
    payment_id = None
    if booking.charge_total_minor > 0:
        payment_id = new_id()
        await payments.create_payment(
            session,
            payment_id=payment_id,
            booking_id=booking_id,
            purpose=Purpose.BOOKING,
            payment_method=payment_method,
            amount=Money(booking.charge_total_minor, booking.charge_currency),
            lines=booking.charge_lines,
            now=now,
        )
    return await start(
        session,
        clock,
        kind=SagaKind.PAYMENT,
        booking_id=booking_id,
        data={"payment_id": None if payment_id is None else str(payment_id)},
        deadline=payable_until - now,
    )


async def start_due_payouts(session: AsyncSession, clock: Clock, *, limit: int) -> int:
    """Begin the payouts that are due, to be called again and again; say how many."""
    due = await repository.due_payouts(session, now=clock.now(), limit=limit)
    for booking_id in due:
        await start(session, clock, kind=SagaKind.PAYOUT, booking_id=booking_id, data={}, deadline=PAYOUT_DEADLINE)
    return len(due)


async def require_not_refused(session: AsyncSession, saga_id: UUID) -> None:
    """Say why a payment came to nothing; one that is done, or not over, raises nothing.

    Raises
    ------
    PaymentDeclined
        The guest's bank or the processor refused.
    PaymentGivenBack
        The booking could not be confirmed, or the money not be taken.
    """
    saga = await repository.get(session, saga_id)
    if saga.status in {SagaStatus.RUNNING, SagaStatus.DONE}:
        return
    booking = await bookings.get(session, saga.booking_id)
    reason = public_reason(saga.error)
    number = saga.data.get("payment_id")
    payment = None if number is None else await payments.find(session, UUID(number))
    if payment is not None and payment.status == PaymentStatus.FAILED:
        raise PaymentDeclined(booking.reference, reason=payment.failure or reason)
    raise PaymentGivenBack(booking.reference, reason=reason)
