"""A booking with a payment, for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.ids import new_id
from lodestay.money import Money
from tests.transactional.factories import create_hold, create_listing, create_user, stay_of
from transactional.payments import repository as payments
from transactional.payments.records import PaymentRecord
from transactional.payments.rules import Purpose

AMOUNT = Money(10_000, "EUR")
LINES = [{"component": "nights", "minor": 10_000}]


async def create_booking(session: AsyncSession, clock: Clock) -> UUID:
    """A hold in a listing of its own."""
    listing, guest = await create_listing(session), await create_user(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay_of(10, 3))
    return held.booking_id


async def create_payment(
    session: AsyncSession,
    clock: Clock,
    *,
    booking_id: UUID | None = None,
    authorised_as: str | None = None,
) -> PaymentRecord:
    """A hundred euros to be paid for a booking."""
    return await payments.create_payment(
        session,
        payment_id=new_id(),
        booking_id=booking_id or await create_booking(session, clock),
        purpose=Purpose.BOOKING,
        payment_method="pm_ok",
        amount=AMOUNT,
        lines=LINES,
        now=clock.now(),
        authorised_as=authorised_as,
    )


async def create_captured(session: AsyncSession, clock: Clock, *, minor: int = 10_000) -> PaymentRecord:
    """A payment of which so much was taken."""
    payment = await create_payment(session, clock, authorised_as="auth_1")
    await payments.set_captured(
        session, payment.payment_id, processor_id="auth_1", captured_minor=minor, now=clock.now()
    )
    return await payments.get(session, payment.payment_id)


def later(clock: Clock, hours: int = 1) -> datetime:
    """Some hours from the clock's instant on."""
    return clock.now() + timedelta(hours=hours)
