"""Queries of the worker that holds listings against saved searches.

One worker at a time has its turn, and within it everything is read before anything is written: the transaction
has no number until it writes, so readers of the outbox never wait for what is being thought about here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.ids import new_id
from transactional.saved_searches.records import Finding, Pair, SavedSearchRecord
from transactional.saved_searches.repository import COLUMNS, IN_REACH, record
from transactional.saved_searches.rules import EVERY_LISTING, KEPT, MAX_MATCHES, Match

_NAMED = ", ".join(f"s.{name}" for name in COLUMNS)
_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended('saved searches', 0))")
# What matched and left the reach of its search (it takes fewer guests now) is looked at too.
_PAIRS = text(f"""
    WITH pairs AS (
        SELECT s.saved_search_id, l.listing_id FROM listings l JOIN saved_searches s ON {IN_REACH}
        WHERE l.listing_id = ANY(:listing_ids) AND s.status = 'active' AND l.listing_id <= s.examined_until
        UNION
        SELECT m.saved_search_id, m.listing_id FROM saved_search_matches m JOIN saved_searches s USING (saved_search_id)
        WHERE m.listing_id = ANY(:listing_ids) AND m.stopped_at IS NULL AND s.status = 'active'
    )
    SELECT {_NAMED}, p.listing_ids
    FROM (
        SELECT saved_search_id, array_agg(listing_id ORDER BY listing_id) AS listing_ids FROM pairs
        WHERE CAST(:after AS uuid) IS NULL OR saved_search_id > CAST(:after AS uuid)
        GROUP BY saved_search_id ORDER BY saved_search_id LIMIT :limit
    ) p JOIN saved_searches s USING (saved_search_id)
    ORDER BY s.saved_search_id
""")
_NEXT_UNEXAMINED = text(f"""
    SELECT {_NAMED} FROM saved_searches s
    WHERE status = 'active' AND examined_until < {EVERY_LISTING}
    ORDER BY created_at LIMIT 1
""")
_MATCHES = text("""
    SELECT saved_search_id, listing_id, occasions, since, stopped_at FROM saved_search_matches
    WHERE saved_search_id = ANY(:searches) AND listing_id = ANY(:listing_ids)
""")
_STILL_ACTIVE = text("""
    SELECT saved_search_id FROM saved_searches
    WHERE saved_search_id = ANY(:searches) AND status = 'active' ORDER BY saved_search_id FOR SHARE
""")
_KEEP = text("""
    INSERT INTO saved_search_matches (saved_search_id, listing_id, occasions, since, stopped_at)
    VALUES (:saved_search_id, :listing_id, :occasions, :since, :stopped_at)
    ON CONFLICT (saved_search_id, listing_id)
    DO UPDATE SET occasions = excluded.occasions, since = excluded.since, stopped_at = excluded.stopped_at
""")
_TELL = text("""
    INSERT INTO saved_search_alerts
        (alert_id, saved_search_id, user_id, listing_id, occasion, cause, total_minor, currency, created_at)
    VALUES
        (:alert_id, :saved_search_id, :user_id, :listing_id, :occasion, :cause, :total_minor, :currency, :now)
""")
_EXAMINED = text("""
    UPDATE saved_searches SET examined_until = :until
    WHERE saved_search_id = :saved_search_id AND status = 'active' AND examined_until = :before
    RETURNING saved_search_id
""")
_END = text("UPDATE saved_searches SET status = 'ended' WHERE saved_search_id = :saved_search_id AND status = 'active'")
_END_WIDE = text("""
    UPDATE saved_searches SET status = 'too_wide' WHERE saved_search_id = :saved_search_id
      AND (SELECT count(*) FROM saved_search_matches
           WHERE saved_search_id = :saved_search_id AND stopped_at IS NULL) > :most
    RETURNING saved_search_id
""")
_END_PASSED = text("""
    WITH passed AS (
        UPDATE saved_searches SET status = 'ended'
        WHERE saved_search_id IN (
            SELECT saved_search_id FROM saved_searches
            WHERE status IN ('active', 'paused')
              AND check_in < CAST(CAST(:now AS timestamptz) AT TIME ZONE timezone AS date)
            ORDER BY saved_search_id LIMIT :limit FOR UPDATE SKIP LOCKED
        )
        RETURNING 1
    )
    SELECT count(*) FROM passed
""")
_FORGET_MATCHES = text("""
    WITH gone AS (
        DELETE FROM saved_search_matches m WHERE (saved_search_id, listing_id) IN (
            SELECT saved_search_id, listing_id FROM saved_search_matches JOIN saved_searches USING (saved_search_id)
            WHERE status IN ('ended', 'too_wide') LIMIT :limit
        )
        RETURNING 1
    )
    SELECT count(*) FROM gone
