"""Booking at once: the quick way and the usual way leave the same rows, and never both a booking of one night."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.errors import LodestayError
from tests.transactional.bookings.instant import (
    book_quickly,
    book_usually,
    call_of,
    quick_connections,
    quoted,
    wish_for,
)
from tests.transactional.factories import (
    create_hold,
    create_listing,
    create_occupancy,
    create_quote,
    create_rate,
    create_user,
    stay_of,
)
from transactional.bookings import requests
from transactional.bookings.errors import ApprovalNeeded
from transactional.bookings.instant import Booked, Wish
from transactional.calendars.errors import StayUnavailable
from transactional.journal.service import audit
from transactional.kit.connections import QuickConnections
from transactional.kit.errors import IdempotencyKeyInFlight, IdempotencyKeyReused
from transactional.ledger.service import verify as verify_ledger
from transactional.listings.errors import ListingWithdrawn
from transactional.payments.errors import InvalidReceipt
from transactional.quotes.errors import QuoteAlreadyBooked, QuoteAltered, QuoteExpired, QuoteNotFound

TABLES = {
    "bookings": "SELECT * FROM bookings WHERE booking_id = :id",
    "occupancy": "SELECT * FROM occupancy WHERE booking_id = :id",
    "booking_events": "SELECT * FROM booking_events WHERE booking_id = :id",
    "ledger": "SELECT * FROM ledger_transactions WHERE booking_id = :id",
    "payments": "SELECT * FROM payments WHERE booking_id = :id",
    "sagas": "SELECT * FROM sagas WHERE booking_id = :id",
    "outbox": "SELECT * FROM outbox WHERE payload ->> 'booking_id' = CAST(CAST(:id AS uuid) AS text)",
    "idempotency_keys": """
        SELECT * FROM idempotency_keys WHERE response ->> 'booking_id' = CAST(CAST(:id AS uuid) AS text)
    """,
}
NEVER_THE_SAME = {
    "occupancy": {"occupancy_id"},
    "ledger": {"transaction_id"},
    "outbox": {"entry_id", "xid", "occurred_at"},
    "idempotency_keys": {"key"},
    "booking_events": {"hash"},  # of a body with other numbers: the audit holds the two together
}


@pytest.fixture
async def connections(database_url: str) -> AsyncIterator[QuickConnections]:
    """Connections for the quick way."""
    async with quick_connections(database_url, size=8) as connections:
        yield connections


async def rows_of(session: AsyncSession, booking_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row that a booking has anywhere, with its own numbers named instead of told."""
    found = {
        table: [dict(row) for row in (await session.execute(text(query), {"id": UUID(booking_id)})).mappings()]
        for table, query in TABLES.items()
    }
    (booking,), (payment,), (saga,) = found["bookings"], found["payments"], found["sagas"]
    names = {
        str(booking["booking_id"]): "<booking>",
        booking["reference"]: "<reference>",
        str(booking["quote_id"]): "<quote>",
        booking["quote_id"].hex: "<quote>",
        f'"listing_id":{booking["listing_id"]}': '"listing_id":<listing>',
        f'\\"listing_id\\":{booking["listing_id"]}': '"listing_id":<listing>',
        str(payment["payment_id"]): "<payment>",
        str(saga["saga_id"]): "<saga>",
    }

    def named(value: Any) -> Any:
        said = orjson.dumps(value, default=str).decode()
        for number, name in names.items():
            said = said.replace(number, name)
        return said

    assert all(found.values()), [table for table, rows in found.items() if not rows]
    return {
        table: [
            {
                column: "<listing>" if column == "listing_id" else named(value)
                for column, value in row.items()
                if column not in NEVER_THE_SAME.get(table, set())
            }
            for row in rows
        ]
        for table, rows in found.items()
    }


@pytest.mark.parametrize("currency", [None, "JPY", "KWD"])
async def test_both_ways_leave_the_same_rows(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock, currency: str | None
) -> None:
    """Booking, nights, event, ledger, payment, saga, steps, outbox and answer: row for row, column for column."""
    await create_rate(session, "JPY", Decimal("160.5"))
    await create_rate(session, "KWD", Decimal("0.3312"))
    guest = await create_user(session)
    booked = []
    for quickly in (False, True):
        listing = await create_listing(session, cancellation_policy="strict", rate_plan={"check_in_hour": 16})
        wish = await quoted(
            session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, charge_currency=currency
        )
        call = call_of(wish)
        if quickly:
            done = await book_quickly(connections, clock, wish, call)
            assert done is not None
            answer = done.answer
        else:
            answer, _ = await book_usually(session, clock, wish, call)
        await session.commit()
        booked.append(await rows_of(session, answer.body["booking_id"]))
    usual, quick = booked
    assert quick == usual
    found = await audit(session)
    assert (found.bookings, found.broken) == (2, ())
    assert await verify_ledger(session) == []


