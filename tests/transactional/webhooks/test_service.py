"""The inbox on a real database: kept, applied once, in any order, and never dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from lodestay.clock import FixedClock
from lodestay.ids import new_id
from tests.transactional.factories import create_host
from tests.transactional.payments.factory import AMOUNT, LINES, create_booking, later
from tests.transactional.webhooks.messages import KEY, Played, payout_message, play, signed
from transactional.kit.database import driver_url
from transactional.payments import payouts
from transactional.payments import repository as payments
from transactional.payments.rules import PaymentStatus, Purpose
from transactional.webhooks import repository, service
from transactional.webhooks.repository import MessageStatus

SCRIPTS = [
    ["pm_ok", "capture", "refund", "refund", "refund"],
    ["pm_3ds", "approve", "capture", "refund"],
    ["pm_3ds", "approve", "void"],
    ["pm_3ds", "deny"],
    ["pm_3ds", "void"],
    ["pm_ok", "lapse"],
    ["pm_declined"],
    ["pm_capture_declined", "capture", "void"],
    ["pm_refund_declined", "capture", "refund", "refund"],
]
STATES = {
    "action_required": "action_required",
    "authorised": "authorised",
    "declined": "failed",
    "captured": "captured",
    "voided": "voided",
    "expired": "voided",
}


async def tell(session: AsyncSession, clock: FixedClock, message: dict[str, Any]) -> MessageStatus:
    """Have a message come in."""
    body, signature = signed(message, clock)
    received = await service.receive(session, clock, body, signature, key=KEY)
    return await service.apply(session, clock, received.message_id)


async def create_payment(session: AsyncSession, clock: FixedClock, booking_id: UUID, payment_id: UUID) -> None:
    """The payment that a script was run on."""
    await payments.create_payment(
        session,
        payment_id=payment_id,
        booking_id=booking_id,
        purpose=Purpose.BOOKING,
        payment_method="pm_ok",
        amount=AMOUNT,
        lines=LINES,
        now=clock.now(),
    )


async def create_refund(session: AsyncSession, clock: FixedClock, payment_id: UUID, refund_id: UUID) -> None:
    """A refund of a script, written down before its payment is known to be captured."""
    values = {"refund_id": refund_id, "payment_id": payment_id, "now": clock.now()}
    await session.execute(
        text("""INSERT INTO refunds (refund_id, payment_id, amount_minor, lines, reason, status, created_at, updated_at)
                VALUES (:refund_id, :payment_id, 3000, '[]', 'cancelled', 'new', :now, :now)"""),
        values,
    )


async def final_state(session: AsyncSession, payment_id: UUID) -> dict[str, Any]:
    """All that messages can change about a payment."""
    payment = await payments.get(session, payment_id)
    refunds = await payments.refunds_for_booking(session, payment.booking_id)
    return {
        "status": payment.status,
        "processor_id": payment.processor_id,
        "failure": payment.failure,
        "captured": payment.captured_minor,
        "refunded": payment.refunded_minor,
        "refunds": [each.status for each in refunds if each.payment_id == payment_id],
    }


def truth(played: Played, refunds: list[str]) -> dict[str, Any]:
    """What the state must be by the processor's own book."""
    final = played.final
    return {
        "status": STATES[final["status"]],
        "processor_id": played.number,
        "failure": final["code"],
        "captured": final["captured_minor"],
        "refunded": final["refunded_minor"],
        "refunds": refunds,
    }


