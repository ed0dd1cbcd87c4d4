"""Queries of booking in one statement, on connections of their own: a session would cost more than they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from lodestay.stay import Stay
from transactional.bookings.changes import first_event, payload_of
from transactional.bookings.composition import TOPIC, PaidBooking
from transactional.journal.rules import body_of
from transactional.kit.connections import QuickConnection
from transactional.kit.idempotency import Answer, Call
from transactional.ledger.records import Posting
from transactional.listings.repository import LockedListing
from transactional.quotes.records import QuoteRecord

_LISTING: Final = tuple(field.name for field in fields(LockedListing) if field.name != "host_id")
_Reader = Callable[[Any], Any]


def _instant(value: bytes) -> datetime:
    return datetime.fromisoformat(value.decode())


def _day(value: bytes) -> date:
    return date.fromisoformat(value.decode())


# How each column of a quote is read from the text that the server writes; `stay` comes as two dates.
_READERS: Final[dict[str, _Reader]] = {
    "quote_id": lambda value: UUID(value.decode()),
    "listing_id": int,
    "guest_id": lambda value: UUID(value.decode()),
    "guests": int,
    "pets": int,
    "currency": bytes.decode,
    "lines": orjson.loads,
    "total_minor": int,
    "charge_currency": bytes.decode,
    "charge_lines": orjson.loads,
    "charge_total_minor": int,
    "exchange_rate": lambda value: Decimal(value.decode()),
    "exchange_day": _day,
    "calendar_version": int,
    "created_at": _instant,
    "expires_at": _instant,
}
_OFFER: Final = f"""
    (uuid, uuid, timestamptz, text, text, text, text) AS
    SELECT to_jsonb(place), lower(stay), upper(stay),
           CASE
               WHEN spans IS NULL OR is_for_rules THEN NULL
               WHEN EXISTS (SELECT FROM bookings WHERE bookings.quote_id = quotes.quote_id) THEN NULL
               WHEN EXISTS (
                   SELECT FROM idempotency_keys WHERE actor = $4 AND method = $5 AND route = $6 AND key = $7
               ) THEN NULL
               ELSE spans
           END,
           {", ".join(f"quotes.{name}" for name in _READERS)}
    FROM quotes JOIN booking_places place USING (listing_id),
         nights_taken(place.listing_id, lower(stay), upper(stay), place.preparation_days, $3)
    WHERE quote_id = $1 AND guest_id = $2
"""
_BOOK: Final = """
    (jsonb, jsonb, jsonb, timestamptz, timestamptz, text, jsonb) AS
    SELECT outcome, detail FROM book_quote($1, $2, $3, $4, $5, $6, $7)
"""
STATEMENTS: Final = {"offer_of_quote": _OFFER, "book_quote": _BOOK}
"""What a connection of :class:`~transactional.kit.connections.QuickConnections` has prepared."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A quote and what stands around it, read without a lock.

    Attributes
    ----------
    listing
        As it was when it was read: `book_quote` makes sure, with the lock held, that it still is.
    facts
        All that has to be so still, in the database's own words.
    is_simple
        Whether nothing but free nights stands between the quote and its booking.
    taken
        Spans of its nights that somebody has, where that alone refuses it: a call that was answered before gets
        its answer again, and a quote that was booked has other words. Empty where the nights seem free.
    """

    quote: QuoteRecord
    listing: LockedListing
    host_fee_bps: int
    facts: bytes
    is_simple: bool
    taken: list[list[str]]


async def load_offer(
    connection: QuickConnection, call: Call, quote_id: UUID, *, guest_id: UUID, now: datetime
) -> Offer | None:
    """Read a guest's own quote with its listing; None where there is none, or nothing that can be booked."""
    asked = (str(quote_id), str(guest_id), now.isoformat(), call.actor, call.method, call.route, call.key)
    row = await connection.call(b"offer_of_quote", tuple(value.encode() for value in asked))
    if row is None:
        return None
    facts, check_in, check_out, taken, *columns = row
    assert facts is not None and check_in is not None and check_out is not None  # noqa: S101, PT018 (of a row)
    values: dict[str, Any] = {
        name: None if value is None else read(value)
        for (name, read), value in zip(_READERS.items(), columns, strict=True)
    }
    quote = QuoteRecord(stay=Stay(_day(check_in), _day(check_out)), **values)
    place = orjson.loads(facts)
    listing = LockedListing(host_id=UUID(place["host_id"]), **{name: place[name] for name in _LISTING})
    asks_host = not listing.instant_book or listing.requires_verified_guest or listing.requires_completed_stays > 0
    minds_gaps = place["min_gap_nights"] > 0 or place["fills_gaps"]
    same_rules = place["calendar_version"] == quote.calendar_version
    is_paid = quote.charge_total_minor > 0
    return Offer(
        quote=quote,
        listing=listing,
        host_fee_bps=place["host_fee_bps"],
        facts=facts,
        is_simple=listing.is_active and same_rules and is_paid and not (asks_host or minds_gaps),
        taken=[] if taken is None else orjson.loads(taken),
    )


async def book_quote(
    connection: QuickConnection, call: Call, answer: Answer, offer: Offer, made: PaidBooking, *, until: datetime
) -> tuple[str, Any]:
    """Have `book_quote` guard and write a composed booking; what came of it, and its detail."""
    at = made.booking.created_at
    kind, data = first_event(made.booking, TOPIC)
    body = body_of(kind, at=at, cause=made.cause, data=data)
    rows = {
        "topic": TOPIC.value,
        "payload": payload_of(made.booking),
        "posting": _posting_row(made.posting),
        "payment": made.payment,
        "saga": made.saga,
    }
    instants = (at.isoformat().encode(), until.isoformat().encode())
    values = (_json(_call_row(call)), _json(answer), offer.facts, *instants, body.encode(), _json(rows))
    outcome, detail = await connection.call(b"book_quote", values) or (None, None)
    return (outcome or b"ask").decode(), None if detail is None else orjson.loads(detail)


def _call_row(call: Call) -> dict[str, str]:
    return {
        "actor": call.actor,
        "method": call.method,
        "route": call.route,
        "key": call.key,
        "body_hash": call.body_hash,
        "lock_name": call.lock_name,
    }


def _posting_row(posting: Posting) -> dict[str, Any]:
    return {
        "posting_key": posting.key,
        "kind": posting.kind.value,
        "accounts": [entry.account.value for entry in posting.entries],
        "currencies": [entry.currency for entry in posting.entries],
        "amounts_minor": [entry.minor for entry in posting.entries],
    }


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=str)
