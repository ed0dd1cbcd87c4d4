"""Queries on quotes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.stay import Stay
from transactional.quotes.errors import QuoteNotFound
from transactional.quotes.models import Quote


@dataclass(frozen=True, slots=True)
class QuoteRecord:
    """A quote as it was given; `lines` have `component` and `minor` each and add up to `total_minor`."""

    quote_id: UUID
    listing_id: int
    guest_id: UUID
    stay: Stay
    guests: int
    pets: int
    currency: str
    lines: list[dict[str, Any]]
    total_minor: int
    charge_currency: str
    charge_lines: list[dict[str, Any]]
    charge_total_minor: int
    exchange_rate: Decimal
    exchange_day: date | None
    calendar_version: int
    created_at: datetime
    expires_at: datetime


_COLUMNS = (
    Quote.quote_id,
    Quote.listing_id,
    Quote.guest_id,
    Quote.stay,
    Quote.guests,
    Quote.pets,
    Quote.currency,
    Quote.lines,
    Quote.total_minor,
    Quote.charge_currency,
    Quote.charge_lines,
    Quote.charge_total_minor,
    Quote.exchange_rate,
    Quote.exchange_day,
    Quote.calendar_version,
    Quote.created_at,
    Quote.expires_at,
)


async def add(session: AsyncSession, quote: QuoteRecord) -> None:
    """Store a quote."""
    await session.execute(
        insert(Quote).values(
            quote_id=quote.quote_id,
            listing_id=quote.listing_id,
            guest_id=quote.guest_id,
            stay=Range(quote.stay.check_in, quote.stay.check_out),
            guests=quote.guests,
            currency=quote.currency,
            lines=quote.lines,
            pets=quote.pets,
            total_minor=quote.total_minor,
            charge_currency=quote.charge_currency,
            charge_lines=quote.charge_lines,
            charge_total_minor=quote.charge_total_minor,
            exchange_rate=quote.exchange_rate,
            exchange_day=quote.exchange_day,
            calendar_version=quote.calendar_version,
            created_at=quote.created_at,
            expires_at=quote.expires_at,
        )
    )


async def get_of_guest(session: AsyncSession, quote_id: UUID, *, guest_id: UUID) -> QuoteRecord:
    """Find a guest's own quote, or raise :class:`QuoteNotFound`."""
    statement = select(*_COLUMNS).where(Quote.quote_id == quote_id, Quote.guest_id == guest_id)
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        raise QuoteNotFound(quote_id)
    values = dict(row)
    stay = values.pop("stay")
    return QuoteRecord(stay=Stay(stay.lower, stay.upper), **values)
