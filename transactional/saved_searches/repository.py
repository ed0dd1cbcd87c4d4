"""Queries on saved searches: what their owners read and change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.kit.cursors import InstantKey, Page, decode_instant, page
from transactional.kit.jsonb import as_columns, placeholders
from transactional.saved_searches.records import AlertRecord, Overview, Reach, SavedSearchRecord

COLUMNS = tuple(SavedSearchRecord.__dataclass_fields__)
_REACH = tuple(Reach.__dataclass_fields__)
_JSON = frozenset({"params", "place"})
_NAMED = ", ".join(f"s.{name}" for name in COLUMNS)
IN_REACH = """
    (s.market_key IS NULL OR s.market_key = l.market_key) AND s.guests <= l.accommodates
    AND l.latitude BETWEEN s.south AND s.north
    AND CASE WHEN s.west <= s.east THEN l.longitude BETWEEN s.west AND s.east
             ELSE l.longitude >= s.west OR l.longitude <= s.east END
"""
"""Whether a listing `l` lies in the reach of a saved search `s`."""
_LOCK_USER = text("SELECT user_id FROM users WHERE user_id = :user_id FOR NO KEY UPDATE")
_COUNT = text("SELECT count(*) FROM saved_searches WHERE user_id = :user_id")
_COUNT_IN_REACH = text(f"""
    SELECT count(*) FROM (
        SELECT FROM listings l
        JOIN (SELECT CAST(:market_key AS text) AS market_key, CAST(:guests AS bigint) AS guests,
                     CAST(:south AS float8) AS south, CAST(:north AS float8) AS north,
                     CAST(:west AS float8) AS west, CAST(:east AS float8) AS east) s ON {IN_REACH}
        WHERE l.is_active AND (CAST(:market_key AS text) IS NULL OR l.market_key = :market_key)
        LIMIT :limit
    ) found
""")
_ADD = text(f"""
    INSERT INTO saved_searches ({", ".join((*COLUMNS, *_REACH))})
    VALUES ({placeholders((*COLUMNS, *_REACH), _JSON)})
""")
_OVERVIEWS = text(f"""
    SELECT {_NAMED},
           (SELECT count(*) FROM saved_search_alerts a
            WHERE a.saved_search_id = s.saved_search_id AND a.read_at IS NULL) AS unread
    FROM saved_searches s
    WHERE user_id = :user_id AND (CAST(:saved_search_id AS uuid) IS NULL OR saved_search_id = :saved_search_id)
    ORDER BY created_at DESC, saved_search_id DESC
""")
_LOCK = text(f"""
    SELECT {_NAMED} FROM saved_searches s
    WHERE saved_search_id = :saved_search_id AND user_id = :user_id FOR UPDATE
""")
_RENAME = text("UPDATE saved_searches SET name = :name WHERE saved_search_id = :saved_search_id")
_PAUSE = text("UPDATE saved_searches SET status = 'paused' WHERE saved_search_id = :saved_search_id")
# What matched before is taken as gone until the search has been held against every listing again.
_RESUME = text("""
    WITH forgotten AS (
        UPDATE saved_search_matches SET stopped_at = :now
        WHERE saved_search_id = :saved_search_id AND stopped_at IS NULL
    )
    UPDATE saved_searches SET status = 'active', examined_until = 0 WHERE saved_search_id = :saved_search_id
""")
_REMOVE = text("""
    DELETE FROM saved_searches WHERE saved_search_id = :saved_search_id AND user_id = :user_id
    RETURNING saved_search_id
""")
_ALERTS = text(f"""
    SELECT {", ".join(f"a.{n}" if n not in {"name", "title"} else n for n in AlertRecord.__dataclass_fields__)}
    FROM saved_search_alerts a JOIN saved_searches s USING (saved_search_id) JOIN listings USING (listing_id)
    WHERE a.user_id = :user_id
      AND (CAST(:saved_search_id AS uuid) IS NULL OR a.saved_search_id = :saved_search_id)
      AND (NOT CAST(:unread AS boolean) OR a.read_at IS NULL)
      AND (CAST(:at AS timestamptz) IS NULL OR (a.created_at, a.alert_id)
           < (CAST(:at AS timestamptz), CAST(:row_id AS uuid)))
    ORDER BY a.created_at DESC, a.alert_id DESC
    LIMIT :limit
