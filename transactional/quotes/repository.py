"""Queries on quotes."""

from __future__ import annotations

from dataclasses import fields
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.stay import Stay
from transactional.quotes.errors import QuoteNotFound
from transactional.quotes.models import Quote
from transactional.quotes.records import QuoteRecord

_NAMES = tuple(field.name for field in fields(QuoteRecord))
_COLUMNS = tuple(getattr(Quote, name) for name in _NAMES)


async def add(session: AsyncSession, quote: QuoteRecord) -> None:
    """Store a quote."""
    values = {name: getattr(quote, name) for name in _NAMES}
    await session.execute(insert(Quote).values(values | {"stay": Range(quote.stay.check_in, quote.stay.check_out)}))


async def get_of_guest(session: AsyncSession, quote_id: UUID, *, guest_id: UUID) -> QuoteRecord:
    """Find a guest's own quote, or raise :class:`QuoteNotFound`."""
    statement = select(*_COLUMNS).where(Quote.quote_id == quote_id, Quote.guest_id == guest_id)
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        raise QuoteNotFound(quote_id)
    values = dict(row)
    stay = values.pop("stay")
    return QuoteRecord(stay=Stay(stay.lower, stay.upper), **values)
