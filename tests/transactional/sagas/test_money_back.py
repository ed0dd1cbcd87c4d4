"""Settlements, changes and payouts: what goes back, what goes on to the host, and what is refused on the way."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from lodestay.ids import new_id
from lodestay.money import Money
from tests.transactional.payments.fake_gateway import Fault
from tests.transactional.sagas.harness import World
from transactional.bookings import changes
from transactional.bookings import repository as bookings
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import Change, Side
from transactional.journal.rules import Cause
from transactional.ledger import service as ledger
from transactional.ledger.records import Account
from transactional.ledger.rules import parts_of, refund_owed, sale_of
from transactional.listings.errors import ListingWithdrawn
from transactional.listings.repository import lock_listing
from transactional.modifications.repository import move_payout
from transactional.payments import payouts
from transactional.payments import repository as payments
from transactional.payments.rules import Purpose
from transactional.sagas import repository, service
from transactional.sagas.actions import Nothing
from transactional.sagas.checkout import start_due_payouts
from transactional.sagas.payment import PAYOUT_AFTER
from transactional.sagas.records import SagaRecord
from transactional.sagas.rules import ATTEMPTS, SagaKind, SagaStatus

HOUR = timedelta(hours=1)


async def paid(world: World) -> BookingRecord:
    """A booking that is confirmed and captured."""
    booking = await world.hold()
    assert (await world.pay_with(booking)).status == "done"
    return booking


async def cancel(world: World, booking: BookingRecord, *, bps: int = 10_000) -> SagaRecord:
    """Cancel a booking, owe a share of every component back, and begin to settle that."""
    sale = sale_of(
        currency=booking.currency,
        lines=booking.lines,
        charge_currency=booking.charge_currency,
        charge_lines=booking.charge_lines,
        host_fee_bps=300,
    )
    back = {component: minor * bps // 10_000 for component, minor in parts_of(booking.charge_lines).items()}
    lines = [{"component": component.value, "minor": minor} for component, minor in back.items()]
    cause = Cause(booking.guest_id, Side.GUEST, "test")
    async with world.sessions.begin() as session:
        listing = await lock_listing(session, booking.listing_id, owner=None)
        values = {"cancelled_at": world.clock.now(), "cancelled_by": "guest", "refund": {"lines": lines}}
        await changes.apply(
            session, world.clock, listing, booking.booking_id, Change.CANCEL, cause=cause, values=values
        )
        await bookings.release_nights(session, booking.booking_id)
        payout = await payouts.payout_of_booking(session, booking.booking_id)
        sent = payout.amount_minor if payout is not None and payout.status == "paid" else 0
        owed = refund_owed(
            booking.booking_id, sale, already={}, refund=back, paid_out_minor=sent, key="test", at=world.clock.now()
        )
        await ledger.post(session, owed)
        saga_id = await service.start(
            session,
            world.clock,
            kind=SagaKind.SETTLEMENT,
            booking_id=booking.booking_id,
            data={},
            deadline=HOUR,
        )
    return await world.saga(saga_id)


async def pay_out_everything(world: World, booking: BookingRecord) -> None:
    """Come to the day on which the host is paid, and begin with it."""
    world.clock.advance(booking.starts_at + PAYOUT_AFTER - world.clock.now())
    async with world.sessions.begin() as session:
        await start_due_payouts(session, world.clock, limit=10)
    await world.finish(until=timedelta(minutes=2))


def sent(world: World, booking: BookingRecord) -> list[int]:
    """Amounts that the host has got."""
    return [money.minor for money in world.processor.payouts[str(booking.booking_id)]]


async def test_b26_a_cancelled_booking_gives_back_what_is_owed_to_the_unit(world: World) -> None:
    """Half of it: refunded once, by component, and the ledger owes the guest nothing more."""
    booking = await paid(world)
    saga = await cancel(world, booking, bps=5_000)
    await world.finish()
    assert (await world.saga(saga.saga_id)).status == "done"
    (authorisation,) = world.processor.of(str(booking.booking_id))
    async with world.sessions() as session:
        (refund,) = await payments.refunds_for_booking(session, booking.booking_id)
    assert authorisation.refunded_minor == refund.amount_minor == sum(line["minor"] for line in refund.lines)
    assert await world.balance(booking, Account.GUEST_RECEIVABLE) == 0
    assert await world.complaints_about_all() == []


async def test_b28_a_booking_cancelled_before_its_capture_is_released_not_refunded(world: World) -> None:
    """Everything goes back and nothing was taken: a void, no charge, no refund."""
    booking = await world.hold()
    world.processor.fail_next("capture", Fault.TIMEOUT_BEFORE)
    await world.begin(booking)
    await world.work()
    await cancel(world, booking)
    await world.finish()
    assert [operation for operation, _ in world.processor.calls] == ["authorise", "capture", "void"]
    assert await world.complaints(booking) == []


async def test_b28_a_capture_that_was_made_before_a_cancellation_is_refunded(world: World) -> None:
    """The capture's answer was lost, so nobody knew: the void says that it was taken, and it is refunded."""
    booking = await world.hold()
    world.processor.fail_next("capture", Fault.TIMEOUT_AFTER)
    await world.begin(booking)
    await world.work()
    await cancel(world, booking)
    await world.finish()
    assert world.processor.charged(str(booking.booking_id)) == 0
    assert await world.complaints(booking) == []


