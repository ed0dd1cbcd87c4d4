"""Payments on a real database and a processor in memory: every way one can end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.transactional.factories import stay_of
from tests.transactional.payments.fake_gateway import Fault
from tests.transactional.sagas.harness import KEEP, World
from transactional.bookings.errors import BookingStateConflict, HoldLapsed
from transactional.bookings.holds import expire_due_holds
from transactional.bookings.service import complete_ended_stays
from transactional.ledger.records import Account
from transactional.payments import repository as payments
from transactional.payments.gateway import Outcome
from transactional.sagas import runner
from transactional.sagas.checkout import LATE
from transactional.sagas.errors import PaymentUnderWay
from transactional.sagas.service import ANSWER_WITHIN, LEASE


async def test_a_payment_confirms_and_captures_once(world: World) -> None:
    """Authorised, confirmed, captured: the guest has paid the total, and the ledger says who gets it."""
    booking = await world.hold()
    saga = await world.pay_with(booking)
    assert (saga.status, saga.error) == ("done", None)
    assert await world.complaints(booking) == []
    assert (await world.booking(booking)).status == "confirmed"
    assert [operation for operation, _ in world.processor.calls] == ["authorise", "capture"]
    assert await world.balance(booking, Account.HOST_PAYABLE) < 0


async def test_a_declined_guest_keeps_the_hold_and_may_try_another_method(world: World) -> None:
    """The first payment ends with the processor's reason; the second confirms."""
    booking = await world.hold()
    declined = await world.pay_with(booking, "pm_insufficient_funds")
    assert (declined.status, declined.error) == ("compensated", "insufficient_funds")
    assert (await world.booking(booking)).status == "held"
    assert await world.complaints(booking) == []
    assert (await world.pay_with(booking)).status == "done"
    assert await world.complaints(booking) == []


async def test_a_second_payment_waits_for_the_first(world: World) -> None:
    """One live payment a booking; a booking that is paid is not paid again."""
    booking = await world.hold()
    await world.begin(booking)
    with pytest.raises(PaymentUnderWay):
        await world.begin(booking)
    await world.finish()
    with pytest.raises(BookingStateConflict):
        await world.begin(booking)


async def test_a_cardholder_who_confirms_is_waited_for(world: World) -> None:
    """3-D Secure: the saga waits, is woken by nothing but its own look, and goes on."""
    booking = await world.hold()
    saga_id = await world.begin(booking, "pm_3ds")
    await world.work()
    waiting = await world.saga(saga_id)
    assert (waiting.status, waiting.leased_until) == ("running", None)
    world.processor.confirm("auth_1")
    await world.finish()
    assert (await world.saga(saga_id)).status == "done"
    assert await world.complaints(booking) == []


async def test_a_cardholder_who_never_confirms_is_waited_for_until_the_deadline(world: World) -> None:
    """Nothing waits for ever: the authorisation is given up a little after the hold's end."""
    booking = await world.hold()
    started = world.clock.now()
    saga = await world.pay_with(booking, "pm_3ds")
    assert (saga.status, saga.error) == ("compensated", "the deadline has passed")
    assert world.clock.now() - started <= KEEP + LATE + timedelta(minutes=1)
    assert world.processor.authorisations["auth_1"].status == "voided"
    assert await world.complaints(booking) == []


async def test_b10_a_late_success_confirms_while_the_nights_are_free(world: World) -> None:
    """The hold expired while the processor was at it; nobody took the nights, so the guest gets them."""
    booking = await world.hold()
    saga_id = await world.begin(booking, "pm_late_success")
    await world.work()
    world.clock.advance(KEEP + timedelta(minutes=2))
    world.processor.settle("auth_1")
    await world.finish()
    assert (await world.saga(saga_id)).status == "done"
    assert (await world.booking(booking)).status == "confirmed"
    assert await world.complaints(booking) == []


async def test_b10_a_late_success_is_given_back_when_the_nights_are_gone(world: World) -> None:
    """Somebody else has the nights: what was reserved is released, and the booking stays expired."""
    booking = await world.hold()
    saga_id = await world.begin(booking, "pm_late_success")
    await world.work()
    world.clock.advance(KEEP + timedelta(minutes=2))
    rival = await world.hold(listing_id=booking.listing_id)
    world.processor.settle("auth_1")
    await world.finish()
    saga = await world.saga(saga_id)
    assert (saga.status, saga.error) == ("compensated", "stay-unavailable")
    assert (await world.booking(booking)).status == "expired"
    assert (await world.pay_with(rival)).status == "done"
    assert await world.complaints(booking) == []
    assert await world.complaints(rival) == []


async def test_b10_a_hold_that_ended_long_ago_is_not_paid_at_its_old_price(world: World) -> None:
    """B10: a payment may come a little late; from then on its price is a thing of the past, swept or not."""
    first, second = await world.hold(), await world.hold()
    world.clock.advance(KEEP + LATE - timedelta(seconds=1))
    assert (await world.pay_with(first)).status == "done"
    world.clock.advance(timedelta(minutes=2))
    for _ in range(2):  # held still, then expired
        with pytest.raises(HoldLapsed):
            await world.begin(second)
        async with world.sessions.begin() as session:
            await expire_due_holds(session, world.clock, limit=10)
    assert (await world.booking(second)).status == "expired"
    assert world.processor.reserved(str(second.booking_id)) == 0