class Books:
    """A database with one booking, on which each example plays and leaves nothing."""

    def __init__(self, database_url: str, clock: FixedClock) -> None:
        self.clock = clock
        self._runner = asyncio.Runner()
        self._engine = self._runner.run(self._open(database_url))
        self._booking_id = self._runner.run(self._booking())

    async def _open(self, database_url: str) -> AsyncEngine:
        return create_async_engine(driver_url(database_url), poolclass=NullPool)

    async def _booking(self) -> UUID:
        async with AsyncSession(self._engine) as session, session.begin():
            return await create_booking(session, self.clock)

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._engine.dispose())
        self._runner.close()

    def play(self, script: list[str], order: list[int], *, early: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tell a script's messages in an order; the state that this leads to, and the one that is true.

        Parameters
        ----------
        order
            Numbers of messages, modulo how many there are; those that are missing come at the end.
        early
            So many come before the payment and its refunds are known.
        """
        return self._runner.run(self._play(script, order, early))

    async def _play(self, script: list[str], order: list[int], early: int) -> tuple[dict[str, Any], dict[str, Any]]:
        payment_id, refunds = new_id(), [new_id() for step in script if step == "refund"]
        played = play(self.clock, script, payment_id=payment_id, refunds=refunds)
        sent = [number % len(played.messages) for number in order]
        sent += [number for number in range(len(played.messages)) if number not in sent]
        async with AsyncSession(self._engine) as session:
            for number in sent[:early]:
                assert await tell(session, self.clock, played.messages[number]) is MessageStatus.PARKED
            await create_payment(session, self.clock, self._booking_id, payment_id)
            for refund_id in refunds:
                await create_refund(session, self.clock, payment_id, refund_id)
            for number in sent[early:]:
                await tell(session, self.clock, played.messages[number])
            await service.apply_waiting(session, self.clock, limit=100)
            assert await service.apply_waiting(session, self.clock, limit=100) == 0
            reached = await final_state(session, payment_id)
            await session.rollback()
        declined = script[0] == "pm_refund_declined"
        return reached, truth(played, ["failed" if declined else "done"] * len(refunds))


@pytest.fixture
def books(database_url: str, clock: FixedClock) -> Iterator[Books]:
    """A database to play on."""
    books = Books(database_url, clock)
    yield books
    books.close()


@given(script=st.sampled_from(SCRIPTS), order=st.lists(st.integers(0, 7), max_size=10), early=st.integers(0, 6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_b30_any_order_of_messages_ends_the_same(script: list[str], order: list[int], early: int, books: Books) -> None:
    """Duplicated, reordered, early, late: in the end the tables say what the processor's book says."""
    reached, true = books.play(script, order, early=early)
    assert reached == true


def test_b30_control_without_ranks_the_last_message_wins(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a guard that lets every state follow every other, a late message takes a captured payment back."""
    monkeypatch.setattr(payments, "below", lambda status: [each.value for each in type(status)])
    reached, true = books.play(["pm_ok", "capture"], [1, 0], early=0)
    assert (reached["status"], true["status"]) == ("authorised", "captured")


def test_b30_control_dropping_unknown_objects_loses_them(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an early message answered and dropped, the payment is never known to be captured."""

    async def drop(*_: object, **__: object) -> int:
        return 0

    monkeypatch.setattr(service, "apply_waiting", drop)
    reached, true = books.play(["pm_ok", "capture"], [0, 1], early=2)
    assert (reached["status"], true["status"]) == ("new", "captured")


async def test_a_message_has_its_effect_once_and_wakes_its_sagas(
    session: AsyncSession, engine: AsyncEngine, clock: FixedClock
) -> None:
    """Eight times at once: kept once, applied once; what waits for the booking is due now."""
    booking_id, payment_id = await create_booking(session, clock), new_id()
    await create_payment(session, clock, booking_id, payment_id)
    saga_id = await waiting_saga(session, clock, booking_id)
    await session.commit()
    (message,) = play(clock, ["pm_ok"], payment_id=payment_id).messages

    async def one() -> MessageStatus:
        async with AsyncSession(engine) as other, other.begin():
            return await tell(other, clock, message)

    assert set(await asyncio.gather(*(one() for _ in range(8)))) == {MessageStatus.APPLIED}
    row = (await session.execute(text("SELECT status, attempts FROM webhook_messages"))).one()
    assert tuple(row) == ("applied", 1)
    due = await session.scalar(text("SELECT next_attempt_at FROM sagas WHERE saga_id = :id"), {"id": saga_id})
    assert due == clock.now()


async def waiting_saga(session: AsyncSession, clock: FixedClock, booking_id: UUID) -> UUID:
    """A saga that would next look in an hour."""
    saga_id = new_id()
    await session.execute(
        text("""INSERT INTO sagas (saga_id, kind, booking_id, status, step, data, attempts,
                                   created_at, updated_at, next_attempt_at, deadline_at)
                VALUES (:saga_id, 'payment', :booking_id, 'running', 'authorise', '{}', 1,
                        :now, :now, :next, :next)"""),
        {"saga_id": saga_id, "booking_id": booking_id, "now": clock.now(), "next": later(clock)},
    )
    return saga_id


async def test_a_late_success_reaches_a_payment_that_timed_out(session: AsyncSession, clock: FixedClock) -> None:
    """The platform never heard what the processor calls it: the message finds the payment by its key."""
    booking_id, payment_id = await create_booking(session, clock), new_id()
    await create_payment(session, clock, booking_id, payment_id)
    played = play(clock, ["pm_ok"], payment_id=payment_id)
    clock.advance(timedelta(hours=2))  # the hold has expired
    assert await tell(session, clock, played.messages[0]) is MessageStatus.APPLIED
    payment = await payments.get(session, payment_id)
    assert (payment.status, payment.processor_id) == ("authorised", played.number)


async def test_a_strangers_key_does_not_take_our_payment(session: AsyncSession, clock: FixedClock) -> None:
    """A key that names our payment and is of another amount, or of another object, changes nothing."""
    booking_id, payment_id = await create_booking(session, clock), new_id()
    await create_payment(session, clock, booking_id, payment_id)
    (other_amount,) = play(clock, ["pm_ok"], payment_id=payment_id).messages
    other_amount["object"]["amount_minor"] = 1
    assert await tell(session, clock, other_amount) is MessageStatus.IGNORED
    assert (await payments.get(session, payment_id)).status == "new"
    await payments.set_authorised(session, payment_id, processor_id="auth_of_ours", now=clock.now())
    other_object = play(clock, ["pm_ok", "capture"], payment_id=payment_id).messages[-1]
    assert await tell(session, clock, other_object) is MessageStatus.IGNORED
    assert (await payments.get(session, payment_id)).status == PaymentStatus.AUTHORISED
    assert await service.apply_waiting(session, clock, limit=10) == 0


@pytest.mark.parametrize("declined", [False, True])
async def test_payouts_are_told_of(session: AsyncSession, clock: FixedClock, *, declined: bool) -> None:
    """A payout that is not known yet is parked, and told of once it is."""
    host, booking_id, payout_id = await create_host(session), await create_booking(session, clock), new_id()
    message = payout_message(clock, payout_id, declined=declined)
    assert await tell(session, clock, message) is MessageStatus.PARKED
    await payouts.create_payout(
        session,
        payout_id=payout_id,
        booking_id=booking_id,
        host_id=host.user_id,
        amount=AMOUNT,
        due_at=clock.now(),
        now=clock.now(),
    )
    assert await service.apply_waiting(session, clock, limit=10) == 1
    assert (await payouts.get_payout(session, payout_id)).status == ("failed" if declined else "paid")


async def test_what_is_not_understood_is_kept(session: AsyncSession, clock: FixedClock) -> None:
    """A message of another version is kept as it came, and nothing is done about it."""
    (message,) = play(clock, ["pm_ok"], payment_id=new_id()).messages
    message["object"]["object"] = "dispute"
    assert await tell(session, clock, message) is MessageStatus.IGNORED
    assert await session.scalar(text("SELECT body -> 'object' ->> 'object' FROM webhook_messages")) == "dispute"


async def test_what_was_kept_and_not_applied_is_taken_up(session: AsyncSession, clock: FixedClock) -> None:
    """A process that died between keeping and applying loses nothing."""
    booking_id, payment_id = await create_booking(session, clock), new_id()
    await create_payment(session, clock, booking_id, payment_id)
    (message,) = play(clock, ["pm_ok"], payment_id=payment_id).messages
    body, signature = signed(message, clock)
    received = await service.receive(session, clock, body, signature, key=KEY)
    assert await repository.status_of(session, received.message_id) is MessageStatus.NEW
    assert await service.apply_waiting(session, clock, limit=10) == 1
    assert (await payments.get(session, payment_id)).status == "authorised"


async def test_an_unknown_object_does_not_stand_in_the_way(session: AsyncSession, clock: FixedClock) -> None:
    """Messages that wait for ever are passed over for those that can be applied."""
    for _ in range(3):
        (stranger,) = play(clock, ["pm_ok"], payment_id=new_id()).messages
        assert await tell(session, clock, stranger) is MessageStatus.PARKED
    booking_id, payment_id = await create_booking(session, clock), new_id()
    (message,) = play(clock, ["pm_ok"], payment_id=payment_id).messages
    assert await tell(session, clock, message) is MessageStatus.PARKED
    await create_payment(session, clock, booking_id, payment_id)
    assert await service.apply_waiting(session, clock, limit=1) == 1
    assert (await payments.get(session, payment_id)).status == "authorised"


@pytest.mark.parametrize("known", [False, True])
async def test_only_news_wakes_a_saga(
    session: AsyncSession, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """A refund that was refused is told of as well: its saga, which knows, would ask again and be told for ever."""
    woken: list[UUID] = []

    async def wake(_session: AsyncSession, _clock: FixedClock, booking_id: UUID) -> None:
        woken.append(booking_id)

    monkeypatch.setattr(service.sagas, "wake", wake)
    booking_id, payment_id, refund_id = await create_booking(session, clock), new_id(), new_id()
    played = play(clock, ["pm_refund_declined", "capture", "refund"], payment_id=payment_id, refunds=[refund_id])
    await create_payment(session, clock, booking_id, payment_id)
    await create_refund(session, clock, payment_id, refund_id)
    for message in played.messages[:-1]:
        await tell(session, clock, message)
    assert len(woken) == len(played.messages) - 1
    if known:
        await payments.set_refund_failed(session, refund_id, processor_id="re_1", now=clock.now())
    woken.clear()
    assert await tell(session, clock, played.messages[-1]) is MessageStatus.APPLIED
    assert woken == ([] if known else [booking_id])