async def test_a_call_that_is_sent_again_is_answered_as_before(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock
) -> None:
    """B31: whichever way answered first, both give that answer again, after the quote's end too; once is booked."""
    guest = await create_user(session)
    for first_quickly in (True, False):
        listing = await create_listing(session)
        wish = await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
        call = call_of(wish)
        if first_quickly:
            made = await book_quickly(connections, clock, wish, call)
            assert made is not None
            first = made.answer
        else:
            first, _ = await book_usually(session, clock, wish, call)
            await session.commit()
        assert await book_quickly(connections, clock, wish, call) == Booked(first, replayed=True)
        assert await book_usually(session, clock, wish, call) == (first, True)
        with pytest.raises(IdempotencyKeyReused):
            await book_quickly(connections, clock, wish, replace(call, body_hash="another"))
    clock.advance(timedelta(days=2))
    assert await book_quickly(connections, clock, wish, call) is None  # for the usual way, which remembers
    assert await book_usually(session, clock, wish, call) == (first, True)
    assert await session.scalar(text("SELECT count(*) FROM bookings")) == 2


async def test_a_key_that_was_used_is_told_so_though_the_nights_are_gone(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock
) -> None:
    """B31: a key that already booked something else is the first thing in the way, whichever way the call goes."""
    guest, listing = await create_user(session), await create_listing(session)
    first, second = [await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id) for _ in "ab"]
    call = call_of(first)
    assert await book_quickly(connections, clock, first, call) is not None
    again = replace(call, body_hash="another")
    with pytest.raises(IdempotencyKeyReused):
        await book_quickly(connections, clock, second, again)
    with pytest.raises(IdempotencyKeyReused):
        await book_usually(session, clock, second, again)


async def test_a_call_whose_first_sending_is_at_work_is_told_so(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock
) -> None:
    """B31: the key's lock is tried, not waited for."""
    guest, listing = await create_user(session), await create_listing(session)
    wish = await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    call = call_of(wish)
    await book_usually(session, clock, wish, call)  # not committed yet
    with pytest.raises(IdempotencyKeyInFlight):
        await book_quickly(connections, clock, wish, call)
    await session.rollback()
    assert await book_quickly(connections, clock, wish, call) is not None


async def test_both_ways_refuse_taken_nights_in_the_same_words(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock
) -> None:
    """Nights that others have, whole or in part, and a quote that has its booking: word for word, member for member."""
    guest, listing = await create_user(session), await create_listing(session)
    stays = {"taken": stay_of(10, 3), "around": stay_of(8, 7), "overlapping": stay_of(12, 2), "beside": stay_of(13, 1)}
    wishes = {
        name: await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay)
        for name, stay in stays.items()
    }
    await create_occupancy(session, listing.listing_id, stays["taken"].check_in, stays["taken"].check_out)
    await session.commit()
    for name in ("taken", "around", "overlapping"):
        assert await refusals(session, connections, clock, wishes[name]) == {StayUnavailable}
    assert await book_quickly(connections, clock, wishes["beside"]) is not None
    assert await refusals(session, connections, clock, wishes["beside"]) == {QuoteAlreadyBooked}
    await session.execute(text("UPDATE occupancy SET is_live = false"))
    await session.commit()
    assert await refusals(session, connections, clock, wishes["beside"]) == {QuoteAlreadyBooked}


async def refusals(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock, wish: Wish
) -> set[type[LodestayError]]:
    """How both ways refuse a wish: the same error with the same words and members, or this fails."""
    with pytest.raises(LodestayError) as quick:
        await book_quickly(connections, clock, wish)
    with pytest.raises(LodestayError) as usual:
        await book_usually(session, clock, wish, call_of(wish))
    await session.rollback()
    told = [(error.value.detail, error.value.hint, error.value.extensions) for error in (quick, usual)]
    assert told[0] == told[1]
    return {type(quick.value), type(usual.value)}


UNSIMPLE: dict[str, tuple[str, type[LodestayError] | None]] = {
    "the quote has expired": ("UPDATE quotes SET expires_at = expires_at", QuoteExpired),
    "the quote was altered": ("UPDATE quotes SET total_minor = total_minor - 1", QuoteAltered),
    "the listing is withdrawn": ("UPDATE listings SET is_active = false", ListingWithdrawn),
    "the host wants to be asked": ("UPDATE listings SET instant_book = false", ApprovalNeeded),
    "the host wants a verified guest": ("UPDATE rate_plans SET requires_verified_guest = true", ApprovalNeeded),
    "the host wants an experienced guest": ("UPDATE rate_plans SET requires_completed_stays = 1", ApprovalNeeded),
    "a rule refuses by now": ("UPDATE rate_plans SET version = version + 1, min_stay = 5", StayUnavailable),
    "a rule changed and allows": ("UPDATE rate_plans SET version = version + 1", None),
    "gaps matter": ("UPDATE rate_plans SET min_gap_nights = 2", None),
}


