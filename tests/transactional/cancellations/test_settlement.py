"""A cancellation at any moment of a payment: in the end the guest has paid what the policy keeps, and not a unit more.

The sagas are the real ones, on a real database and a processor in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from lodestay.clock import FixedClock
from lodestay.errors import Conflict
from tests.transactional.factories import actor_of, stay_of
from tests.transactional.payments.fake_gateway import Fault
from tests.transactional.sagas.harness import Killed, Killer, World
from transactional.bookings.records import BookingRecord
from transactional.cancellations import service, settlement
from transactional.kit.database import create_engine, session_factory
from transactional.ledger.records import Account
from transactional.sagas import repository as sagas
from transactional.sagas.service import LEASE
from transactional.users.actors import Actor, Role


@pytest.fixture
async def world(database_url: str, clock: FixedClock) -> AsyncIterator[World]:
    """Sessions as production opens them, on the test's own database."""
    engine = create_engine(database_url, pool_size=4, lock_timeout_ms=5_000)
    yield World(engine, session_factory(engine), clock)
    await engine.dispose()


async def cancel(world: World, booking: BookingRecord, actor: Actor) -> BookingRecord | None:
    """Cancel as an endpoint would; None where it is refused."""
    try:
        async with world.sessions.begin() as session:
            return await service.cancel(session, world.clock, actor, booking.booking_id)
    except Conflict:
        return None


async def complaints(world: World, booking: BookingRecord) -> list[str]:
    """What is wrong with a cancelled booking once its sagas are over."""
    now = await world.booking(booking)
    reference = str(booking.booking_id)
    kept = 0
    if now.refund is not None:
        kept = now.charge_total_minor - now.refund["total_minor"]
    found = []
    if now.status != "cancelled":
        found.append(f"the booking is {now.status}")
    if world.processor.charged(reference) != kept:
        found.append(f"the guest was charged {world.processor.charged(reference)}, not {kept}")
    if world.processor.reserved(reference):
        found.append("something stays reserved")
    if await world.balance(booking, Account.GUEST_RECEIVABLE):
        found.append("the guest owes or is owed something")
    return found


@pytest.mark.parametrize("by_host", [False, True])
async def test_b28_cancelled_after_the_capture_is_refunded(world: World, *, by_host: bool) -> None:
    """B28: what was captured goes back in the parts that the cancellation says; the host keeps theirs."""
    booking = await world.hold(stay=stay_of(3, 3))
    await world.pay_with(booking)
    actor = actor_of(await _host_of(world, booking), Role.HOST) if by_host else actor_of(booking.guest_id, Role.GUEST)
    cancelled = await cancel(world, booking, actor)
    assert cancelled is not None
    assert cancelled.refund is not None
    assert (cancelled.refund["total_minor"] == booking.charge_total_minor) is by_host
    world.processor.fail_next("refund", Fault.TIMEOUT_AFTER, Fault.TIMEOUT_BEFORE)
    await world.finish()
    assert await complaints(world, booking) + await world.complaints_about_all() == []
    assert await world.balance(booking, Account.HOST_PAYABLE) == -cancelled.refund["payout"]["minor"]


@pytest.mark.parametrize(("days_ahead", "every"), [(3, 5), (10, 11)])
async def test_b28_cancelled_at_any_moment_of_the_payment(world: World, days_ahead: int, every: int) -> None:
    """B28, B33: the worker is killed somewhere, the guest cancels, another goes on: one end for every point."""
    found: list[str] = []
    for at in range(2, 60, every):
        booking = await world.hold(stay=stay_of(days_ahead, 3))
        await world.begin(booking)
        killer = Killer(at)
        try:
            async with killer.watching(world.engine):
                await world.work(killer)
        except Killed:
            world.clock.advance(LEASE)
        assert await cancel(world, booking, actor_of(booking.guest_id, Role.GUEST)) is not None
        await world.finish()
        found += [f"killed at {at}: {each}" for each in await complaints(world, booking)]
    assert found + await world.complaints_about_all() == []


async def test_b28_control_without_its_saga_a_refund_is_never_paid(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a cancellation that only posts leaves the guest without the money, and the proof says so."""

    async def not_started(*_: object, **__: object) -> None:
        return None

    booking = await world.hold(stay=stay_of(3, 3))
    await world.pay_with(booking)
    monkeypatch.setattr(settlement.sagas, "start", not_started)
    assert await cancel(world, booking, actor_of(booking.guest_id, Role.GUEST)) is not None
    await world.finish()
    assert any("charged" in each for each in await complaints(world, booking))
    assert any("guest_receivable_settled" in each for each in await world.complaints_about_all())


async def _host_of(world: World, booking: BookingRecord) -> UUID:
    async with world.sessions() as session:
        return (await sagas.seller_of(session, booking.booking_id)).host_id
