"""What a modification costs or gives back, with a processor in memory and the ledger: to the unit, whatever happens."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from lodestay.errors import LodestayError
from lodestay.ids import new_id
from tests.transactional.factories import (
    actor_of,
    create_listing,
    create_occupancy,
    create_quote,
    create_rate,
    create_user,
)
from tests.transactional.modifications.test_service import day, key_of
from tests.transactional.payments.fake_gateway import Fault
from tests.transactional.sagas.harness import KEEP, World
from transactional.bookings import service as bookings
from transactional.bookings.records import BookingRecord
from transactional.ledger import service as ledger
from transactional.ledger.records import Account
from transactional.ledger.rules import paid_out, parts_of
from transactional.modifications import repository, service
from transactional.modifications.records import ModificationRecord, Wish
from transactional.modifications.settling import DEADLINE
from transactional.users.actors import Actor, Role


@dataclass(frozen=True)
class Paid:
    """A paid booking for three with a dog, and its sides."""

    booking: BookingRecord
    guest: Actor
    host: Actor


async def buy(world: World) -> Paid:
    """Book ten days ahead, charged in yen, and pay."""
    async with world.sessions.begin() as session:
        await create_rate(session, "JPY", Decimal("171.35"))
        listing = await create_listing(session, rate_plan={"max_pets": 2, "pet_fee_minor": 2_050})
        guest = await create_user(session)
        quote = await create_quote(
            session,
            world.clock,
            listing_id=listing.listing_id,
            guest_id=guest.user_id,
            guests=3,
            pets=1,
            charge_currency="JPY",
        )
        held = await bookings.hold(session, world.clock, guest_id=guest.user_id, quote_id=quote.quote_id, keep=KEEP)
        host = actor_of(listing.host_id, Role.HOST)
    await world.pay_with(held)
    return Paid(await world.booking(held), actor_of(guest), host)


async def agree(world: World, paid: Paid, wish: Wish, *, method: str | None = None) -> ModificationRecord:
    """The guest proposes, the host agrees."""
    async with world.sessions.begin() as session:
        wished = await service.propose(session, world.clock, paid.guest, paid.booking.booking_id, wish)
    async with world.sessions.begin() as session:
        return await service.approve(session, world.clock, paid.host, key_of(wished), payment_method=method)


async def outcome(world: World, modification: ModificationRecord) -> ModificationRecord:
    """What became of it, once the sagas are through."""
    await world.finish()
    async with world.sessions() as session:
        return await repository.get(session, modification.modification_id)


async def complaints(world: World, booking: BookingRecord) -> list[str]:
    """As the harness says; but a modification may well be a capture of its own."""
    found = await world.complaints(booking)
    return [each for each in found if each != "it was captured more than once"]


CHANGES = {
    "longer": (Wish(check_out=day(15)), "paying"),
    "shorter": (Wish(check_out=day(12)), "applied"),
    "longer for fewer": (Wish(check_out=day(15), guests=2, pets=0), "paying"),
    "elsewhen": (Wish(check_in=day(40), check_out=day(48)), "paying"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_b26_the_guest_has_paid_what_the_changed_stay_costs(world: World, name: str) -> None:
    """B26, B27, B29: up, down or both by component: charged is the new total, the ledger and the journal agree."""
    wish, status = CHANGES[name]
    paid = await buy(world)
    agreed = await agree(world, paid, wish)
    assert agreed.status == status
    assert (await outcome(world, agreed)).status == "applied"
    changed = await world.booking(paid.booking)
    assert changed.charge_total_minor == agreed.charge_total_minor
    assert world.processor.charged(str(changed.booking_id)) == changed.charge_total_minor
    assert await complaints(world, changed) == []


async def test_b26_what_a_cheaper_stay_gives_back_is_given_back_however_late(world: World) -> None:
    """B26: the saga's turn comes after its deadline, as in an outage; the change stands, so the refund is made."""
    paid = await buy(world)
    agreed = await agree(world, paid, Wish(check_out=day(12)))
    assert agreed.status == "applied"
    world.clock.advance(2 * DEADLINE)
    await world.finish()
    changed = await world.booking(paid.booking)
    assert world.processor.charged(str(changed.booking_id)) == changed.charge_total_minor
    assert await complaints(world, changed) == []


async def test_a_booking_that_could_not_be_captured_closes_what_was_proposed(world: World) -> None:
    """Nobody is asked any more to agree to other dates of what the platform cancelled."""
    held = await world.hold()
    world.processor.fail_next("capture", Fault.TIMEOUT_BEFORE, Fault.DECLINE)
    await world.begin(held)
    await world.work()
    async with world.sessions.begin() as session:
        guest = Actor(held.guest_id, Role.GUEST)
        proposed = await service.propose(session, world.clock, guest, held.booking_id, Wish(check_in=day(11)))
    assert proposed.status == "proposed"
    assert (await outcome(world, proposed)).status == "expired"
    assert (await world.booking(held)).status == "cancelled"


