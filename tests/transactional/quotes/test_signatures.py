"""Signatures of quotes: no column can be another's without it showing."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.stay import Stay
from tests.transactional.factories import create_listing, create_quote, create_rate, create_user
from transactional.quotes.errors import QuoteAltered, QuoteNotFound
from transactional.quotes.records import QuoteRecord
from transactional.quotes.service import verified
from transactional.quotes.signatures import sign, verify

KEY = b"a key that only tests know"
QUOTE = QuoteRecord(
    quote_id=UUID(int=1),
    listing_id=42,
    guest_id=UUID(int=2),
    stay=Stay(date(2027, 5, 7), date(2027, 5, 9)),
    guests=2,
    pets=0,
    currency="EUR",
    lines=[{"component": "nights", "minor": 200, "basis": {"rule": "sum", "prices": [100, 100]}}],
    total_minor=200,
    charge_currency="SGD",
    charge_lines=[{"component": "nights", "minor": 300}],
    charge_total_minor=300,
    exchange_rate=Decimal("1.5"),
    exchange_day=date(2027, 1, 1),
    calendar_version=3,
    created_at=datetime(2027, 1, 2, 9, 30, tzinfo=UTC),
    expires_at=datetime(2027, 1, 2, 10, 0, tzinfo=UTC),
)
CHANGES: dict[str, Any] = {
    "quote_id": UUID(int=9),
    "listing_id": 43,
    "guest_id": UUID(int=9),
    "stay": Stay(date(2027, 5, 7), date(2027, 5, 10)),
    "guests": 3,
    "pets": 1,
    "currency": "USD",
    "lines": [{"component": "nights", "minor": 200, "basis": {"rule": "sum", "prices": [101, 99]}}],
    "total_minor": 199,
    "charge_currency": "USD",
    "charge_lines": [{"component": "nights", "minor": 299}],
    "charge_total_minor": 299,
    "exchange_rate": Decimal("1.49"),
    "exchange_day": None,
    "calendar_version": 4,
    "created_at": datetime(2027, 1, 2, 9, 30, 1, tzinfo=UTC),
    "expires_at": datetime(2027, 1, 2, 10, 0, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("name", [field.name for field in fields(QuoteRecord)])
def test_a_changed_column_is_refused(name: str) -> None:
    """Each column is part of what is signed; a new one without a change here fails too."""
    signature = sign(QUOTE, KEY)
    verify(QUOTE, signature, KEY)
    with pytest.raises(QuoteAltered):
        verify(replace(QUOTE, **{name: CHANGES[name]}), signature, KEY)


def test_the_same_quote_is_signed_the_same_however_it_is_written() -> None:
    """Trailing zeros, time zones and the order of keys are no change."""
    written = replace(
        QUOTE,
        exchange_rate=Decimal("1.500"),
        expires_at=QUOTE.expires_at.astimezone(timezone(timedelta(hours=9))),
        charge_lines=[{"minor": 300, "component": "nights"}],
    )
    assert sign(written, KEY) == sign(QUOTE, KEY)


@pytest.mark.parametrize("signature", ["", "0" * 64, "ü", sign(QUOTE, b"another key")])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    """Guesses, nothing at all, letters beyond ASCII and another key's."""
    with pytest.raises(QuoteAltered):
        verify(QUOTE, signature, KEY)


async def test_a_stored_quote_verifies_until_its_row_is_edited(session: AsyncSession, clock: FixedClock) -> None:
    """What PostgreSQL gives back is what was signed, for its guest alone; a lower total in the row is refused."""
    guest, listing = await create_user(session), await create_listing(session)
    await create_rate(session, "SGD", Decimal("1.4815"))
    quote = await create_quote(
        session, clock, listing_id=listing.listing_id, guest_id=guest.user_id, charge_currency="SGD"
    )
    known: dict[str, Any] = {"signature": sign(quote, KEY), "key": KEY}
    assert await verified(session, quote.quote_id, guest_id=guest.user_id, **known) == quote
    with pytest.raises(QuoteNotFound):
        await verified(session, quote.quote_id, guest_id=(await create_user(session)).user_id, **known)
    await session.execute(text("UPDATE quotes SET total_minor = total_minor - 1"))
    with pytest.raises(QuoteAltered):
        await verified(session, quote.quote_id, guest_id=guest.user_id, **known)
