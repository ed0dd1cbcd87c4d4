"""A marketplace in bulk for the booking benchmark, and calls that book it, made before anything is timed.

One quote is made by the service itself; the others are that quote for another stay, with a number and a
signature of their own. Every night costs the same, so every quote is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import SystemClock
from lodestay.ids import new_id
from lodestay.stay import Stay
from serving.auth import mint
from serving.instant_bookings.quick import PATH
from simulation.processor.signing import sign_receipt
from transactional.kit.database import create_engine
from transactional.quotes.records import QuoteRecord
from transactional.quotes.service import create_quote
from transactional.quotes.signatures import sign
from transactional.users.actors import Actor, Role

MARKET = "bench"
NIGHTS = 2
FIRST_DAY, LAST_DAY = 3, 363
STAYS_EACH = (LAST_DAY - FIRST_DAY) // NIGHTS
"""Stays that a listing's year has room for, back to back."""
VALID = timedelta(hours=24)

_MARKETPLACE = """
    INSERT INTO markets (market_key, name, country, currency, timezone, latitude, longitude, service_fee_bps, tax_bps)
    VALUES ('bench', 'Bench', 'PT', 'EUR', 'Europe/Lisbon', 38.7, -9.1, 1400, 600);
    INSERT INTO users (user_id, display_name, roles)
    SELECT gen_random_uuid(), 'Host', '{host}' FROM generate_series(1, 500);
    INSERT INTO users (user_id, display_name, roles)
    SELECT gen_random_uuid(), 'Guest', '{guest}' FROM generate_series(1, %(guests)s);
    INSERT INTO listings (market_key, source, source_id, host_id, title, description, house_rules, language,
                          property_type, room_type, accommodates, amenities, latitude, longitude, instant_book,
                          content_hash)
    SELECT 'bench', 'bench', n, hosts[1 + n %% 500], 'A flat', 'Bright and quiet.', '', 'en', 'apartment',
           'entire_home', 4, '{wifi}', 38.7, -9.1, true, ''
    FROM generate_series(1, %(listings)s) n,
         (SELECT array_agg(user_id) AS hosts FROM users WHERE roles = '{host}') h;
    INSERT INTO rate_plans (listing_id, currency, base_price_minor, weekend_price_minor, cleaning_fee_minor,
                            guests_included, calendar_from, calendar_until)
    SELECT listing_id, 'EUR', 10000, 10000, 3000, 2, current_date - 1, current_date + 400 FROM listings;
"""
_COLUMNS = tuple(field.name for field in fields(QuoteRecord))


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys that the API under test knows, too."""

    token: str
    quotes: bytes
    receipts: str


@dataclass(frozen=True, slots=True)
class Place:
    """Who books what: guests with their tokens, listings, and a quote to copy."""

    guests: Sequence[tuple[UUID, str]]
    listings: Sequence[int]
    template: QuoteRecord


def rows_of_marketplace(connection: psycopg.Connection[Any], *, listings: int, guests: int) -> None:
    """Write hosts, guests and listings with their rate plans."""
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(_MARKETPLACE, {"listings": listings, "guests": guests})
    connection.execute("ANALYZE")


async def open_place(database_url: str, secrets: Secrets) -> Place:
    """Read the marketplace, sign its guests in and have one quote made."""
    engine = create_engine(database_url, pool_size=1, lock_timeout_ms=2_000)
    clock = SystemClock()
    async with engine.connect() as connection, AsyncSession(connection) as session:
        guests = (await connection.exec_driver_sql("SELECT user_id FROM users WHERE roles = '{guest}'")).scalars().all()
        listings = (await connection.exec_driver_sql("SELECT listing_id FROM listings")).scalars().all()
        template = await create_quote(
            session,
            clock,
            guest_id=guests[0],
            listing_id=listings[0],
            stay=stay_number(0, today=clock.now().date()),
            guests=2,
            pets=0,
            charge_currency=None,
            valid=VALID,
        )
    await engine.dispose()
    lifetime = timedelta(hours=24)
    roles = frozenset({Role.GUEST})
    tokens = [mint(Actor(guest, roles), key=secrets.token, clock=clock, lifetime=lifetime) for guest in guests]
    return Place(list(zip(guests, tokens, strict=True)), list(listings), template)


def stay_number(number: int, *, today: date) -> Stay:
    """One of the stays that fill a listing's year."""
    check_in = today + timedelta(days=FIRST_DAY + NIGHTS * number)
    return Stay(check_in, check_in + timedelta(days=NIGHTS))


def quotes_of(place: Place, wishes: Sequence[tuple[int, int]]) -> Iterator[tuple[QuoteRecord, str]]:
    """A quote for each (listing, number of its stay), each of the next guest's, with that guest's token."""
    today = place.template.created_at.astimezone(UTC).date()
    for turn, (listing_id, number) in enumerate(wishes):
        guest, token = place.guests[turn % len(place.guests)]
        stay = stay_number(number, today=today)
        yield replace(place.template, quote_id=new_id(), listing_id=listing_id, guest_id=guest, stay=stay), token


def store(connection: psycopg.Connection[Any], quotes: Sequence[QuoteRecord]) -> None:
    """Write quotes down."""
    names = ", ".join(_COLUMNS)
    with connection.cursor() as cursor, cursor.copy(f"COPY quotes ({names}) FROM STDIN") as copy:
        for quote in quotes:
            copy.write_row([_column(getattr(quote, name)) for name in _COLUMNS])


def call_for(quote: QuoteRecord, token: str, secrets: Secrets, *, path: str | None = None) -> bytes:
    """The HTTP request that books a quote, at `path` where another than the API's own is meant."""
    facts = {
        "processor_id": f"auth_{quote.quote_id.hex}",
        "amount_minor": quote.charge_total_minor,
        "currency": quote.charge_currency,
        "reference": str(quote.quote_id),
        "expires_at": int(quote.expires_at.timestamp()),
    }
    body = orjson.dumps(
        {
            "quote_id": quote.quote_id,
            "signature": sign(quote, secrets.quotes),
            "receipt": sign_receipt(secrets.receipts, facts),
        }
    )
    head = (
        f"POST {path or PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: {new_id()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _column(value: Any) -> Any:
    if isinstance(value, Stay):
        return f"[{value.check_in},{value.check_out})"
    return orjson.dumps(value).decode() if isinstance(value, list) else value