@pytest.mark.parametrize("name", UNSIMPLE)
async def test_what_is_not_simple_goes_the_usual_way(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock, name: str
) -> None:
    """The quick way writes nothing and leaves the word, good or bad, to the usual one."""
    change, refused = UNSIMPLE[name]
    guest, listing = await create_user(session), await create_listing(session)
    wish = await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    await session.execute(text(change))
    await session.commit()
    if refused is QuoteExpired:
        clock.advance(timedelta(minutes=30))
    assert await book_quickly(connections, clock, wish) is None
    assert await session.scalar(text("SELECT count(*) FROM bookings")) == 0
    if refused is None:
        answer, _ = await book_usually(session, clock, wish, call_of(wish))
        assert answer.status == 201
    else:
        with pytest.raises(refused):
            await book_usually(session, clock, wish, call_of(wish))


@pytest.mark.parametrize(
    "changes",
    [{"amount_minor": 1}, {"currency": "USD"}, {"reference": str(UUID(int=1))}, {"expires_at": 1}],
    ids=["amount", "currency", "quote", "expired"],
)
async def test_a_receipt_of_something_else_books_nothing(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock, changes: dict[str, Any]
) -> None:
    """Another amount, currency or quote, or one that has expired; and one that nobody signed."""
    guest, listing = await create_user(session), await create_listing(session)
    quote = await create_quote(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    await session.commit()
    payload, _, signature = wish_for(quote).receipt.partition(".")
    for wish in (wish_for(quote, **changes), replace(wish_for(quote), receipt=f"{payload}A.{signature}")):
        assert await book_quickly(connections, clock, wish) is None
        with pytest.raises(InvalidReceipt):
            await book_usually(session, clock, wish, call_of(wish))


async def test_another_guest_has_no_such_quote(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock
) -> None:
    """A quote of somebody else's is none, with all its papers in order."""
    guest, other, listing = await create_user(session), await create_user(session), await create_listing(session)
    wish = await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id)
    stolen = replace(wish, guest_id=other.user_id)
    assert await book_quickly(connections, clock, stolen) is None
    with pytest.raises(QuoteNotFound):
        await book_usually(session, clock, stolen, call_of(stolen))


async def test_a_due_hold_and_a_request_in_the_way_are_for_the_usual_way(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock
) -> None:
    """B9: a hold that is due is expired with its event, a rival request declined and told; then the booking stands."""
    guest, other, listing = await create_user(session), await create_user(session), await create_listing(session)
    held = await create_hold(session, clock, listing_id=listing.listing_id, guest_id=other.user_id)
    asked = await create_quote(
        session, clock, listing_id=listing.listing_id, guest_id=other.user_id, stay=stay_of(20, 3)
    )
    rival = await requests.request(
        session,
        clock,
        guest_id=other.user_id,
        quote_id=asked.quote_id,
        payment_method="pm_card",
    )
    await session.commit()
    clock.advance(timedelta(minutes=15))
    for stay, in_the_way, left in ((stay_of(10, 3), held, "expired"), (stay_of(20, 3), rival, "declined")):
        wish = await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay)
        assert await book_quickly(connections, clock, wish) is None
        await book_usually(session, clock, wish, call_of(wish))
        await session.commit()
        query = text("SELECT status FROM bookings WHERE booking_id = :id")
        assert await session.scalar(query, {"id": in_the_way.booking_id}) == left
    assert (await audit(session)).broken == ()


async def test_preparation_is_kept_free_and_explained_by_the_usual_way(
    session: AsyncSession, connections: QuickConnections, clock: FixedClock
) -> None:
    """A stay beside another is refused where the host prepares between them; further off it is booked quickly."""
    guest = await create_user(session)
    listing = await create_listing(session, rate_plan={"preparation_days": 2})
    wishes = [
        await quoted(session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, stay=stay)
        for stay in (stay_of(10, 3), stay_of(14, 2), stay_of(15, 2))
    ]
    assert await book_quickly(connections, clock, wishes[0]) is not None
    assert await book_quickly(connections, clock, wishes[1]) is None
    with pytest.raises(StayUnavailable) as refused:
        await book_usually(session, clock, wishes[1], call_of(wishes[1]))
    assert refused.value.extensions["rule"] == "preparation"
    await session.rollback()
    assert await book_quickly(connections, clock, wishes[2]) is not None