async def test_a_declined_payment_leaves_the_booking_as_it_was(world: World) -> None:
    """It has failed, its reason stays, the bank's is not told; nothing was taken, and another can be proposed."""
    paid = await buy(world)
    agreed = await agree(
        world, paid, Wish(check_out=day(15), payment_method="pm_insufficient_funds", reason="a friend")
    )
    failed = await outcome(world, agreed)
    assert failed.status == "failed"
    assert (failed.reason, failed.closed_because) == ("a friend", "payment_failed")  # the host reads both
    assert await world.booking(paid.booking) == paid.booking
    assert await complaints(world, paid.booking) == []
    assert (await outcome(world, await agree(world, paid, Wish(check_out=day(15))))).status == "applied"


async def test_what_was_paid_for_nights_that_are_gone_goes_back(world: World) -> None:
    """B11, B33: another calendar takes the night while the guest pays: the difference is given back whole."""
    paid = await buy(world)
    agreed = await agree(world, paid, Wish(check_out=day(15)))
    async with world.sessions.begin() as session:
        await create_occupancy(session, paid.booking.listing_id, day(14), day(15))
    failed = await outcome(world, agreed)
    assert (failed.status, failed.closed_because) == ("failed", "nights_gone")
    assert await world.booking(paid.booking) == paid.booking
    assert await complaints(world, paid.booking) == []


async def test_the_hosts_payout_moves_with_the_stay(world: World) -> None:
    """A stay that begins thirty days later is paid out thirty days later."""
    paid = await buy(world)
    query = text("SELECT due_at FROM payouts")
    async with world.sessions() as session:
        before = await session.scalar(query)
    await outcome(world, await agree(world, paid, Wish(check_in=day(40), check_out=day(43))))
    async with world.sessions() as session:
        assert (await session.scalar(query)) - before == (await world.booking(paid.booking)).starts_at - (
            paid.booking.starts_at
        )


async def test_b28_a_host_who_was_paid_owes_what_the_stay_costs_less(world: World) -> None:
    """B28: a cheaper stay after the payout is the host's debt, to the unit, and no payable below nothing."""
    paid = await buy(world)
    booking_id = paid.booking.booking_id
    async with world.sessions.begin() as session:
        earned = -await ledger.balance(session, booking_id, Account.HOST_PAYABLE, "EUR")
        await ledger.post(
            session, paid_out(booking_id, payout_id=new_id(), currency="EUR", minor=earned, at=world.clock.now())
        )
    await outcome(world, await agree(world, paid, Wish(check_out=day(12))))
    async with world.sessions() as session:
        assert await ledger.balance(session, booking_id, Account.HOST_PAYABLE, "EUR") == 0
        debt = await ledger.balance(session, booking_id, Account.HOST_DEBT, "EUR")
    fees = {"service_fee", "taxes"}
    less = sum(line["minor"] for line in paid.booking.lines if line["component"] not in fees) - sum(
        line["minor"] for line in (await world.booking(paid.booking)).lines if line["component"] not in fees
    )
    assert abs(debt - less * 0.97) <= 1
    assert await complaints(world, paid.booking) == []


@pytest.mark.parametrize("seed", range(2))
async def test_b26_any_sequence_of_changes_keeps_the_books(world: World, seed: int) -> None:
    """B26: eight changes at random, some refused or not paid: after each, every component is paid as it costs."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    paid = await buy(world)
    applied = 0
    for _ in range(8):
        start = draw.randint(9, 20)
        wish = Wish(
            check_in=day(start),
            check_out=day(start + draw.randint(1, 9)),
            guests=draw.randint(1, 5),
            pets=draw.randint(0, 2),
            payment_method=draw.choice(["pm_card", "pm_card", "pm_insufficient_funds"]),
        )
        try:
            agreed = await agree(world, paid, wish)
        except LodestayError:
            continue
        applied += (await outcome(world, agreed)).status == "applied"
        now = await world.booking(paid.booking)
        assert await complaints(world, now) == []
        costs = {component.value: minor for component, minor in parts_of(now.charge_lines).items() if minor}
        assert await paid_by_component(world, now) == costs
    assert applied > 1


async def paid_by_component(world: World, booking: BookingRecord) -> dict[str, int]:
    """What was captured for each component and not given back."""
    query = text("""
        SELECT component, sum(minor)::bigint AS minor FROM (
            SELECT line->>'component' AS component, (line->>'minor')::bigint AS minor
            FROM payments, jsonb_array_elements(lines) line WHERE booking_id = :id AND status = 'captured'
            UNION ALL
            SELECT line->>'component', -(line->>'minor')::bigint
            FROM refunds JOIN payments USING (payment_id), jsonb_array_elements(refunds.lines) line
            WHERE booking_id = :id AND refunds.status = 'done'
        ) entry GROUP BY component HAVING sum(minor) <> 0
    """)
    async with world.sessions() as session:
        rows: Any = await session.execute(query, {"id": booking.booking_id})
        return {row.component: row.minor for row in rows}