async def test_b28_a_refund_after_the_payout_is_the_hosts_debt(world: World) -> None:
    """The guest gets everything; what the host was sent is owed back."""
    booking = await paid(world)
    await pay_out_everything(world, booking)
    (amount,) = sent(world, booking)
    await cancel(world, booking)
    await world.finish()
    assert world.processor.charged(str(booking.booking_id)) == 0
    assert await world.balance(booking, Account.HOST_DEBT) == amount
    assert await world.balance(booking, Account.HOST_PAYABLE) == 0
    assert await world.complaints(booking) == []


async def test_a_refund_that_is_refused_is_stuck_until_somebody_retries_it(world: World) -> None:
    """Never dropped: it is shown, tried again every hour, and a retry goes under a key of its own."""
    booking = await paid(world)
    world.processor.fail_next("refund", Fault.DECLINE)
    saga = await cancel(world, booking)
    await world.work()
    stuck = await world.saga(saga.saga_id)
    assert (stuck.status, stuck.step, stuck.error) == ("stuck", "refund", "refund_declined")
    assert stuck.next_attempt_at > world.clock.now()
    async with world.sessions.begin() as session:
        await service.retry(session, world.clock, saga.saga_id)
    await world.work()
    assert (await world.saga(saga.saga_id)).status == "done"
    refunds = [key for operation, key in world.processor.calls if operation == "refund"]
    assert len(set(refunds)) == 2
    assert await world.complaints(booking) == []


async def test_a_refund_without_an_answer_is_stuck_after_some_attempts_and_still_tried(world: World) -> None:
    """After ten failures it is called stuck; an hour later it is tried again, with the same key, and done."""
    booking = await paid(world)
    world.processor.fail_next("refund", *[Fault.TIMEOUT_AFTER] * ATTEMPTS)
    saga = await cancel(world, booking)
    await world.finish(until=timedelta(minutes=2))
    stuck = await world.saga(saga.saga_id)
    assert (stuck.status, stuck.attempts) == ("stuck", ATTEMPTS)
    await world.finish(until=HOUR)
    assert (await world.saga(saga.saga_id)).status == "done"
    assert len({key for operation, key in world.processor.calls if operation == "refund"}) == 1
    assert await world.complaints(booking) == []


async def test_a_host_is_paid_a_day_after_the_stay_has_begun_and_once(world: World) -> None:
    """Not before; the host's part without the fee; a timeout does not pay twice."""
    booking = await paid(world)
    async with world.sessions.begin() as session:
        assert await start_due_payouts(session, world.clock, limit=10) == 0
    owed = -await world.balance(booking, Account.HOST_PAYABLE)
    world.processor.fail_next("pay_out", Fault.TIMEOUT_AFTER)
    await pay_out_everything(world, booking)
    assert sent(world, booking) == [owed]
    assert await world.balance(booking, Account.HOST_PAYABLE) == 0
    async with world.sessions.begin() as session:
        assert await start_due_payouts(session, world.clock, limit=10) == 0


async def test_payouts_wait_for_nobody_who_changes_a_booking(world: World) -> None:
    """Who changes a stay locks the booking, then its payout: looking for due payouts locks nothing before that."""
    booking = await paid(world)
    world.clock.advance(booking.starts_at + PAYOUT_AFTER - world.clock.now())
    async with world.sessions.begin() as changing:
        await repository.lock_booking(changing, booking.booking_id)
        async with world.sessions.begin() as session:
            assert await start_due_payouts(session, world.clock, limit=10) == 0
            await move_payout(changing, booking.booking_id, later=timedelta(), now=world.clock.now())

    async def start_some() -> int:
        async with world.sessions.begin() as session:
            return await start_due_payouts(session, world.clock, limit=10)

    assert sum(await asyncio.gather(*(start_some() for _ in range(3)))) == 1


