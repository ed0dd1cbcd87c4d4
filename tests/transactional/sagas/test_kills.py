"""B33: a worker is killed at every statement, every commit and every call in turn, and another goes on.

Each scenario is run once to count its points; then again for each of them, with the process gone there.
Whatever the point, the saga ends, the booking is paid once or not at all, and both books say the same.
The last tests are the control: with a guard taken away, the same kills are noticed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.transactional.factories import stay_of
from tests.transactional.payments.fake_gateway import Fault
from tests.transactional.sagas.harness import KEEP, Killed, Killer, World
from transactional.bookings.records import BookingRecord
from transactional.payments.records import PaymentRecord
from transactional.sagas import money, repository
from transactional.sagas.actions import Call, Nothing
from transactional.sagas.checkout import LATE
from transactional.sagas.rules import SagaKind
from transactional.sagas.service import LEASE

Prepare = Callable[[World], Awaitable[BookingRecord]]


async def hold(world: World) -> BookingRecord:
    """A hold of nights that no other has, at the one listing of all runs: making a listing takes as long as paying."""
    world.holds += 1
    booking = await world.hold(listing_id=world.listing_id, stay=stay_of(10 + world.holds, 1))
    world.listing_id = booking.listing_id
    return booking


async def to_be_confirmed(world: World) -> BookingRecord:
    """A payment that goes through."""
    booking = await hold(world)
    await world.begin(booking)
    return booking


async def to_be_declined(world: World) -> BookingRecord:
    """A payment that is declined."""
    booking = await hold(world)
    await world.begin(booking, "pm_declined")
    return booking


async def without_nights(world: World) -> BookingRecord:
    """A payment of a hold that expired, while somebody else has taken the nights."""
    booking = await hold(world)
    await world.begin(booking)
    world.clock.advance(KEEP)
    await world.hold(listing_id=booking.listing_id, stay=booking.stay)
    return booking


async def not_captured(world: World) -> BookingRecord:
    """A payment that is authorised and then not captured, so that everything is undone."""
    booking = await hold(world)
    await world.begin(booking)
    world.processor.fail_next("capture", Fault.DECLINE)
    return booking


async def kill_and_resume(
    world: World, prepare: Prepare, *kills: int, absent: timedelta = LEASE
) -> tuple[BookingRecord, int]:
    """Run a scenario, killed once at each of some points, then to its end; say how many points the last kill saw."""
    booking = await prepare(world)
    passed = 0
    for at in kills:
        killer = Killer(at)
        try:
            async with killer.watching(world.engine):
                await world.work(killer)
        except Killed:
            world.clock.advance(absent)
        passed = killer.passed
    await world.finish()
    return booking, passed


async def complaints_of(
    world: World, prepare: Prepare, *, absent: timedelta = LEASE, every: int = 1
) -> AsyncIterator[str]:
    """Kill a scenario at every point, or at every n-th, and say what was wrong then, and what is in the end."""
    _, points = await kill_and_resume(world, prepare, 0)
    assert points > 15
    for at in range(1, points + 1, every):
        booking, _ = await kill_and_resume(world, prepare, at, absent=absent)
        for complaint in await world.complaints_about(booking):
            yield f"killed at {at}: {complaint}"
    for complaint in await world.complaints_about_all():
        yield complaint


async def is_said(complaints: AsyncIterator[str], words: str) -> bool:
    """Whether one of some complaints has these words; later ones are not waited for."""
    async for complaint in complaints:
        if words in complaint:
            return True
    return False


@pytest.mark.parametrize(
    ("prepare", "every"), [(to_be_confirmed, 1), (not_captured, 1), (to_be_declined, 2), (without_nights, 2)]
)
async def test_b33_a_kill_anywhere_leaves_a_saga_that_ends(world: World, prepare: Prepare, every: int) -> None:
    """Every point on the way forwards and on the way back, killed once."""
    assert [complaint async for complaint in complaints_of(world, prepare, every=every)] == []


async def test_b33_two_kills_are_no_worse_than_one(world: World) -> None:
    """The worker that resumes is killed too."""
    found: list[str] = []
    for first, second in [(9, 3), (30, 14)]:
        for prepare in (to_be_confirmed, not_captured):
            booking, _ = await kill_and_resume(world, prepare, first, second)
            found += [f"killed at {first} and {second}: {each}" for each in await world.complaints_about(booking)]
    assert found + await world.complaints_about_all() == []


async def test_b33_workers_may_be_away_until_after_the_deadline(world: World) -> None:
    """What nobody knows the outcome of is asked for again before it is given up."""
    found = complaints_of(world, to_be_confirmed, absent=KEEP + LATE, every=3)
    assert [complaint async for complaint in found] == []


async def test_b33_control_an_intention_that_is_not_committed_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it not noted before the call that it is made, a kill would leave an authorisation that nobody knows of."""

    async def forget(*_: object, **__: object) -> None:
        """Note nothing."""

    monkeypatch.setattr(repository, "begin_step", forget)
    assert await is_said(complaints_of(world, to_be_confirmed, absent=KEEP + LATE), "stay reserved")


async def test_b33_control_a_new_key_for_each_attempt_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the same key not sent again, some kill would reserve twice."""
    known = money.authorisation

    def with_a_new_key(payment: PaymentRecord) -> Call:
        return replace(known(replace(payment, payment_id=uuid4())), subject=payment.payment_id)

    monkeypatch.setattr("transactional.sagas.payment.authorisation", with_a_new_key)
    assert await is_said(complaints_of(world, to_be_confirmed), "stay reserved")


@pytest.mark.parametrize("undone", [("undo_authorise", "undo_capture"), ("undo_confirm",)])
async def test_b33_control_a_missing_compensation_is_noticed(world: World, undone: tuple[str, ...]) -> None:
    """Were a step not undone, the same scenario would leave something behind."""
    world.changed_actions = {(SagaKind.PAYMENT, name): Nothing() for name in undone}
    booking, _ = await kill_and_resume(world, not_captured)
    assert await world.complaints(booking) != []