async def test_b10_a_success_after_the_deadline_is_given_back(world: World) -> None:
    """Whoever learns it after the deadline voids it: the end is the same whenever the answer comes."""
    booking = await world.hold()
    saga_id = await world.begin(booking, "pm_late_success")
    await world.work()
    world.clock.advance(KEEP + LATE)
    await world.work()
    assert (await world.saga(saga_id)).step == "undo_authorise"
    world.processor.settle("auth_1")
    await world.finish()
    assert (await world.saga(saga_id)).status == "compensated"
    assert world.processor.authorisations["auth_1"].status == "voided"
    assert await world.complaints(booking) == []


async def test_b30_a_message_that_overtakes_the_answer_while_undoing_releases_nothing_by_itself(world: World) -> None:
    """Undoing asks what came of an authorisation; its message is faster than the answer: it is still voided."""
    booking = await world.hold()
    world.processor.fail_next("authorise", Fault.TIMEOUT_AFTER)
    await world.begin(booking)
    await world.work()
    world.clock.advance(KEEP + LATE)
    asked = world.processor.authorise

    async def told_before_answered(key: str, **asking: Any) -> Outcome:
        outcome = await asked(key, **asking)
        async with world.sessions.begin() as session:
            number = UUID(key.removesuffix(":authorise"))
            await payments.set_authorised(session, number, processor_id=outcome.processor_id, now=world.clock.now())
        return outcome

    world.processor.authorise = told_before_answered  # type: ignore[method-assign]
    await world.finish()
    assert world.processor.authorisations["auth_1"].status == "voided"
    assert await world.complaints(booking) == []


async def test_a_stay_that_is_over_when_its_capture_fails_ends_its_saga(world: World) -> None:
    """The processor is away until the guest has left, then declines: nobody is charged, and no saga stays stuck."""
    booking = await world.hold(stay=stay_of(0, 1))
    world.processor.fail_next("capture", Fault.TIMEOUT_BEFORE, Fault.DECLINE)
    saga_id = await world.begin(booking)
    await world.work()
    world.clock.advance(booking.ends_at - world.clock.now())
    async with world.sessions.begin() as session:
        assert await complete_ended_stays(session, world.clock, limit=10) == 1
    await world.finish()
    assert (await world.saga(saga_id)).status == "compensated"
    assert (await world.booking(booking)).status == "completed"
    assert world.processor.charged(str(booking.booking_id)) == world.processor.reserved(str(booking.booking_id)) == 0
    assert await world.balance(booking, Account.GUEST_RECEIVABLE) == 0


async def test_b28_what_cannot_be_captured_is_cancelled_by_the_platform(world: World) -> None:
    """The authorisation lapsed before the capture: what was confirmed is cancelled, and nobody owes anything."""
    booking = await world.hold()
    world.processor.fail_next("capture", Fault.TIMEOUT_BEFORE)
    saga_id = await world.begin(booking)
    await world.work()
    assert (await world.booking(booking)).status == "confirmed"
    world.processor.lapse("auth_1")
    await world.finish()
    saga = await world.saga(saga_id)
    assert (saga.status, saga.error) == ("compensated", "authorisation_expired")
    cancelled = await world.booking(booking)
    assert (cancelled.status, cancelled.cancelled_by) == ("cancelled", "platform")
    assert await world.complaints(booking) == []
    assert (await world.pay_with(await world.hold(listing_id=booking.listing_id, stay=stay_of(10, 3)))).status == "done"


async def test_b33_an_answer_is_not_awaited_longer_than_the_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B33: a processor that never answers is given up in time, so that no other worker asks meanwhile."""
    assert ANSWER_WITHIN < LEASE
    monkeypatch.setattr(runner, "ANSWER_WITHIN", timedelta(milliseconds=10))

    async def silent(*_: Any, **__: Any) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    booking = await world.hold()
    saga_id = await world.begin(booking)
    world.processor.authorise, asked = silent, world.processor.authorise  # type: ignore[method-assign]
    await world.work()
    waiting = await world.saga(saga_id)
    assert (waiting.status, waiting.attempts, waiting.leased_until) == ("running", 1, None)
    world.processor.authorise = asked  # type: ignore[method-assign]
    await world.finish()
    assert await world.complaints(booking) == []


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER])
@pytest.mark.parametrize("operation", ["authorise", "capture"])
async def test_b33_an_answer_that_does_not_come_is_asked_for_again(world: World, operation: str, fault: Fault) -> None:
    """A timeout before or after success changes nothing: the same key is sent again, and done once."""
    booking = await world.hold()
    world.processor.fail_next(operation, fault, fault, fault)
    assert (await world.pay_with(booking)).status == "done"
    keys = [key for name, key in world.processor.calls if name == operation]
    assert len(keys) == 4
    assert len(set(keys)) == 1
    assert await world.complaints(booking) == []


async def test_b28_a_capture_that_nobody_knows_of_is_refunded_after_its_deadline(world: World) -> None:
    """Captured without an answer for a day: what was taken goes back before the booking is cancelled."""
    booking = await world.hold()
    world.processor.fail_next("capture", Fault.TIMEOUT_AFTER, *[Fault.TIMEOUT_BEFORE] * 3)
    saga_id = await world.begin(booking)
    await world.work()
    world.clock.advance(timedelta(hours=24))
    await world.finish()
    assert (await world.saga(saga_id)).status == "compensated"
    assert (await world.booking(booking)).status == "cancelled"
    assert world.processor.authorisations["auth_1"].refunded_minor == booking.charge_total_minor
    assert await world.complaints(booking) == []