async def test_a_payout_that_was_begun_since_it_was_found_is_not_begun_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker starts it between the look and the lock: with the lock it is looked for again."""
    booking = await paid(world)
    world.clock.advance(booking.starts_at + PAYOUT_AFTER - world.clock.now())
    async with world.sessions() as session:
        scalars = session.scalars

        async def slow(*asked: Any) -> Any:
            found = await scalars(*asked)
            monkeypatch.undo()
            async with world.sessions.begin() as other:
                assert await start_due_payouts(other, world.clock, limit=10) == 1
            return found

        monkeypatch.setattr(session, "scalars", slow)
        assert await repository.due_payouts(session, now=world.clock.now(), limit=10) == []


@pytest.mark.parametrize(("bps", "payments_made"), [(10_000, 0), (5_000, 1)])
async def test_a_cancelled_booking_pays_its_host_what_is_left(world: World, bps: int, payments_made: int) -> None:
    """Nothing where everything went back; else what the host has kept."""
    booking = await paid(world)
    await cancel(world, booking, bps=bps)
    await world.finish()
    left = -await world.balance(booking, Account.HOST_PAYABLE)
    await pay_out_everything(world, booking)
    assert sent(world, booking) == [left] * payments_made
    async with world.sessions() as session:
        payout = await payouts.payout_of_booking(session, booking.booking_id)
    assert payout is not None
    assert payout.status == ("paid" if payments_made else "withdrawn")


async def test_a_refused_payout_waits_for_another_account(world: World) -> None:
    """Stuck, then sent under a new key, since the old one would be refused for ever."""
    booking = await paid(world)
    world.processor.fail_next("pay_out", Fault.DECLINE)
    await pay_out_everything(world, booking)
    async with world.sessions.begin() as session:
        (stuck,) = await repository.unfinished(session, limit=10)
        assert (stuck.status, stuck.error) == ("stuck", "account_closed")
        await service.retry(session, world.clock, stuck.saga_id)
    await world.work()
    assert len(sent(world, booking)) == 1
    assert len({key for operation, key in world.processor.calls if operation == "pay_out"}) == 2


async def begin_change(world: World, booking: BookingRecord, *, more: int = 0, less: int = 0) -> SagaRecord:
    """Begin a modification that costs more, or less."""
    data: dict[str, Any] = {"modification_id": str(new_id()), "payment_id": None}
    data["lines"] = [{"component": "nights", "minor": less}] if less else []
    async with world.sessions.begin() as session:
        if more:
            data["payment_id"] = str(new_id())
            await payments.create_payment(
                session,
                payment_id=UUID(data["payment_id"]),
                booking_id=booking.booking_id,
                purpose=Purpose.MODIFICATION,
                payment_method="pm_ok",
                amount=Money(more, booking.charge_currency),
                lines=[{"component": "nights", "minor": more}],
                now=world.clock.now(),
            )
        saga_id = await service.start(
            session, world.clock, kind=SagaKind.CHANGE, booking_id=booking.booking_id, data=data, deadline=HOUR
        )
    await world.finish()
    return await world.saga(saga_id)


async def test_a_dearer_stay_is_paid_before_it_is_changed(world: World) -> None:
    """The difference is taken, then the modification applied."""
    booking = await paid(world)
    saga = await begin_change(world, booking, more=5_000)
    assert saga.status == "done"
    assert len(world.modifications.applied) == 1
    assert world.processor.charged(str(booking.booking_id)) == booking.charge_total_minor + 5_000


async def test_a_cheaper_stay_gives_the_difference_back_after_it_was_changed(world: World) -> None:
    """Applied, then refunded out of the booking's own payment."""
    booking = await paid(world)
    saga = await begin_change(world, booking, less=5_000)
    assert saga.status == "done"
    assert world.processor.charged(str(booking.booking_id)) == booking.charge_total_minor - 5_000


async def test_b28_a_difference_that_was_taken_in_vain_is_refunded(world: World) -> None:
    """The nights went to somebody else while it was paid: the capture is compensated, the modification closed."""
    booking = await paid(world)
    world.modifications.refuses = ListingWithdrawn(1)
    saga = await begin_change(world, booking, more=5_000)
    assert (saga.status, saga.error) == ("compensated", "listing-withdrawn")
    assert world.modifications.given_up == ["listing-withdrawn"]
    assert world.processor.charged(str(booking.booking_id)) == booking.charge_total_minor
    assert await world.complaints(booking) == []


async def test_b28_control_a_capture_without_compensation_is_noticed(world: World) -> None:
    """Were the refund of the capture left out, the guest would have paid for nothing."""
    booking = await paid(world)
    world.modifications.refuses = ListingWithdrawn(1)
    world.changed_actions = {(SagaKind.CHANGE, name): Nothing() for name in ("undo_capture", "undo_authorise")}
    await begin_change(world, booking, more=5_000)
    assert any("charged" in complaint for complaint in await world.complaints(booking))


async def test_sagas_of_one_booking_take_turns(world: World) -> None:
    """A settlement that begins while a payment is not over waits for it, whoever is awake."""
    booking = await world.hold()
    world.processor.fail_next("authorise", Fault.TIMEOUT_BEFORE)
    first = await world.begin(booking)
    await world.work()
    async with world.sessions.begin() as session:
        second = await service.start(
            session, world.clock, kind=SagaKind.SETTLEMENT, booking_id=booking.booking_id, data={}, deadline=HOUR
        )
    async with world.sessions.begin() as session:
        assert await service.claim_due(session, world.clock, limit=10) == []
    await world.finish()
    assert {(await world.saga(first)).status, (await world.saga(second)).status} == {SagaStatus.DONE.value}
