"""Queries of booking in one statement, on the driver's own connection: an ORM session costs more than they do."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from lodestay.stay import Stay
from transactional.bookings.changes import first_event, payload_of
from transactional.bookings.composition import TOPIC, PaidBooking
from transactional.journal.rules import body_of
from transactional.kit.idempotency import Answer, Call
from transactional.ledger.records import Posting
from transactional.listings.repository import LockedListing
from transactional.quotes.records import QuoteRecord

_QUOTE: Final = tuple(field.name for field in fields(QuoteRecord) if field.name != "stay")
_LISTING: Final = tuple(field.name for field in fields(LockedListing) if field.name != "host_id")
_OFFER = f"""
    SELECT to_jsonb(place)::text, lower(stay), upper(stay), {", ".join(f"quotes.{name}" for name in _QUOTE)}
    FROM quotes JOIN booking_places place USING (listing_id)
    WHERE quote_id = %s AND guest_id = %s
"""
_BOOK = """
    SELECT outcome, detail FROM book_quote(%s::jsonb, %s::jsonb, %s::jsonb, %s, %s, %s, %s::jsonb)
"""


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
    """

    quote: QuoteRecord
    listing: LockedListing
    host_fee_bps: int
    facts: str
    is_simple: bool


async def load_offer(connection: AsyncConnection[Any], quote_id: UUID, *, guest_id: UUID) -> Offer | None:
    """Read a guest's own quote with its listing; None where there is none, or nothing that can be booked."""
    cursor = await connection.execute(_OFFER, (quote_id, guest_id), prepare=True, binary=True)
    row = await cursor.fetchone()
    if row is None:
        return None
    facts, check_in, check_out, *values = row
    quote = QuoteRecord(stay=Stay(check_in, check_out), **dict(zip(_QUOTE, values, strict=True)))
    place = orjson.loads(facts)
    listing = LockedListing(host_id=UUID(place["host_id"]), **{name: place[name] for name in _LISTING})
    asks_host = not listing.instant_book or listing.requires_verified_guest or listing.requires_completed_stays > 0
    minds_gaps = place["min_gap_nights"] > 0 or place["fills_gaps"]
    same_rules = place["calendar_version"] == quote.calendar_version
    return Offer(
        quote=quote,
        listing=listing,
        host_fee_bps=place["host_fee_bps"],
        facts=facts,
        is_simple=listing.is_active and same_rules and not (asks_host or minds_gaps),
    )


async def book_quote(
    connection: AsyncConnection[Any], call: Call, answer: Answer, offer: Offer, made: PaidBooking, *, until: datetime
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
    values = (_json(_call_row(call)), _json(answer), offer.facts, at, until, body, _json(rows))
    cursor = await connection.execute(_BOOK, values, prepare=True)
    outcome, detail = await cursor.fetchone() or ("ask", None)
    return outcome, detail


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


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
