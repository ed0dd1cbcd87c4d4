"""The end of the outbox, for readers that remember their place themselves and come by many times a second.

They hear of an entry as soon as it is committed. Its place in the order is settled later, once no older transaction is
open that might still write before it: an import of a city is one for minutes, and a booking of another city must not
wait for it. What was heard before is known by the snapshot of the reading: what that saw, was read.

A server that crashed gives the numbers of transactions that it had not yet written down to others, and a snapshot of
before would take those for seen. So a reader also remembers which run of which server it read from, and the last entry
of all: identity numbers of entries that were committed are never given twice. From another run it reads all after that.
Where that run does not have the last entry, it is of a backup, or of a standby that had not heard of everything: what
the reader knows may never have happened, and it has to begin anew. (A standby that has the last entry and lacks one
that was committed after it, with a smaller number, is not told apart: nights of that one are other than the reader
knows until their next change. Where that matters, standbys are synchronous.)

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
        (xid8, bigint, integer, pg_snapshot, text, bigint, text) AS
        WITH now AS (
            -- Statistics begin anew after a crash, on a standby that takes over, and in what is made of a backup.
            SELECT concat_ws(' ', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time()) AS run
        ),
        server AS (SELECT run, $5 <> '' AND $5 <> run AS is_another FROM now)
        SELECT json_build_object(
            'run', run,
            'is_another', is_another,
            'last', (
                SELECT json_build_array(entry_id, concat_ws(' ', xid, occurred_at))
                FROM outbox ORDER BY entry_id DESC LIMIT 1
            ),
            'is_earlier', is_another AND $6 > 0 AND NOT EXISTS (
                SELECT FROM outbox WHERE entry_id = $6 AND concat_ws(' ', xid, occurred_at) = $7
            ),
            'snapshot', CAST(pg_current_snapshot() AS text),
            'end', CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint),
            'settled', (
                SELECT json_agg(entry) FROM (
                    SELECT CAST(CAST(xid AS text) AS bigint) AS xid, entry_id, listing_id FROM outbox
                    WHERE {AFTER.format(xid="$1", entry_id="$2")} AND NOT pg_visible_in_snapshot(xid, $4)
                    ORDER BY outbox.xid, entry_id
                    LIMIT CASE WHEN is_another THEN NULL ELSE $3 END
                ) entry
            ),
            'early', (
                SELECT json_agg(DISTINCT listing_id) FROM outbox
                WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
                    AND listing_id IS NOT NULL AND NOT pg_visible_in_snapshot(xid, $4)
            ),
            'after_last', CASE WHEN is_another THEN (
                SELECT json_agg(DISTINCT listing_id) FROM outbox WHERE entry_id > $6 AND listing_id IS NOT NULL
            ) END
        )
        FROM server
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
    run
        Of the server that this was read from; none for a place that was not read to.
    last, mark
        The entry with the greatest number by then, read or not: its number, and what no other has.
    """

    position: Position
    snapshot: str = "1:1:"  # which saw nothing
    run: str = ""
    last: int = 0
    mark: str = ""


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
    is_earlier
        Whether the server lacks what was read before: every listing may be another than the reader knows.
    """

    listing_ids: list[int]
    place: Place
    is_all: bool
    is_earlier: bool = False


async def read_tail(quick: QuickConnections, place: Place, *, limit: int) -> News:
    """Read on from a place, some entries whose place is settled, and all that were committed before theirs is.

    Those that all sinks took in long ago are pruned.
    """
    begun = place.position
    asked = (begun.xid, begun.entry_id, limit, place.snapshot, place.run, place.last, place.mark)
    async with quick.connection() as connection:
        (answer,) = await connection.call(b"outbox_tail", [str(value).encode() for value in asked]) or [None]
    if answer is None:
        raise LookupError("PostgreSQL says nothing of the outbox")
    read = orjson.loads(answer)
    settled = read["settled"] or []
    is_all = len(settled) < limit or read["is_another"]
    # Where settled entries are left, the early ones would be heard again with each round.
    early = (read["early"] or []) if is_all else []
    # What was heard before its place was settled is not read again: the place goes by all of it at once.
    position = Position(read["end"], 0) if is_all else Position(settled[-1]["xid"], settled[-1]["entry_id"])
    heard = [row["listing_id"] for row in settled if row["listing_id"] is not None]
    # Where settled entries are left, the snapshot saw what was not read.
    seen = read["snapshot"] if is_all else place.snapshot
    last, mark = read["last"] or (place.last, place.mark)
    now = Place(position, seen, read["run"], last, mark)
    listing_ids = list(dict.fromkeys(heard + early + (read["after_last"] or [])))
    return News(listing_ids, now, is_all, is_earlier=read["is_earlier"])
