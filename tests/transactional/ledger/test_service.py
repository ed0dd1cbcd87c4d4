"""The ledger's table: what it takes, once, and what it refuses whoever writes."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from lodestay.pricing import Component
from tests.transactional.factories import create_host, create_listing, create_user
from tests.transactional.ledger.bookings import create_booking
from transactional.kit.sqlstate import sqlstate, violated_constraint
from transactional.ledger import repository, rules, service
from transactional.ledger.errors import PostedOtherwise
from transactional.ledger.records import Account, Balance
from transactional.ledger.rules import Sale

AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
PARTS = {Component.NIGHTS: 30_000, Component.SERVICE_FEE: 4_200, Component.TAXES: 1_800}
SALE = Sale("EUR", PARTS, "EUR", PARTS, 300)
UNBALANCED = text("""
    INSERT INTO ledger_transactions (posting_key, kind, booking_id, occurred_at, accounts, currencies, amounts_minor)
    VALUES ('odd', 'booked', :booking_id, now(), :accounts, :currencies, :amounts)
""")
OFF_BALANCE = {
    "a cent is missing": (["EUR", "EUR"], [100, -99]),
    "two currencies": (["EUR", "USD"], [100, -100]),
    "one of two currencies": (["EUR", "EUR", "USD", "USD"], [100, -100, 5, -6]),
    "an amount is not known": (["EUR", "EUR", "EUR"], [100, -100, None]),
}


def unbalanced(booking_id: UUID, name: str = "a cent is missing") -> dict[str, object]:
    """Values of a row that is off balance."""
    currencies, amounts = OFF_BALANCE[name]
    accounts = ["guest_receivable", "host_payable", "taxes_payable", "platform_fees"][: len(amounts)]
    return {"booking_id": booking_id, "accounts": accounts, "currencies": currencies, "amounts": amounts}


@pytest.fixture
async def booking_id(session: AsyncSession) -> UUID:
    """A booking, for the ledger to speak of."""
    guest, listing = await create_user(session), await create_listing(session)
    booking = await create_booking(session, listing_id=listing.listing_id, guest_id=guest.user_id)
    await session.commit()
    return booking.booking_id


async def test_fact_is_posted_once(session: AsyncSession, booking_id: UUID) -> None:
    """The same fact told twice stands once; another fact under its key is an error."""
    assert await service.post(session, rules.booked(booking_id, SALE, at=AT))
    assert not await service.post(session, rules.booked(booking_id, SALE, at=AT))
    assert await service.balance(session, booking_id, Account.GUEST_RECEIVABLE, "EUR") == 36_000
    cheaper = Sale("EUR", {Component.NIGHTS: 1}, "EUR", {Component.NIGHTS: 1}, 300)
    with pytest.raises(PostedOtherwise):
        await service.post(session, rules.booked(booking_id, cheaper, at=AT))


async def test_fact_that_moves_no_money_is_not_written(session: AsyncSession, booking_id: UUID) -> None:
    """A change to the same price has no entries, and a row without entries is not allowed."""
    nothing = rules.changed(booking_id, before=SALE, after=SALE, key="1", at=AT)
    assert not await service.post(session, nothing)
    assert await repository.totals(session) == {}


async def test_booking_that_is_settled_owes_nothing(session: AsyncSession, booking_id: UUID) -> None:
    """Booked, charged, refunded and paid out: what stays is what everybody has."""
    payment, refund = uuid4(), {Component.NIGHTS: 15_000, Component.TAXES: 900}
    for posting in (
        rules.booked(booking_id, SALE, at=AT),
        rules.captured(booking_id, payment_id=payment, currency="EUR", minor=36_000, at=AT),
        rules.refund_owed(booking_id, SALE, already={}, refund=refund, paid_out_minor=0, key="1", at=AT),
        rules.refund_paid(booking_id, refund_id=uuid4(), currency="EUR", minor=15_900, at=AT),
        rules.paid_out(booking_id, payout_id=uuid4(), currency="EUR", minor=14_550, at=AT),
    ):
        assert await service.post(session, posting)
    assert await repository.balances_of(session, booking_id) == [
        Balance(booking_id, Account.PLATFORM_FEES, "EUR", -4_650),
        Balance(booking_id, Account.PROCESSING_COSTS, "EUR", 1_110),
        Balance(booking_id, Account.PROCESSOR_CLEARING, "EUR", 36_000 - 1_110 - 15_900 - 14_550),
        Balance(booking_id, Account.TAXES_PAYABLE, "EUR", -900),
    ]
    assert await service.verify(session) == []


async def test_host_owes_penalties_until_they_are_withheld(session: AsyncSession) -> None:
    """A debt is found by host, over all the bookings, and the next payout takes it off."""
    host, guest = await create_host(session), await create_user(session)
    listing = await create_listing(session, host=host)
    booking_id = (await create_booking(session, listing_id=listing.listing_id, guest_id=guest.user_id)).booking_id
    await service.post(session, rules.penalty(booking_id, currency="EUR", minor=5_000, at=AT))
    assert await service.host_debt(session, host.user_id) == {"EUR": 5_000}
    assert await service.host_debt(session, uuid4()) == {}
    await service.post(session, rules.booked(booking_id, SALE, at=AT))
    withheld = rules.paid_out(booking_id, payout_id=uuid4(), currency="EUR", minor=24_100, withheld_minor=5_000, at=AT)
    await service.post(session, withheld)
    assert await service.host_debt(session, host.user_id) == {}
    assert await service.balance(session, booking_id, Account.HOST_PAYABLE, "EUR") == 0


@pytest.mark.parametrize("name", OFF_BALANCE)
async def test_b29_unbalanced_row_is_refused(session: AsyncSession, booking_id: UUID, name: str) -> None:
    """B29: whoever writes past the service meets the constraint."""
    with pytest.raises(DBAPIError) as refused:
        await session.execute(UNBALANCED, unbalanced(booking_id, name))
    assert violated_constraint(refused.value) == "ck_ledger_transactions_nets_to_zero"


async def test_b29_control_without_the_constraint_it_gets_in(session: AsyncSession, booking_id: UUID) -> None:
    """Control: the constraint is what refuses the row; without it only `verify` tells."""
    await session.execute(text("ALTER TABLE ledger_transactions DROP CONSTRAINT ck_ledger_transactions_nets_to_zero"))
    await session.execute(UNBALANCED, unbalanced(booking_id))
    assert [(found.rule, found.subject, found.minor) for found in await service.verify(session)] == [
        ("nets_to_zero", "odd", 1)
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_transactions SET kind = 'other'",
        "DELETE FROM ledger_transactions",
        "TRUNCATE ledger_transactions",
    ],
)
async def test_ledger_is_append_only(session: AsyncSession, booking_id: UUID, change: str) -> None:
    """What is posted stays, for whoever has the database open."""
    await service.post(session, rules.booked(booking_id, SALE, at=AT))
    with pytest.raises(DBAPIError, match="append-only") as refused:
        await session.execute(text(change))
    assert sqlstate(refused.value) == "23001"


async def test_two_tell_the_same_fact_at_once(engine: AsyncEngine, session: AsyncSession, booking_id: UUID) -> None:
    """The second waits for the first and finds the fact posted."""
    async with AsyncSession(engine) as other:
        assert await service.post(session, rules.booked(booking_id, SALE, at=AT))
        await session.commit()
        assert not await service.post(other, rules.booked(booking_id, SALE, at=AT))
