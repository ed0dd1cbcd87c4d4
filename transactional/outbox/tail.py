"""The end of the outbox, for readers that remember their place themselves and come by many times a second.

On the quick connections: through a session, asking whether there is anything new took ten times as long as the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from transactional.kit.connections import QuickConnections
from transactional.outbox.repository import AFTER, Position

STATEMENTS: Final = {
    "outbox_tail": f"""
        (xid8, bigint, integer) AS
        SELECT json_agg(entry) FROM (
            SELECT CAST(CAST(xid AS text) AS bigint) AS xid, entry_id, listing_id FROM outbox
            WHERE {AFTER.format(xid="$1", entry_id="$2")}
            ORDER BY outbox.xid, entry_id
            LIMIT $3
        ) entry
    """
}
"""What a connection of :class:`~transactional.kit.connections.QuickConnections` has prepared."""


@dataclass(frozen=True, slots=True)
class Changed:
    """That something of a listing changed; None where it is of no listing."""

    position: Position
    listing_id: int | None


async def read_tail(quick: QuickConnections, position: Position, *, limit: int) -> list[Changed]:
    """Next entries after a place, in order; those long delivered elsewhere are pruned."""
    values = [str(number).encode() for number in (position.xid, position.entry_id, limit)]
    async with quick.connection() as connection:
        found = await connection.call(b"outbox_tail", values)
    rows = orjson.loads(found[0]) if found and found[0] else []
    return [Changed(Position(row["xid"], row["entry_id"]), row["listing_id"]) for row in rows]
