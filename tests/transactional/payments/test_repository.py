"""Payments, refunds and payouts only move forwards, and never beyond what was taken."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from lodestay.clock import FixedClock
from lodestay.ids import new_id
from tests.transactional.factories import create_host
from tests.transactional.payments.factory import AMOUNT, LINES, create_booking, create_captured, create_payment, later
from transactional.payments import payouts
from transactional.payments import repository as payments
from transactional.payments.errors import PaymentNotFound, RefundExceedsCapture
from transactional.payments.records import number_of, operation_key
from transactional.payments.rules import PaymentNews, PaymentStatus, PayoutStatus, RefundStatus, below


@pytest.mark.parametrize("states", [PaymentStatus, RefundStatus, PayoutStatus])
def test_every_state_is_left_forwards_only(states: type[PaymentStatus | RefundStatus | PayoutStatus]) -> None:
    """The guards are a strict order: nothing is below itself, and each state has the one before it below."""
    for lower, higher in pairwise(states):
        assert lower.value in below(higher)
        assert higher.value not in below(lower)
        assert lower.value not in below(lower)


@given(number=st.uuids(), operation=st.sampled_from(["authorise", "capture", "refund"]))
def test_a_key_names_its_row(number: UUID, operation: str) -> None:
    """What was asked under a key of ours can be found by it; another's key names nothing."""
    assert number_of(operation_key(number, operation)) == number
    assert number_of(f"cart-{number}:{operation}") is None


async def test_a_payment_goes_through_its_states_once(session: AsyncSession, clock: FixedClock) -> None:
    """Each step says whether it was news; the earlier ones are none afterwards."""
    payment = await create_payment(session, clock)
    number, now = payment.payment_id, clock.now()
    assert (payment.status, payment.key("capture")) == ("new", f"{number}:capture")
    assert await payments.set_action_required(session, number, processor_id="auth_1", action_url="https://x", now=now)
    assert (await payments.get(session, number)).action_url == "https://x"
    assert await payments.set_authorised(session, number, processor_id="auth_1", now=now)
    assert (await payments.get(session, number)).action_url is None
    assert not await payments.set_authorised(session, number, processor_id="auth_1", now=now)
    assert await payments.set_captured(session, number, processor_id="auth_1", captured_minor=9_000, now=now)
    assert not await payments.set_voided(session, number, processor_id="auth_1", now=now)
    assert not await payments.set_failed(session, number, processor_id="auth_1", failure="card_declined", now=now)
    found = await payments.find_by_processor(session, "auth_1")
    assert found == await payments.get(session, number)
    assert (found.status, found.captured_minor, found.failure) == ("captured", 9_000, None)
    assert await payments.for_booking(session, payment.booking_id) == [found]


async def test_a_failure_keeps_its_reason(session: AsyncSession, clock: FixedClock) -> None:
    """A payment that was never asked for fails without a number of the processor's; an unknown one is not there."""
    payment = await create_payment(session, clock)
    await payments.set_failed(session, payment.payment_id, processor_id="", failure="given_up", now=clock.now())
    failed = await payments.get(session, payment.payment_id)
    assert (failed.status, failed.failure, failed.processor_id) == ("failed", "given_up", None)
    with pytest.raises(PaymentNotFound):
        await payments.get(session, new_id())
    with pytest.raises(PaymentNotFound):
        await payments.get_refund(session, new_id())
    with pytest.raises(PaymentNotFound):
        await payouts.get_payout(session, new_id())


async def refund(session: AsyncSession, clock: FixedClock, payment_id: UUID, minor: int) -> UUID:
    """Promise so much of a payment back."""
    promised = await payments.create_refund(
        session,
        refund_id=new_id(),
        payment_id=payment_id,
        amount_minor=minor,
        lines=LINES,
        reason="cancelled",
        now=clock.now(),
    )
    return promised.refund_id


async def test_b15_refunds_together_stay_within_the_capture(session: AsyncSession, clock: FixedClock) -> None:
    """B15: what is promised counts until it fails; what is done is summed on the payment; nothing is counted twice."""
    payment = await create_captured(session, clock, minor=9_000)
    number = payment.payment_id
    first = await refund(session, clock, number, 6_000)
    with pytest.raises(RefundExceedsCapture) as caught:
        await refund(session, clock, number, 3_001)
    assert caught.value.extensions["left_minor"] == 3_000
    assert await payments.set_refund_failed(session, first, processor_id="ref_1", now=clock.now())
    second = await refund(session, clock, number, 9_000)
    for moved in (True, False):
        assert await payments.set_refund_done(session, second, processor_id="ref_2", now=clock.now()) is moved
    assert (await payments.get(session, number)).refunded_minor == 9_000
    assert [each.status for each in await payments.refunds_for_booking(session, payment.booking_id)] == [
        "failed",
        "done",
    ]


