"""Queries on payouts; changes of state are guarded as those of payments are."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.money import Money
from transactional.payments.errors import PaymentNotFound
from transactional.payments.records import PAYOUT_COLUMNS, PayoutRecord
from transactional.payments.rules import PayoutStatus, below

_PAYOUT = ", ".join(PAYOUT_COLUMNS)
_ADD = text(f"""
    INSERT INTO payouts ({_PAYOUT})
    VALUES (:payout_id, :booking_id, :host_id, :currency, :amount_minor, :due_at, 'scheduled', NULL, :now, :now)
    RETURNING {_PAYOUT}
""")
_MOVE = text("""
    UPDATE payouts
    SET status = :status, processor_id = coalesce(processor_id, CAST(:processor_id AS text)), updated_at = :now
    WHERE payout_id = :payout_id AND status = ANY(:below)
    RETURNING payout_id
""")
_BY_NUMBER = text(f"SELECT {_PAYOUT} FROM payouts WHERE payout_id = :payout_id")
_OF_BOOKING = text(f"SELECT {_PAYOUT} FROM payouts WHERE booking_id = :booking_id")
_DUE = text(f"""
    SELECT {_PAYOUT} FROM payouts WHERE status = 'scheduled' AND due_at <= :now
    ORDER BY due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")


async def create_payout(
    session: AsyncSession,
    *,
    payout_id: UUID,
    booking_id: UUID,
    host_id: UUID,
    amount: Money,
    due_at: datetime,
    now: datetime,
) -> PayoutRecord:
    """Write down what a host is to get for a booking (one payout a booking), and from when on."""
    values = {
        "payout_id": payout_id,
        "booking_id": booking_id,
        "host_id": host_id,
        "currency": amount.currency,
        "amount_minor": amount.minor,
        "due_at": due_at,
        "now": now,
    }
    return PayoutRecord(**(await session.execute(_ADD, values)).mappings().one())


async def set_payout_paid(session: AsyncSession, payout_id: UUID, *, processor_id: str, now: datetime) -> bool:
    """The host has the money; False where that was known."""
    return await _move(session, payout_id, PayoutStatus.PAID, processor_id, now=now)


async def set_payout_failed(session: AsyncSession, payout_id: UUID, *, processor_id: str | None, now: datetime) -> bool:
    """The processor would not send it."""
    return await _move(session, payout_id, PayoutStatus.FAILED, processor_id, now=now)


async def withdraw_payout(session: AsyncSession, payout_id: UUID, *, now: datetime) -> bool:
    """Take a payout back that has not been sent; False where it is too late for that."""
    return await _move(session, payout_id, PayoutStatus.WITHDRAWN, None, now=now)


async def due_payouts(session: AsyncSession, *, now: datetime, limit: int) -> list[PayoutRecord]:
    """Payouts to send, longest due first, locked; those that another worker has locked are left out."""
    rows = (await session.execute(_DUE, {"now": now, "limit": limit})).mappings()
    return [PayoutRecord(**row) for row in rows]


async def get_payout(session: AsyncSession, payout_id: UUID) -> PayoutRecord:
    """Find a payout, or raise :class:`PaymentNotFound`."""
    payout = await find_payout(session, payout_id)
    if payout is None:
        raise PaymentNotFound("payout", payout_id)
    return payout


async def find_payout(session: AsyncSession, payout_id: UUID) -> PayoutRecord | None:
    """Find a payout by our number."""
    return await _one(session, _BY_NUMBER, payout_id=payout_id)


async def payout_of_booking(session: AsyncSession, booking_id: UUID) -> PayoutRecord | None:
    """The payout of a booking, where there is one."""
    return await _one(session, _OF_BOOKING, booking_id=booking_id)


async def _one(session: AsyncSession, statement: Any, **values: Any) -> PayoutRecord | None:
    row = (await session.execute(statement, values)).mappings().one_or_none()
    return None if row is None else PayoutRecord(**row)


async def _move(
    session: AsyncSession, payout_id: UUID, status: PayoutStatus, processor_id: str | None, *, now: datetime
) -> bool:
    values = {
        "payout_id": payout_id,
        "status": status.value,
        "processor_id": processor_id or None,
        "below": below(status),
        "now": now,
    }
    return (await session.execute(_MOVE, values)).scalar_one_or_none() is not None
