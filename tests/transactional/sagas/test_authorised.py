"""A booking that came with its payment authorised: captured by the worker, or undone where that fails for good."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from lodestay.money import Money
from tests.transactional.bookings.instant import book_quickly, book_usually, call_of, quick_connections, wish_for
from tests.transactional.factories import create_listing, create_quote, create_user
from tests.transactional.payments.fake_gateway import Fault
from tests.transactional.sagas.harness import World
from transactional.bookings.records import BookingRecord
from transactional.bookings.repository import get as get_booking
from transactional.ledger.records import Account


async def booked(world: World, database_url: str, *, quickly: bool) -> BookingRecord:
    """A booking by receipt of an authorisation that the processor has."""
    async with world.sessions.begin() as session:
        guest, listing = await create_user(session), await create_listing(session)
        quote = await create_quote(session, world.clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    amount = Money(quote.charge_total_minor, quote.charge_currency)
    outcome = await world.processor.authorise(
        "the app's", payment_method="pm_card", amount=amount, reference=str(quote.quote_id)
    )
    wish = wish_for(quote, processor_id=outcome.processor_id)
    if quickly:
        async with quick_connections(database_url) as connections:
            made = await book_quickly(connections, world.clock, wish)
        assert made is not None
        answer = made.answer
    else:
        async with world.sessions.begin() as session:
            answer, _ = await book_usually(session, world.clock, wish, call_of(wish))
    async with world.sessions() as session:
        return await get_booking(session, answer.body["booking_id"])


@pytest.mark.parametrize("quickly", [False, True])
async def test_it_is_captured_and_its_host_is_to_be_paid(world: World, database_url: str, *, quickly: bool) -> None:
    """One capture of the whole, nothing left that the guest owes, one payout scheduled."""
    booking = await booked(world, database_url, quickly=quickly)
    await world.finish()
    assert [operation for operation, _ in world.processor.calls] == ["authorise", "capture"]
    assert await world.balance(booking, Account.GUEST_RECEIVABLE) == 0
    assert await world.complaints_about_all() == []
    async with world.sessions() as session:
        assert await session.scalar(text("SELECT status FROM payouts")) == "scheduled"
        assert await session.scalar(text("SELECT status FROM payments")) == "captured"


@pytest.mark.parametrize("quickly", [False, True])
async def test_one_that_cannot_be_captured_is_cancelled_and_nobody_owes_anything(
    world: World, database_url: str, *, quickly: bool
) -> None:
    """The processor declines the capture: the nights go back, the ledger nets to nothing, nothing stays reserved."""
    booking = await booked(world, database_url, quickly=quickly)
    world.processor.fail_next("capture", Fault.DECLINE)
    await world.finish()
    assert (await world.booking(booking)).status == "cancelled"
    for account in (Account.GUEST_RECEIVABLE, Account.HOST_PAYABLE, Account.PLATFORM_FEES):
        assert await world.balance(booking, account) == 0
    assert world.processor.reserved(str(booking.quote_id)) == 0
    assert await world.complaints_about_all() == []
    async with world.sessions() as session:
        assert await session.scalar(text("SELECT count(*) FROM occupancy WHERE is_live")) == 0