async def test_nothing_is_refunded_that_was_not_taken(session: AsyncSession, clock: FixedClock) -> None:
    """B28: an authorisation is given up, not refunded."""
    payment = await create_payment(session, clock, authorised_as="auth_1")
    with pytest.raises(RefundExceedsCapture):
        await refund(session, clock, payment.payment_id, 1)


async def test_b26_refunds_at_the_same_time_stay_within_the_capture(
    session: AsyncSession, engine: AsyncEngine, clock: FixedClock
) -> None:
    """Eight refunds of a third at once: three are promised, as one after the other."""
    payment = await create_captured(session, clock, minor=9_000)
    await session.commit()

    async def one() -> bool:
        async with AsyncSession(engine) as other, other.begin():
            try:
                await refund(other, clock, payment.payment_id, 3_000)
            except RefundExceedsCapture:
                return False
            await asyncio.sleep(0.02)  # the lock is held to the end of the transaction
            return True

    assert sum(await asyncio.gather(*(one() for _ in range(8)))) == 3


async def test_b26_control_without_the_lock_too_much_is_promised(
    session: AsyncSession, engine: AsyncEngine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the payment read instead of locked, several see the same money left: the test above would fail."""
    monkeypatch.setattr(payments, "_LOCKED_PAYMENT", payments._PAYMENT_BY_NUMBER)
    payment = await create_captured(session, clock, minor=9_000)
    await session.commit()
    barrier = asyncio.Barrier(4)

    async def one() -> None:
        async with AsyncSession(engine) as other, other.begin():
            await refund(other, clock, payment.payment_id, 9_000)
            await barrier.wait()

    await asyncio.gather(*(one() for _ in range(4)))
    assert len(await payments.refunds_for_booking(session, payment.booking_id)) == 4


async def test_b15_control_without_sum_and_constraint_money_is_spent_twice(
    session: AsyncSession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B15, control: two refunds of the whole are promised; the constraint stops the second, and only the constraint."""
    payment = await create_captured(session, clock, minor=9_000)
    first = await refund(session, clock, payment.payment_id, 9_000)
    monkeypatch.setattr(
        payments, "_PROMISED", text("SELECT CAST(0 AS bigint) WHERE CAST(:payment_id AS uuid) IS NOT NULL")
    )
    second = await refund(session, clock, payment.payment_id, 9_000)
    assert await payments.set_refund_done(session, first, processor_id="ref_1", now=clock.now())
    await session.commit()
    with pytest.raises(IntegrityError, match="ck_payments_amounts"):
        await payments.set_refund_done(session, second, processor_id="ref_2", now=clock.now())
    await session.rollback()
    await session.execute(text("ALTER TABLE payments DROP CONSTRAINT ck_payments_amounts"))
    assert await payments.set_refund_done(session, second, processor_id="ref_2", now=clock.now())
    assert (await payments.get(session, payment.payment_id)).refunded_minor == 18_000


async def test_the_table_refuses_more_than_was_authorised(session: AsyncSession, clock: FixedClock) -> None:
    """Behind the rules stands a constraint: captured within authorised, refunded within captured."""
    payment = await create_payment(session, clock)
    too_much = PaymentNews(PaymentStatus.CAPTURED, "auth_1", captured_minor=AMOUNT.minor + 1)
    with pytest.raises(IntegrityError, match="ck_payments_amounts"):
        await payments.move_payment(session, payment.payment_id, too_much, now=clock.now())


async def test_payouts_are_due_sent_or_withdrawn(session: AsyncSession, clock: FixedClock) -> None:
    """A payout is taken by one worker when it is due; sent, it cannot be withdrawn; withdrawn, it is not due."""
    host = await create_host(session)
    numbers = []
    for hours in (1, 2):
        booking_id = await create_booking(session, clock)
        made = await payouts.create_payout(
            session,
            payout_id=new_id(),
            booking_id=booking_id,
            host_id=host.user_id,
            amount=AMOUNT,
            due_at=later(clock, hours),
            now=clock.now(),
        )
        assert await payouts.payout_of_booking(session, booking_id) == made
        assert made.key == f"{made.payout_id}:payout"
        numbers.append(made.payout_id)
    assert await payouts.due_payouts(session, now=clock.now(), limit=10) == []
    due = await payouts.due_payouts(session, now=later(clock, 3), limit=10)
    assert [each.payout_id for each in due] == numbers
    paid, withdrawn = numbers
    assert await payouts.set_payout_failed(session, paid, processor_id="po_1", now=clock.now())
    assert await payouts.set_payout_paid(session, paid, processor_id="po_1", now=clock.now())
    assert not await payouts.withdraw_payout(session, paid, now=clock.now())
    assert await payouts.withdraw_payout(session, withdrawn, now=clock.now())
    assert await payouts.due_payouts(session, now=later(clock, 3), limit=10) == []
    assert await session.scalar(text("SELECT count(*) FROM payouts WHERE status = 'paid'")) == 1
