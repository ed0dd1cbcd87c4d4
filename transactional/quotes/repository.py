"""Queries on quotes."""

from __future__ import annotations

from dataclasses import fields
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.stay import Stay
from transactional.kit.jsonb import as_columns, placeholders
from transactional.quotes.errors import QuoteNotFound
from transactional.quotes.records import QuoteRecord

_JSON_COLUMNS = ("lines", "charge_lines")
_NAMES = tuple(field.name for field in fields(QuoteRecord) if field.name != "stay")
_ADD = text(f"""
    INSERT INTO quotes (stay, {", ".join(_NAMES)})
    VALUES (daterange(:check_in, :check_out), {placeholders(_NAMES, _JSON_COLUMNS)})
""")
_GET = text(f"""
    SELECT lower(stay) AS check_in, upper(stay) AS check_out, {", ".join(_NAMES)} FROM quotes
    WHERE quote_id = :quote_id AND guest_id = :guest_id
""")


async def add(session: AsyncSession, quote: QuoteRecord) -> None:
    """Store a quote."""
    values = as_columns({name: getattr(quote, name) for name in _NAMES}, _JSON_COLUMNS)
    await session.execute(_ADD, values | {"check_in": quote.stay.check_in, "check_out": quote.stay.check_out})


async def get_of_guest(session: AsyncSession, quote_id: UUID, *, guest_id: UUID) -> QuoteRecord:
    """Find a guest's own quote, or raise :class:`QuoteNotFound`."""
    row = (await session.execute(_GET, {"quote_id": quote_id, "guest_id": guest_id})).mappings().one_or_none()
    if row is None:
        raise QuoteNotFound(quote_id)
    values = dict(row)
    stay = Stay(values.pop("check_in"), values.pop("check_out"))
    return QuoteRecord(stay=stay, **values)