""")
_FORGET_ALERTS = text("""
    WITH gone AS (
        DELETE FROM saved_search_alerts WHERE alert_id IN (
            SELECT alert_id FROM saved_search_alerts WHERE created_at < :before ORDER BY created_at LIMIT :limit
        )
        RETURNING 1
    )
    SELECT count(*) FROM gone
""")


async def take_turn(session: AsyncSession) -> bool:
    """Be the one worker that looks at listings until the transaction ends; False while another is."""
    return bool(await session.scalar(_TAKE_TURN))


async def pairs(session: AsyncSession, listing_ids: Collection[int], *, after: UUID | None, limit: int) -> list[Pair]:
    """Active searches that some listings could match, or did, in order of their number.

    Listings that a search was not held against yet are left to its first look.
    """
    values = {"listing_ids": list(listing_ids), "after": after, "limit": limit}
    rows = (await session.execute(_PAIRS, values)).mappings()
    return [Pair(record(row), tuple(row["listing_ids"])) for row in rows]


async def next_unexamined(session: AsyncSession) -> SavedSearchRecord | None:
    """The oldest active search that was not held against every listing yet."""
    row = (await session.execute(_NEXT_UNEXAMINED)).mappings().one_or_none()
    return None if row is None else record(row)


async def matches(
    session: AsyncSession, searches: Collection[UUID], listing_ids: Collection[int]
) -> dict[tuple[UUID, int], Match]:
    """What is known of these searches and listings."""
    rows = await session.execute(_MATCHES, {"searches": list(searches), "listing_ids": list(listing_ids)})
    return {
        (row["saved_search_id"], row["listing_id"]): Match(row["occasions"], row["since"], row["stopped_at"])
        for row in rows.mappings()
    }


async def settle(session: AsyncSession, findings: Sequence[Finding], *, now: datetime) -> int:
    """Write down what looks led to, and tell the guests; say how many alerts that made.

    Searches that were paused, ended or deleted meanwhile are passed over.
    """
    searches = {finding.search.saved_search_id for finding in findings}
    active = set(await session.scalars(_STILL_ACTIVE, {"searches": sorted(searches)})) if searches else set()
    findings = [finding for finding in findings if finding.search.saved_search_id in active]
    if not findings:
        return 0
    await session.execute(_KEEP, [_kept(finding) for finding in findings])
    news = [_told(finding, now=now) for finding in findings if finding.is_news]
    if news:
        await session.execute(_TELL, news)
    return len(news)


async def examined(session: AsyncSession, search: SavedSearchRecord, *, until: int) -> bool:
    """Note how far a search was held against listings; False where it was changed meanwhile."""
    values = {"saved_search_id": search.saved_search_id, "until": until, "before": search.examined_until}
    return await session.scalar(_EXAMINED, values) is not None


async def end(session: AsyncSession, search: SavedSearchRecord) -> None:
    """End a search that cannot be held against listings any more."""
    await session.execute(_END, {"saved_search_id": search.saved_search_id})


async def end_wide(session: AsyncSession, search: SavedSearchRecord) -> bool:
    """End a search that more listings match than are watched for one; say whether it was."""
    values = {"saved_search_id": search.saved_search_id, "most": MAX_MATCHES}
    return await session.scalar(_END_WIDE, values) is not None


async def tidy(session: AsyncSession, clock: Clock, *, limit: int) -> int:
    """End searches whose arrival has passed, and forget what nobody asks for; say how much there was of it."""
    now = clock.now()
    values: dict[str, Any] = {"now": now, "before": now - KEPT, "limit": limit}
    done = 0
    for statement in (_END_PASSED, _FORGET_MATCHES, _FORGET_ALERTS):
        done += int((await session.execute(statement, values)).scalar_one())
    return done


def _kept(finding: Finding) -> dict[str, Any]:
    match = finding.match
    return {
        "saved_search_id": finding.search.saved_search_id,
        "listing_id": finding.listing_id,
        "occasions": match.occasions,
        "since": match.since,
        "stopped_at": match.stopped_at,
    }


def _told(finding: Finding, *, now: datetime) -> dict[str, Any]:
    return {
        "alert_id": new_id(),
        "saved_search_id": finding.search.saved_search_id,
        "user_id": finding.search.user_id,
        "listing_id": finding.listing_id,
        "occasion": finding.match.occasions,
        "cause": finding.cause,
        "total_minor": finding.total_minor,
        "currency": finding.search.currency,
        "now": now,
    }
