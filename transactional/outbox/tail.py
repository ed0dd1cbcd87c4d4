"""The end of the outbox, for readers that remember their place themselves and come by many times a second.

They hear of an entry as soon as it is committed. Its place in the order is settled later, once no older transaction is
open that might still write before it: an import of a city is one for minutes, and a booking of another city must not
wait for it. What was heard before is known by the snapshot of the reading: what that saw, was read.

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
        (xid8, bigint, integer, pg_snapshot) AS
        SELECT json_build_object(
            'snapshot', CAST(pg_current_snapshot() AS text),
            'end', CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint),
            'settled', (
                SELECT json_agg(entry) FROM (
                    SELECT CAST(CAST(xid AS text) AS bigint) AS xid, entry_id, listing_id FROM outbox
                    WHERE {AFTER.format(xid="$1", entry_id="$2")} AND NOT pg_visible_in_snapshot(xid, $4)
                    ORDER BY outbox.xid, entry_id
                    LIMIT $3
                ) entry
            ),
            'early', (
                SELECT json_agg(DISTINCT listing_id) FROM outbox
                WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
                    AND listing_id IS NOT NULL AND NOT pg_visible_in_snapshot(xid, $4)
            )
        )
    """
}
"""What a connection of :class:`~transactional.kit.connections.QuickConnections` has prepared."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader is.

    Attributes
    ----------
    position
        Before it every entry was read, and none can appear any more.
    snapshot
        What it saw (a `pg_snapshot`) was read too.
    """

    position: Position
    snapshot: str = "1:1:"  # which saw nothing


@dataclass(frozen=True, slots=True)
class News:
    """What a reader has not heard of.

    Attributes
    ----------
    listing_ids
        Of which something changed, each once.
    place
        How far the reader is with them.
    is_all
        Whether there is no more for now.
    """

    listing_ids: list[int]
    place: Place
    is_all: bool


async def read_tail(quick: QuickConnections, place: Place, *, limit: int) -> News:
    """Read on from a place, some entries whose place is settled, and all that were committed before theirs is.

    Those long delivered elsewhere are pruned.
    """
    begun = place.position
    values = [str(value).encode() for value in (begun.xid, begun.entry_id, limit, place.snapshot)]
    async with quick.connection() as connection:
        (answer,) = await connection.call(b"outbox_tail", values) or [None]
    if answer is None:
        raise LookupError("PostgreSQL says nothing of the outbox")
    read = orjson.loads(answer)
    settled, early = read["settled"] or [], read["early"] or []
    is_all = len(settled) < limit
    # What was heard before its place was settled is not read again: the place goes by all of it at once.
    position = Position(read["end"], 0) if is_all else Position(settled[-1]["xid"], settled[-1]["entry_id"])
    heard = [row["listing_id"] for row in settled if row["listing_id"] is not None]
    # Where settled entries are left, the snapshot saw what was not read.
    seen = read["snapshot"] if is_all else place.snapshot
    return News(list(dict.fromkeys(heard + early)), Place(position, seen), is_all)
