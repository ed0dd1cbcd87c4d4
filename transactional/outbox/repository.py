"""Read the outbox without losing an entry, whatever order transactions commit in.

Entries come in order of (xid, entry_id) and never from a transaction that could still be followed by
an older one. Two changes of one listing may still come in either order, since a transaction has its
xid before it has the listing's lock: an entry says that something changed, and a sink that reads the
present state of what it names is right in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.outbox.models import OutboxCursor

KEEP = timedelta(days=7)
"""How long delivered entries, and answered idempotency keys, are kept: so far back looks a reader without a cursor."""

AFTER = "xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, entry_id) > ({xid}, {entry_id})"
"""Which entries follow a place, in SQL."""
_READ = text(f"""
    SELECT entry_id, CAST(CAST(xid AS text) AS bigint) AS xid, occurred_at, topic, market_key, listing_id, payload
    FROM outbox
    WHERE {AFTER.format(xid="CAST(:xid AS xid8)", entry_id=":entry_id")}
    ORDER BY outbox.xid, entry_id
    LIMIT :limit
""")
_END = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
_ADVANCE = text("""
    UPDATE outbox_cursors SET xid = CAST(:xid AS xid8), entry_id = :entry_id, updated_at = :now
    WHERE sink = :sink AND (xid, entry_id) < (CAST(:xid AS xid8), :entry_id)
    RETURNING sink
""")
_PRUNE = text("""
    WITH slowest AS (SELECT xid, entry_id FROM outbox_cursors ORDER BY xid, entry_id LIMIT 1),
    gone AS (
        DELETE FROM outbox USING slowest
        WHERE (outbox.xid, outbox.entry_id) <= (slowest.xid, slowest.entry_id) AND outbox.occurred_at < :before
            -- By the last entry readers tell whether a server is at an earlier state.
            AND outbox.entry_id < (SELECT max(entry_id) FROM outbox)
        RETURNING 1
    )
    SELECT count(*) FROM gone
""")
_LAG = text("""
    SELECT count(*) FROM outbox
    WHERE (xid, entry_id) > (
        SELECT coalesce(max(xid), CAST('0' AS xid8)), coalesce(max(entry_id), 0) FROM outbox_cursors WHERE sink = :sink
    )
""")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the outbox: right after an entry of a transaction."""

    xid: int
    entry_id: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that was committed."""

    entry_id: int
    xid: int
    occurred_at: datetime
    topic: str
    market_key: str | None
    listing_id: int | None
    payload: dict[str, Any]

    @property
    def position(self) -> Position:
        """The place right after it."""
        return Position(self.xid, self.entry_id)


async def end(session: AsyncSession) -> Position:
    """A place before which no entry can appear any more: whoever reads on from here misses none."""
    return Position(int((await session.execute(_END)).scalar_one()), 0)


async def read_after(session: AsyncSession, position: Position, *, limit: int) -> list[Entry]:
    """Next entries for a reader that remembers its place itself; those long delivered elsewhere are pruned."""
    rows = await session.execute(_READ, {"xid": str(position.xid), "entry_id": position.entry_id, "limit": limit})
    return [Entry(**row) for row in rows.mappings()]


async def place_of(session: AsyncSession, sink: str) -> Position | None:
    """How far a sink has read; None where it never began. Whoever asks sees to it that nobody else moves it."""
    statement = select(OutboxCursor.xid, OutboxCursor.entry_id).where(OutboxCursor.sink == sink)
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else Position(found.xid, found.entry_id)


async def begin(session: AsyncSession, sink: str, position: Position) -> None:
    """Have a sink read on from a place, unless it began before."""
    values = {"sink": sink, "xid": position.xid, "entry_id": position.entry_id}
    await session.execute(insert(OutboxCursor).values(values).on_conflict_do_nothing())


async def read_batch(session: AsyncSession, sink: str, *, limit: int) -> list[Entry]:
    """Next entries for a sink; none while another worker of the same sink is at it.

    The sink's cursor stays locked until the transaction ends: deliver, :func:`advance`, commit. A crash
    in between delivers the batch again, so sinks must take the same entry twice.
    """
    await session.execute(insert(OutboxCursor).values(sink=sink, xid=0, entry_id=0).on_conflict_do_nothing())
    cursor = (
        await session.execute(
            select(OutboxCursor.xid, OutboxCursor.entry_id)
            .where(OutboxCursor.sink == sink)
            .with_for_update(skip_locked=True)
        )
    ).one_or_none()
    if cursor is None:
        return []
    # A statement of its own, so that its snapshot is younger than the cursor's lock.
    return await read_after(session, Position(cursor.xid, cursor.entry_id), limit=limit)


async def advance(session: AsyncSession, sink: str, delivered: Sequence[Entry], *, now: datetime) -> None:
    """Move a sink's cursor past what it has taken in; never back."""
    if delivered:
        last = delivered[-1]
        await session.execute(_ADVANCE, {"sink": sink, "xid": str(last.xid), "entry_id": last.entry_id, "now": now})


async def lag(session: AsyncSession, sink: str) -> int:
    """Entries that a sink has not taken in yet."""
    return int((await session.execute(_LAG, {"sink": sink})).scalar_one())


async def prune(session: AsyncSession, *, before: datetime) -> int:
    """Delete the entries made before an instant that every sink has taken in; say how many."""
    return int((await session.execute(_PRUNE, {"before": before})).scalar_one())