""")
_MARK = text("""
    WITH marked AS (
        UPDATE saved_search_alerts SET read_at = :now
        WHERE user_id = :user_id AND alert_id = ANY(:alert_ids) AND read_at IS NULL
        RETURNING 1
    )
    SELECT count(*) FROM marked
""")


async def lock_user(session: AsyncSession, user_id: UUID) -> bool:
    """Have a user's searches be saved one after another; False where there is no such user."""
    return await session.scalar(_LOCK_USER, {"user_id": user_id}) is not None


async def count(session: AsyncSession, user_id: UUID) -> int:
    """How many searches a user keeps."""
    return int((await session.execute(_COUNT, {"user_id": user_id})).scalar_one())


async def count_in_reach(session: AsyncSession, reach: Reach, *, limit: int) -> int:
    """How many listings on the market a search could match, counted up to a limit."""
    return int((await session.execute(_COUNT_IN_REACH, asdict(reach) | {"limit": limit})).scalar_one())


async def add(session: AsyncSession, search: SavedSearchRecord, reach: Reach) -> None:
    """Save a search."""
    await session.execute(_ADD, as_columns(asdict(search) | asdict(reach), _JSON))


async def overviews(session: AsyncSession, user_id: UUID, *, saved_search_id: UUID | None = None) -> list[Overview]:
    """A user's searches, newest first, or one of them."""
    rows = await session.execute(_OVERVIEWS, {"user_id": user_id, "saved_search_id": saved_search_id})
    return [Overview(record(row), row["unread"]) for row in rows.mappings()]


async def lock(session: AsyncSession, user_id: UUID, saved_search_id: UUID) -> SavedSearchRecord | None:
    """A search of a user's, kept from others until the transaction ends."""
    row = (await session.execute(_LOCK, {"user_id": user_id, "saved_search_id": saved_search_id})).mappings()
    found = row.one_or_none()
    return None if found is None else record(found)


async def rename(session: AsyncSession, saved_search_id: UUID, name: str) -> None:
    """Call a locked search something else."""
    await session.execute(_RENAME, {"saved_search_id": saved_search_id, "name": name})


async def pause(session: AsyncSession, saved_search_id: UUID) -> None:
    """Hold a locked search against nothing for a while."""
    await session.execute(_PAUSE, {"saved_search_id": saved_search_id})


async def resume(session: AsyncSession, saved_search_id: UUID, *, now: datetime) -> None:
    """Have a locked search held against every listing anew."""
    await session.execute(_RESUME, {"saved_search_id": saved_search_id, "now": now})


async def remove(session: AsyncSession, user_id: UUID, saved_search_id: UUID) -> bool:
    """Delete a user's search with its alerts; False where they have no such search."""
    return await session.scalar(_REMOVE, {"user_id": user_id, "saved_search_id": saved_search_id}) is not None


async def list_alerts(
    session: AsyncSession, user_id: UUID, *, saved_search_id: UUID | None, unread: bool, cursor: str | None, size: int
) -> Page[AlertRecord]:
    """What a user was told, newest first."""
    last = decode_instant(cursor)
    wanted: dict[str, Any] = {
        "user_id": user_id,
        "saved_search_id": saved_search_id,
        "unread": unread,
        "at": None if last is None else last.at,
        "row_id": None if last is None else last.row_id,
        "limit": size + 1,
    }
    rows = [AlertRecord(**row) for row in (await session.execute(_ALERTS, wanted)).mappings()]
    return page(rows, [InstantKey(row.created_at, row.alert_id) for row in rows], size=size)


async def mark_read(session: AsyncSession, user_id: UUID, alert_ids: Collection[UUID], *, now: datetime) -> int:
    """Note that a user has read alerts; say how many of these were theirs and unread."""
    values = {"user_id": user_id, "alert_ids": list(alert_ids), "now": now}
    return int((await session.execute(_MARK, values)).scalar_one())


def record(row: Any) -> SavedSearchRecord:
    """A row of `saved_searches`."""
    return SavedSearchRecord(**{name: row[name] for name in COLUMNS})
