"""Queries on payments and on refunds of them.

Every change of a state is one UPDATE that names the states below it and is a no-op elsewhere (see
:mod:`transactional.payments.rules`): whether it moved the row is what it returns. An UPDATE that waited
for another looks at the row again, so two of them at the same time end as one after the other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.money import Money
from transactional.payments.errors import PaymentNotFound, RefundExceedsCapture
from transactional.payments.records import PAYMENT_COLUMNS, REFUND_COLUMNS, PaymentRecord, RefundRecord
from transactional.payments.rules import PaymentNews, PaymentStatus, Purpose, RefundStatus, below

_PAYMENT = ", ".join(PAYMENT_COLUMNS)
_REFUND = ", ".join(f"refunds.{name}" for name in REFUND_COLUMNS)

_ADD_PAYMENT = text(f"""
    INSERT INTO payments ({_PAYMENT})
    VALUES (:payment_id, :booking_id, :purpose, :payment_method, :currency, :amount_minor, CAST(:lines AS jsonb),
            0, 0, :status, :processor_id, NULL, NULL, :now, :now)
    RETURNING {_PAYMENT}
""")
_MOVE_PAYMENT = text("""
    UPDATE payments
    SET status = :status, processor_id = coalesce(processor_id, CAST(:processor_id AS text)),
        captured_minor = greatest(captured_minor, :captured_minor), failure = :failure, action_url = :action_url,
        updated_at = :now
    WHERE payment_id = :payment_id AND status = ANY(:below)
    RETURNING payment_id
""")
_PAYMENT_BY_NUMBER = text(f"SELECT {_PAYMENT} FROM payments WHERE payment_id = :payment_id")
_LOCKED_PAYMENT = text(f"SELECT {_PAYMENT} FROM payments WHERE payment_id = :payment_id FOR NO KEY UPDATE")
_PAYMENT_BY_PROCESSOR = text(f"SELECT {_PAYMENT} FROM payments WHERE processor_id = :processor_id LIMIT 1")
_PAYMENTS_OF_BOOKING = text(f"SELECT {_PAYMENT} FROM payments WHERE booking_id = :booking_id ORDER BY payment_id")

_ADD_REFUND = text(f"""
    INSERT INTO refunds (refund_id, payment_id, amount_minor, lines, reason, status, created_at, updated_at)
    VALUES (:refund_id, :payment_id, :amount_minor, CAST(:lines AS jsonb), :reason, 'new', :now, :now)
    RETURNING {_REFUND}
""")
_PROMISED = text("""
    SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds WHERE payment_id = :payment_id AND status <> 'failed'
""")
_MOVE_REFUND = text("""
    UPDATE refunds
    SET status = :status, processor_id = coalesce(processor_id, CAST(:processor_id AS text)), updated_at = :now
    WHERE refund_id = :refund_id AND status = ANY(:below)
    RETURNING refund_id
""")
_SUM_REFUNDS = text("""
    UPDATE payments
    SET refunded_minor = (
            SELECT coalesce(sum(amount_minor), 0) FROM refunds
            WHERE refunds.payment_id = payments.payment_id AND refunds.status = 'done'
        ), updated_at = :now
    WHERE payment_id = :payment_id
""")
_REFUND_BY_NUMBER = text(f"SELECT {_REFUND} FROM refunds WHERE refund_id = :refund_id")
_REFUNDS_OF_BOOKING = text(f"""
    SELECT {_REFUND} FROM refunds JOIN payments USING (payment_id)
    WHERE payments.booking_id = :booking_id ORDER BY refunds.refund_id
