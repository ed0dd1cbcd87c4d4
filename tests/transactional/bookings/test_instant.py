"""Booking at once: the quick way and the usual way leave the same rows, and never both a booking of one night."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from tests.transactional.bookings.instant import book_quickly, book_usually, call_of, quick_connections, quoted
from tests.transactional.factories import create_listing, create_rate, create_user
from transactional.journal.service import audit
from transactional.kit.connections import QuickConnections
from transactional.ledger.service import verify as verify_ledger

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
