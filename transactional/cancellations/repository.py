"""Queries for ending a booking, beside those of bookings themselves."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.cancellations.records import Circumstances
from transactional.ledger.records import Account, PostingKind

_CIRCUMSTANCES = text(f"""
    SELECT timezone, host_fee_bps, grace_hours,
           EXISTS (
               SELECT FROM ledger_transactions WHERE booking_id = :booking_id AND kind = '{PostingKind.BOOKED}'
           ) AS is_posted,
           EXISTS (SELECT FROM payments WHERE booking_id = :booking_id) AS has_payment,
           (
               SELECT CAST(coalesce(sum(amount_minor), 0) AS bigint) FROM ledger_entries
               WHERE booking_id = :booking_id AND kind = '{PostingKind.PAID_OUT}'
                 AND account = '{Account.HOST_PAYABLE}'
           ) AS paid_out_minor,
           coalesce(quotes.lines, bookings.lines) AS quoted_lines,
           coalesce(upper(quotes.stay) - lower(quotes.stay), check_out - check_in) AS quoted_nights
    FROM bookings LEFT JOIN quotes USING (quote_id)
    JOIN listings ON listings.listing_id = bookings.listing_id JOIN markets USING (market_key)
    WHERE booking_id = :booking_id
""")
# With the booking's number, so that the host's own blocks and these are told apart.
_BLOCK = text("""
    INSERT INTO occupancy (listing_id, stay, kind, booking_id, created_at)
    VALUES (:listing_id, daterange(:start, :end), 'host_block', :booking_id, :now)
""")
_SHORTEN = text("""
    UPDATE occupancy SET stay = daterange(lower(stay), :check_out)
    WHERE booking_id = :booking_id AND is_live AND kind = 'booking'
    RETURNING occupancy_id
""")


async def circumstances_of(session: AsyncSession, booking_id: UUID) -> Circumstances:
    """What the market, the ledger and the payments say of a booking."""
    row = (await session.execute(_CIRCUMSTANCES, {"booking_id": booking_id})).mappings().one()
    return Circumstances(**row)


async def block_nights(
    session: AsyncSession, booking_id: UUID, *, listing_id: int, start: date, end: date, now: datetime
) -> None:
    """Keep nights that a host has cancelled off the market; the host cannot unblock them."""
    values = {"booking_id": booking_id, "listing_id": listing_id, "start": start, "end": end, "now": now}
    await session.execute(_BLOCK, values)


async def shorten_nights(session: AsyncSession, booking_id: UUID, *, check_out: date) -> bool:
    """Put the nights from a date on back on the market; False where the booking had none."""
    result = await session.execute(_SHORTEN, {"booking_id": booking_id, "check_out": check_out})
    return result.one_or_none() is not None
