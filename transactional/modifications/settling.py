"""The money of a modification: the payment on top and the saga that takes it, applies and gives back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.ids import new_id
from lodestay.money import Money
from transactional.bookings.records import BookingRecord
from transactional.modifications.errors import PaymentMethodNeeded
from transactional.modifications.records import ModificationRecord
from transactional.payments import repository as payments
from transactional.payments.receipts import BY_RECEIPT
from transactional.payments.records import PaymentRecord
from transactional.payments.rules import PaymentStatus, Purpose
from transactional.sagas import service as sagas
from transactional.sagas.rules import SagaKind

DEADLINE: Final = timedelta(minutes=15)
"""Time in which the guest's bank has to agree to the payment on top."""

Lines = list[dict[str, Any]]


async def settle(
    session: AsyncSession,
    clock: Clock,
    booking: BookingRecord,
    modification: ModificationRecord,
    *,
    more: Lines,
    less: Lines,
    payment_method: str | None,
) -> UUID:
    """Have what is due on top taken, then the change made, then given back what is due the other way.

    Parameters
    ----------
    more, less
        As :func:`~transactional.modifications.rules.money_due` says.
    payment_method
        Needed where `more` is something.

    Returns
    -------
    UUID
        Number of the saga.
    """
    payment_id = None
    if more:
        assert payment_method is not None  # noqa: S101 (see method_for)
        payment_id = new_id()
        await payments.create_payment(
            session,
            payment_id=payment_id,
            booking_id=booking.booking_id,
            purpose=Purpose.MODIFICATION,
            payment_method=payment_method,
            amount=Money(sum(line["minor"] for line in more), booking.charge_currency),
            lines=more,
            now=clock.now(),
        )
    return await sagas.start(
        session,
        clock,
        kind=SagaKind.CHANGE,
        booking_id=booking.booking_id,
        data={
            "modification_id": str(modification.modification_id),
            "payment_id": None if payment_id is None else str(payment_id),
            "lines": less,
        },
        deadline=DEADLINE,
        # What was applied at once is never turned back: however late the saga's turn comes, it only gives back.
        at="refund" if payment_id is None else None,
    )


async def method_for(session: AsyncSession, booking: BookingRecord, *named: str | None) -> str:
    """What a payment on top is made with: the first that was named, else what the booking was last paid with.

    Raises
    ------
    PaymentMethodNeeded
        Neither is known; of what was paid by receipt nobody but the guest's app knows the method.
    """
    paid = [
        payment.payment_method
        for payment in await payments.for_booking(session, booking.booking_id)
        if payment.status in {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED} and payment.payment_method != BY_RECEIPT
    ]
    known = next((each for each in (*named, *reversed(paid), booking.payment_method) if each is not None), None)
    if known is None:
        raise PaymentMethodNeeded(booking.reference)
    return known


def payment_of(modification: ModificationRecord, made: Sequence[PaymentRecord]) -> PaymentRecord | None:
    """The payment on top that a modification was agreed to with, among all of its booking, the oldest first.

    A booking has one open modification at most, so it is the one that was begun while this one was open.
    """
    until = modification.closed_at
    for payment in reversed(made):
        begun = payment.created_at
        if payment.purpose == Purpose.MODIFICATION and modification.created_at <= begun <= (until or begun):
            return payment
    return None
