"""What the tests of booking at once share: quotes with their signatures and receipts, and both ways to book."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from simulation.processor.signing import sign_receipt
from tests.transactional.factories import create_quote
from transactional.bookings import instant
from transactional.bookings.instant import Booked, Keys, Wish
from transactional.bookings.quick import STATEMENTS
from transactional.bookings.records import BookingRecord
from transactional.kit.connections import QuickConnections
from transactional.kit.idempotency import Answer, Call, run_once
from transactional.quotes.records import QuoteRecord
from transactional.quotes.signatures import sign

KEYS = Keys(quotes=b"key of quotes", receipts="key of receipts")


def wish_for(quote: QuoteRecord, **receipt: Any) -> Wish:
    """A signed wish for a quote, with a receipt of exactly its charge."""
    facts: dict[str, Any] = {
        "processor_id": f"auth_{quote.quote_id.hex}",
        "amount_minor": quote.charge_total_minor,
        "currency": quote.charge_currency,
        "reference": str(quote.quote_id),
        "expires_at": int((quote.created_at + timedelta(hours=1)).timestamp()),
    }
    signed = sign_receipt(KEYS.receipts, facts | receipt)
    return Wish(guest_id=quote.guest_id, quote_id=quote.quote_id, signature=sign(quote, KEYS.quotes), receipt=signed)


async def quoted(session: AsyncSession, clock: Clock, *, listing_id: int, guest_id: UUID, **values: Any) -> Wish:
    """A wish for a fresh quote, for others to see."""
    quote = await create_quote(session, clock, listing_id=listing_id, guest_id=guest_id, **values)
    await session.commit()
    return wish_for(quote)


def call_of(wish: Wish, *, key: str | None = None, body_hash: str = "0") -> Call:
    """The HTTP call of a wish, as the edge describes it."""
    return Call(
        actor=str(wish.guest_id),
        method="POST",
        route="/v1/instant-bookings",
        key=key or str(uuid4()),
        body_hash=body_hash,
    )


def answer_of(booking: BookingRecord) -> Answer:
    """What is answered."""
    return Answer(201, {"booking_id": str(booking.booking_id), "reference": booking.reference})


async def book_usually(session: AsyncSession, clock: Clock, wish: Wish, call: Call) -> tuple[Answer, bool]:
    """The usual way, with its call remembered."""

    async def effect() -> Answer:
        return answer_of(await instant.book(session, clock, KEYS, wish))

    return await run_once(session, call, effect, now=clock.now())


async def book_quickly(
    connections: QuickConnections, clock: Clock, wish: Wish, call: Call | None = None
) -> Booked | None:
    """The quick way."""
    async with connections.connection() as connection:
        return await instant.book_quickly(connection, clock, KEYS, wish, call=call or call_of(wish), answer=answer_of)


@asynccontextmanager
async def quick_connections(
    database_url: str, *, size: int = 1, lock_timeout_ms: int = 20_000
) -> AsyncIterator[QuickConnections]:
    """Connections as the quick way wants them."""
    connections = QuickConnections(database_url, STATEMENTS, size=size, lock_timeout_ms=lock_timeout_ms)
    yield connections
    connections.close()