""")


async def create_payment(
    session: AsyncSession,
    *,
    payment_id: UUID,
    booking_id: UUID,
    purpose: Purpose,
    payment_method: str,
    amount: Money,
    lines: list[dict[str, Any]],
    now: datetime,
    authorised_as: str | None = None,
) -> PaymentRecord:
    """Write down what a guest is to pay, before the processor is asked for it.

    Parameters
    ----------
    lines
        The components of the amount, `component` and `minor` each.
    authorised_as
        What the processor calls it, where it is authorised already (see :mod:`transactional.payments.receipts`).
    """
    values = {
        "payment_id": payment_id,
        "booking_id": booking_id,
        "purpose": purpose.value,
        "payment_method": payment_method,
        "currency": amount.currency,
        "amount_minor": amount.minor,
        "lines": orjson.dumps(lines).decode(),
        "status": (PaymentStatus.NEW if authorised_as is None else PaymentStatus.AUTHORISED).value,
        "processor_id": authorised_as,
        "now": now,
    }
    return PaymentRecord(**(await session.execute(_ADD_PAYMENT, values)).mappings().one())


async def move_payment(session: AsyncSession, payment_id: UUID, news: PaymentNews, *, now: datetime) -> bool:
    """Take news of a payment in; False where it is known already, or older than what is known."""
    values = {
        "payment_id": payment_id,
        "status": news.status.value,
        "processor_id": news.processor_id or None,
        "captured_minor": news.captured_minor,
        "failure": news.failure,
        "action_url": news.action_url,
        "below": below(news.status),
        "now": now,
    }
    return (await session.execute(_MOVE_PAYMENT, values)).scalar_one_or_none() is not None


async def set_action_required(
    session: AsyncSession, payment_id: UUID, *, processor_id: str, action_url: str | None, now: datetime
) -> bool:
    """The cardholder must confirm."""
    news = PaymentNews(PaymentStatus.ACTION_REQUIRED, processor_id, action_url=action_url)
    return await move_payment(session, payment_id, news, now=now)


async def set_authorised(session: AsyncSession, payment_id: UUID, *, processor_id: str, now: datetime) -> bool:
    """The amount is reserved."""
    return await move_payment(session, payment_id, PaymentNews(PaymentStatus.AUTHORISED, processor_id), now=now)


async def set_captured(
    session: AsyncSession, payment_id: UUID, *, processor_id: str, captured_minor: int, now: datetime
) -> bool:
    """The amount, or a part of it, was taken."""
    news = PaymentNews(PaymentStatus.CAPTURED, processor_id, captured_minor=captured_minor)
    return await move_payment(session, payment_id, news, now=now)


async def set_voided(
    session: AsyncSession, payment_id: UUID, *, processor_id: str | None, failure: str | None = None, now: datetime
) -> bool:
    """The reservation is gone: given up, or lapsed (`failure` says so)."""
    news = PaymentNews(PaymentStatus.VOIDED, processor_id, failure=failure)
    return await move_payment(session, payment_id, news, now=now)


async def set_failed(
    session: AsyncSession, payment_id: UUID, *, processor_id: str | None, failure: str | None, now: datetime
) -> bool:
    """The processor declined, or was never asked (`processor_id` is None)."""
    news = PaymentNews(PaymentStatus.FAILED, processor_id, failure=failure)
    return await move_payment(session, payment_id, news, now=now)


async def get(session: AsyncSession, payment_id: UUID) -> PaymentRecord:
    """Find a payment, or raise :class:`PaymentNotFound`."""
    payment = await find(session, payment_id)
    if payment is None:
        raise PaymentNotFound("payment", payment_id)
    return payment


async def find(session: AsyncSession, payment_id: UUID) -> PaymentRecord | None:
    """Find a payment by our number."""
    return await _payment(session, _PAYMENT_BY_NUMBER, payment_id=payment_id)


async def find_by_processor(session: AsyncSession, processor_id: str) -> PaymentRecord | None:
    """Find a payment by what the processor calls it."""
    return await _payment(session, _PAYMENT_BY_PROCESSOR, processor_id=processor_id)


async def for_booking(session: AsyncSession, booking_id: UUID) -> list[PaymentRecord]:
    """Every payment of a booking, oldest first."""
    rows = (await session.execute(_PAYMENTS_OF_BOOKING, {"booking_id": booking_id})).mappings()
    return [PaymentRecord(**row) for row in rows]


async def create_refund(
    session: AsyncSession,
    *,
    refund_id: UUID,
    payment_id: UUID,
    amount_minor: int,
    lines: list[dict[str, Any]],
    reason: str,
    now: datetime,
) -> RefundRecord:
    """Write down what a guest gets back of a payment, before the processor is asked for it.

    Raises
    ------
    RefundExceedsCapture
        With the refunds before it, it would be more than was taken.
    """
    payment = await _payment(session, _LOCKED_PAYMENT, payment_id=payment_id)
    if payment is None:
        raise PaymentNotFound("payment", payment_id)
    promised = (await session.execute(_PROMISED, {"payment_id": payment_id})).scalar_one()
    left = payment.captured_minor - promised
    if amount_minor > left:
        raise RefundExceedsCapture(payment_id, left_minor=left, asked_minor=amount_minor)
    values = {
        "refund_id": refund_id,
        "payment_id": payment_id,
        "amount_minor": amount_minor,
        "lines": orjson.dumps(lines).decode(),
        "reason": reason,
        "now": now,
    }
    return RefundRecord(**(await session.execute(_ADD_REFUND, values)).mappings().one())


async def set_refund_done(session: AsyncSession, refund_id: UUID, *, processor_id: str, now: datetime) -> bool:
    """The guest has the money back; False where that was known."""
    refund = await get_refund(session, refund_id)
    # The payment's lock first: two refunds of it that finish together are summed one after the other.
    await session.execute(_LOCKED_PAYMENT, {"payment_id": refund.payment_id})
    moved = await _move_refund(session, refund_id, RefundStatus.DONE, processor_id, now=now)
    if moved:
        await session.execute(_SUM_REFUNDS, {"payment_id": refund.payment_id, "now": now})
    return moved


async def set_refund_failed(session: AsyncSession, refund_id: UUID, *, processor_id: str | None, now: datetime) -> bool:
    """The processor would not give the money back; what it is of can be refunded again."""
    return await _move_refund(session, refund_id, RefundStatus.FAILED, processor_id, now=now)


async def get_refund(session: AsyncSession, refund_id: UUID) -> RefundRecord:
    """Find a refund, or raise :class:`PaymentNotFound`."""
    refund = await find_refund(session, refund_id)
    if refund is None:
        raise PaymentNotFound("refund", refund_id)
    return refund


async def find_refund(session: AsyncSession, refund_id: UUID) -> RefundRecord | None:
    """Find a refund by our number."""
    return await _refund(session, _REFUND_BY_NUMBER, refund_id=refund_id)


async def refunds_for_booking(session: AsyncSession, booking_id: UUID) -> list[RefundRecord]:
    """Every refund of a booking's payments, oldest first."""
    rows = (await session.execute(_REFUNDS_OF_BOOKING, {"booking_id": booking_id})).mappings()
    return [RefundRecord(**row) for row in rows]


async def _payment(session: AsyncSession, statement: Any, **values: Any) -> PaymentRecord | None:
    row = (await session.execute(statement, values)).mappings().one_or_none()
    return None if row is None else PaymentRecord(**row)


async def _refund(session: AsyncSession, statement: Any, **values: Any) -> RefundRecord | None:
    row = (await session.execute(statement, values)).mappings().one_or_none()
    return None if row is None else RefundRecord(**row)


async def _move_refund(
    session: AsyncSession, refund_id: UUID, status: RefundStatus, processor_id: str | None, *, now: datetime
) -> bool:
    values = {
        "refund_id": refund_id,
        "status": status.value,
        "processor_id": processor_id or None,
        "below": below(status),
        "now": now,
    }
    return (await session.execute(_MOVE_REFUND, values)).scalar_one_or_none() is not None
