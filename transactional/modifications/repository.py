"""Queries on modifications. Each that changes one names the states it may change, and returns the row."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.kit.jsonb import as_columns, placeholders
from transactional.ledger.records import Account, PostingKind
from transactional.modifications.errors import ModificationNotFound
from transactional.modifications.records import COLUMNS, Books, ModificationRecord
from transactional.modifications.rules import ModificationStatus, Step, sources, target

_ALL = ", ".join(COLUMNS)
_JSON = frozenset({"lines", "charge_lines"})
_ADD = text(f"INSERT INTO modifications ({_ALL}) VALUES ({placeholders(COLUMNS, _JSON)})")
_GET = text(f"SELECT {_ALL} FROM modifications WHERE modification_id = :modification_id")
_OPEN = text("SELECT modification_id FROM modifications WHERE booking_id = :booking_id AND status = ANY(:open)")
_OF_BOOKING = text(f"SELECT {_ALL} FROM modifications WHERE booking_id = :booking_id ORDER BY modification_id DESC")
_TAKE = text(f"""
    UPDATE modifications
    SET status = :status, closed_at = CAST(:closed_at AS timestamptz),
        payment_method = coalesce(CAST(:payment_method AS text), payment_method),
        closed_because = CAST(:closed_because AS text)
    WHERE modification_id = :modification_id AND status = ANY(:sources)
    RETURNING {_ALL}
""")
_EXPIRE = text("""
    UPDATE modifications SET status = 'expired', closed_at = :now
    WHERE modification_id IN (
        SELECT modification_id FROM modifications WHERE status = 'proposed' AND expires_at <= :now
        ORDER BY modification_id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ) AND status = 'proposed'
    RETURNING modification_id
""")
_EXPIRE_OF_BOOKING = text("""
    UPDATE modifications SET status = 'expired', closed_at = :now
    WHERE booking_id = :booking_id AND status = 'proposed' AND expires_at <= :now
""")
_CLOSE_PROPOSALS = text("""
    UPDATE modifications SET status = 'expired', closed_at = :now WHERE booking_id = :booking_id AND status = 'proposed'
""")
_NIGHTS_OF_OTHERS = text("""
    SELECT EXISTS (
        SELECT FROM occupancy
        WHERE listing_id = :listing_id AND is_live AND stay && daterange(:check_in, :check_out)
          AND booking_id IS DISTINCT FROM :booking_id
    )
""")
_BOOKS = text(f"""
    SELECT host_fee_bps,
           EXISTS (
               SELECT FROM ledger_transactions WHERE booking_id = :booking_id AND kind = '{PostingKind.BOOKED}'
           ) AS is_posted,
           (
               SELECT CAST(coalesce(sum(amount_minor), 0) AS bigint) FROM ledger_entries
               WHERE booking_id = :booking_id AND kind = '{PostingKind.PAID_OUT}'
                 AND account = '{Account.HOST_PAYABLE}'
           ) AS paid_out_minor
    FROM bookings JOIN listings USING (listing_id) JOIN markets ON markets.market_key = listings.market_key
    WHERE booking_id = :booking_id
""")
_MOVE_PAYOUT = text("""
    UPDATE payouts SET due_at = due_at + :later, updated_at = :now
    WHERE booking_id = :booking_id AND status = 'scheduled'
""")
OPEN = (ModificationStatus.PROPOSED, ModificationStatus.PAYING)
"""States of which a booking has one modification at most."""
CLOSED: Collection[ModificationStatus] = frozenset(ModificationStatus) - set(OPEN)


async def add(session: AsyncSession, modification: ModificationRecord) -> None:
    """Write a new one."""
    await session.execute(_ADD, as_columns({name: getattr(modification, name) for name in COLUMNS}, _JSON))


async def get(session: AsyncSession, modification_id: UUID, *, booking_id: UUID | None = None) -> ModificationRecord:
    """Find one, of that booking if any is named; or raise :class:`ModificationNotFound`."""
    row = (await session.execute(_GET, {"modification_id": modification_id})).mappings().one_or_none()
    if row is None or booking_id not in {None, row["booking_id"]}:
        raise ModificationNotFound(modification_id)
    return ModificationRecord(**row)


async def open_of(session: AsyncSession, booking_id: UUID) -> UUID | None:
    """The booking's modification that is open."""
    found: UUID | None = await session.scalar(
        _OPEN, {"booking_id": booking_id, "open": [status.value for status in OPEN]}
    )
    return found


async def list_of(session: AsyncSession, booking_id: UUID) -> list[ModificationRecord]:
    """Every modification of a booking, newest first; there are never many."""
    rows = await session.execute(_OF_BOOKING, {"booking_id": booking_id})
    return [ModificationRecord(**row) for row in rows.mappings()]


async def take(
    session: AsyncSession,
    modification_id: UUID,
    step: Step,
    *,
    now: datetime,
    payment_method: str | None = None,
    closed_because: str | None = None,
) -> ModificationRecord | None:
    """Take a step; None where the state does not allow it."""
    status = target(step)
    values = {
        "modification_id": modification_id,
        "status": status.value,
        "closed_at": now if status in CLOSED else None,
        "payment_method": payment_method,
        "closed_because": closed_because,
        "sources": [source.value for source in sources(step)],
    }
    row = (await session.execute(_TAKE, values)).mappings().one_or_none()
    return None if row is None else ModificationRecord(**row)


async def expire_due(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Close those that nobody answered in time; say how many."""
    return len((await session.execute(_EXPIRE, {"now": now, "limit": limit})).all())


async def expire_due_of(session: AsyncSession, booking_id: UUID, *, now: datetime) -> None:
    """Close a booking's that nobody answered in time."""
    await session.execute(_EXPIRE_OF_BOOKING, {"booking_id": booking_id, "now": now})


async def close_proposals(session: AsyncSession, booking_id: UUID, *, now: datetime) -> None:
    """Close what was proposed for a booking that has ended: nobody can agree to it any more."""
    await session.execute(_CLOSE_PROPOSALS, {"booking_id": booking_id, "now": now})


async def taken_by_others(session: AsyncSession, listing_id: int, modification: ModificationRecord) -> bool:
    """Whether anybody but the booking has a night of its changed stay: with the lock, due holds expired."""
    values = {
        "listing_id": listing_id,
        "check_in": modification.check_in,
        "check_out": modification.check_out,
        "booking_id": modification.booking_id,
    }
    return bool(await session.scalar(_NIGHTS_OF_OTHERS, values))


async def books_of(session: AsyncSession, booking_id: UUID) -> Books:
    """What the ledger has of a booking."""
    return Books(**(await session.execute(_BOOKS, {"booking_id": booking_id})).mappings().one())


async def move_payout(session: AsyncSession, booking_id: UUID, *, later: timedelta, now: datetime) -> None:
    """Have the host paid as much later, or earlier, as the stay begins."""
    await session.execute(_MOVE_PAYOUT, {"booking_id": booking_id, "later": later, "now": now})
