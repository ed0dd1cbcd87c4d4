"""Queries on feeds, their events, and the nights that they have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.feeds.records import (
    COLUMNS,
    HORIZON,
    Claim,
    EventKind,
    EventStatus,
    FeedOverview,
    FeedRecord,
    HostEvent,
    KnownEvent,
    OwnRow,
    Taken,
)
from transactional.listings.errors import ListingNotFound

_FEED = ", ".join(f"f.{name}" for name in COLUMNS)
_EVENT = (
    "e.uid, lower(e.stay) AS start, upper(e.stay) AS end, e.kind, e.summary, e.status, e.note,"
    " e.first_seen_at, e.last_seen_at"
)
_REQUIRE = text("""
    SELECT timezone FROM listings JOIN markets USING (market_key)
    WHERE listing_id = :listing_id AND (CAST(:owner AS uuid) IS NULL OR host_id = :owner)
""")
_ADD = text(f"""
    INSERT INTO calendar_feeds ({", ".join(COLUMNS)}) VALUES ({", ".join(f":{name}" for name in COLUMNS)})
""")
_OF_LISTING = text(
    f"SELECT {_FEED} FROM calendar_feeds f WHERE f.listing_id = :listing_id ORDER BY created_at, feed_id"
)
_OVERVIEW = text(f"""
    SELECT {_FEED}, coalesce(e.applied, 0) AS applied, coalesce(e.conflicts, 0) AS conflicts,
           coalesce(e.ignored, 0) AS ignored
    FROM calendar_feeds f LEFT JOIN (
        SELECT feed_id, count(*) FILTER (WHERE status = 'applied') AS applied,
               count(*) FILTER (WHERE status = 'conflict') AS conflicts,
               count(*) FILTER (WHERE status = 'ignored') AS ignored
        FROM feed_events WHERE upper(stay) > :today GROUP BY feed_id
    ) e USING (feed_id)
    WHERE f.listing_id = :listing_id AND (CAST(:feed_id AS uuid) IS NULL OR f.feed_id = :feed_id)
    ORDER BY f.created_at, f.feed_id
""")
_EVENTS_OF_LISTING = text(f"""
    SELECT f.feed_id, f.name AS feed_name, {_EVENT}
    FROM feed_events e JOIN calendar_feeds f USING (feed_id)
    WHERE f.listing_id = :listing_id AND e.status = :status AND upper(e.stay) > :today
    ORDER BY lower(e.stay), f.feed_id, e.uid LIMIT :limit
""")
_LOCK = text(f"SELECT {_FEED} FROM calendar_feeds f WHERE listing_id = :listing_id AND feed_id = :feed_id FOR UPDATE")
_LOCK_CLAIMED = text(f"""
    SELECT {_FEED} FROM calendar_feeds f WHERE feed_id = :feed_id AND next_read_at = :next_read_at FOR UPDATE
""")
# The claim is the time of the next reading: it moves with every claim, so that of two readers of a feed the
# one that began later counts, and one that was killed is followed by another.
_CLAIM = text(f"""
    WITH due AS (
        SELECT feed_id FROM calendar_feeds WHERE status <> 'paused' AND next_read_at <= :now
        ORDER BY next_read_at, feed_id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE calendar_feeds f SET next_read_at = greatest(:until, f.next_read_at + interval '1 microsecond')
        FROM due WHERE f.feed_id = due.feed_id RETURNING f.*
    )
    SELECT {_FEED}, timezone FROM claimed f JOIN listings USING (listing_id) JOIN markets USING (market_key)
    ORDER BY f.feed_id
""")
_ASK = text("""
    UPDATE calendar_feeds SET next_read_at = least(next_read_at, greatest(:now, last_read_at + :pause)),
        failures = CASE status WHEN 'paused' THEN 0 ELSE failures END,
        status = CASE status WHEN 'paused' THEN 'failing' ELSE status END
    WHERE listing_id = :listing_id AND feed_id = :feed_id RETURNING feed_id
""")
_KEEP = text(f"""
    UPDATE calendar_feeds SET {", ".join(f"{name} = :{name}" for name in COLUMNS[4:])} WHERE feed_id = :feed_id
""")
_FREE = text("UPDATE occupancy SET is_live = false, feed_id = NULL WHERE feed_id = :feed_id")
_FREE_LIVE = text("""
    SELECT lower(stay) AS start, upper(stay) AS end FROM occupancy WHERE feed_id = :feed_id AND is_live
""")
_DELETE = text("DELETE FROM calendar_feeds WHERE feed_id = :feed_id")
_KNOWN = text(f"SELECT {_EVENT} FROM feed_events e WHERE feed_id = :feed_id AND status <> 'gone' ORDER BY stay, uid")
_TAKEN = text("""
    SELECT lower(o.stay) AS start, upper(o.stay) AS end, o.kind, coalesce(b.reference, f.name) AS label
    FROM occupancy o LEFT JOIN bookings b USING (booking_id) LEFT JOIN calendar_feeds f ON f.feed_id = o.feed_id
    WHERE o.listing_id = :listing_id AND o.is_live AND o.feed_id IS DISTINCT FROM :feed_id
      AND o.stay && daterange(:start, :end)
    ORDER BY o.stay
""")
_OWN = text("""
    SELECT occupancy_id, lower(stay) AS start, upper(stay) AS end FROM occupancy
    WHERE feed_id = :feed_id AND is_live ORDER BY stay
""")
_RETIRE = text("UPDATE occupancy SET is_live = false WHERE occupancy_id = ANY(:occupancy_ids) AND is_live")
_TAKE = text("""
    INSERT INTO occupancy (listing_id, stay, kind, feed_id, created_at)
    VALUES (:listing_id, daterange(:start, :end), 'imported', :feed_id, :now)
""")
_FORGET = text("DELETE FROM feed_events WHERE feed_id = :feed_id AND (uid = ANY(:uids) OR upper(stay) <= :today)")
_MARK_GONE = text("""
    UPDATE feed_events SET status = 'gone', note = NULL WHERE feed_id = :feed_id AND uid = ANY(:uids)
""")
_WRITE_EVENTS = text("""
    INSERT INTO feed_events (feed_id, uid, stay, kind, status, summary, note, first_seen_at, last_seen_at)
    SELECT :feed_id, uid, daterange(starts_on, ends_before), kind, status, summary, note, first_seen_at, last_seen_at
    FROM unnest(CAST(:uid AS text[]), CAST(:start AS date[]), CAST(:end AS date[]), CAST(:kind AS text[]),
                CAST(:status AS text[]), CAST(:summary AS text[]), CAST(:note AS text[]),
                CAST(:first_seen_at AS timestamptz[]), CAST(:last_seen_at AS timestamptz[]))
      AS e (uid, starts_on, ends_before, kind, status, summary, note, first_seen_at, last_seen_at)
    ON CONFLICT (feed_id, uid) DO UPDATE SET stay = EXCLUDED.stay, kind = EXCLUDED.kind, status = EXCLUDED.status,
        summary = EXCLUDED.summary, note = EXCLUDED.note, last_seen_at = EXCLUDED.last_seen_at
""")


async def require_listing(session: AsyncSession, listing_id: int, *, owner: UUID | None) -> str:
    """Time zone of a listing that belongs to `owner` (None: to anybody), or :class:`ListingNotFound`."""
    timezone = await session.scalar(_REQUIRE, {"listing_id": listing_id, "owner": owner})
    if timezone is None:
        raise ListingNotFound(listing_id)
    return str(timezone)


async def add(session: AsyncSession, feed: FeedRecord) -> None:
    """Write a new feed."""
    await session.execute(_ADD, {name: getattr(feed, name) for name in COLUMNS})


async def of_listing(session: AsyncSession, listing_id: int) -> list[FeedRecord]:
    """A listing's feeds, oldest first."""
    rows = await session.execute(_OF_LISTING, {"listing_id": listing_id})
    return [FeedRecord(**row) for row in rows.mappings()]


async def overviews(
    session: AsyncSession, listing_id: int, *, today: date, feed_id: UUID | None = None
) -> list[FeedOverview]:
    """A listing's feeds, or one of them, with what their events that are not over came to."""
    rows = await session.execute(_OVERVIEW, {"listing_id": listing_id, "today": today, "feed_id": feed_id})
    return [FeedOverview(_feed(row), row["applied"], row["conflicts"], row["ignored"]) for row in rows.mappings()]


async def events_of_listing(
    session: AsyncSession, listing_id: int, status: EventStatus, *, today: date, limit: int
) -> list[HostEvent]:
    """Events of one status that are not over, of all of a listing's feeds, by night."""
    values = {"listing_id": listing_id, "status": status.value, "today": today, "limit": limit}
    rows = await session.execute(_EVENTS_OF_LISTING, values)
    return [HostEvent(row["feed_id"], row["feed_name"], _event(row)) for row in rows.mappings()]


async def lock(session: AsyncSession, listing_id: int, feed_id: UUID) -> FeedRecord | None:
    """Keep a feed of a (locked) listing until the transaction ends."""
    row = await session.execute(_LOCK, {"listing_id": listing_id, "feed_id": feed_id})
    return _maybe_feed(row.mappings().one_or_none())


async def lock_claimed(session: AsyncSession, claim: FeedRecord) -> FeedRecord | None:
    """Keep a feed that was claimed; None where it was claimed again since, or removed."""
    row = await session.execute(_LOCK_CLAIMED, {"feed_id": claim.feed_id, "next_read_at": claim.next_read_at})
    return _maybe_feed(row.mappings().one_or_none())


async def claim_due(session: AsyncSession, *, now: datetime, lease: timedelta, limit: int) -> list[Claim]:
    """Take feeds whose time has come, so that no other worker does before the lease is over."""
    rows = await session.execute(_CLAIM, {"now": now, "until": now + lease, "limit": limit})
    return [Claim(_feed(row), row["timezone"]) for row in rows.mappings()]


async def ask_to_read(
    session: AsyncSession, listing_id: int, feed_id: UUID, *, now: datetime, pause: timedelta
) -> bool:
    """Make a feed due, at the earliest a pause after it was last read; wakes one that waits for its host."""
    values = {"listing_id": listing_id, "feed_id": feed_id, "now": now, "pause": pause}
    return await session.scalar(_ASK, values) is not None


async def keep(session: AsyncSession, feed: FeedRecord) -> None:
    """Write how a feed stands."""
    await session.execute(_KEEP, {name: getattr(feed, name) for name in ("feed_id", *COLUMNS[4:])})


async def remove(session: AsyncSession, feed_id: UUID) -> list[tuple[date, date]]:
    """Delete a feed of a locked listing with its events; say which nights that frees."""
    freed = [(row.start, row.end) for row in await session.execute(_FREE_LIVE, {"feed_id": feed_id})]
    await session.execute(_FREE, {"feed_id": feed_id})
    await session.execute(_DELETE, {"feed_id": feed_id})
    return freed


async def known_events(session: AsyncSession, feed_id: UUID) -> list[KnownEvent]:
    """What a feed said when it was last believed."""
    rows = await session.execute(_KNOWN, {"feed_id": feed_id})
    return [_event(row) for row in rows.mappings()]


async def taken_by_others(session: AsyncSession, listing_id: int, feed_id: UUID, *, today: date) -> list[Taken]:
    """Live occupancy within the horizon that is not the feed's own; due holds are to be expired before."""
    values = {"listing_id": listing_id, "feed_id": feed_id, "start": today, "end": today + HORIZON}
    return [Taken(**row) for row in (await session.execute(_TAKEN, values)).mappings()]


async def own_rows(session: AsyncSession, feed_id: UUID) -> list[OwnRow]:
    """Nights that a feed has."""
    return [OwnRow(**row) for row in (await session.execute(_OWN, {"feed_id": feed_id})).mappings()]


async def change_rows(
    session: AsyncSession,
    feed: FeedRecord,
    *,
    retired: Sequence[int],
    written: Sequence[tuple[date, date]],
    now: datetime,
) -> None:
    """Give nights of a locked listing back and take others, in this order."""
    if retired:
        await session.execute(_RETIRE, {"occupancy_ids": list(retired)})
    if written:
        place = {"listing_id": feed.listing_id, "feed_id": feed.feed_id, "now": now}
        await session.execute(_TAKE, [place | {"start": start, "end": end} for start, end in written])


async def write_events(
    session: AsyncSession,
    feed_id: UUID,
    events: Sequence[KnownEvent],
    *,
    gone: Sequence[str],
    forgotten: Sequence[str],
    today: date,
) -> None:
    """Bring a feed's events up to date: first what leaves, so that a UID can pass from one to another."""
    await session.execute(_FORGET, {"feed_id": feed_id, "uids": list(forgotten), "today": today})
    if gone:
        await session.execute(_MARK_GONE, {"feed_id": feed_id, "uids": list(gone)})
    if events:
        names = ("uid", "start", "end", "kind", "status", "summary", "note", "first_seen_at", "last_seen_at")
        columns: dict[str, Any] = {name: [getattr(event, name) for event in events] for name in names}
        columns["kind"] = [event.kind.value for event in events]
        columns["status"] = [event.status.value for event in events]
        await session.execute(_WRITE_EVENTS, columns | {"feed_id": feed_id})


def _feed(row: RowMapping) -> FeedRecord:
    return FeedRecord(**{name: row[name] for name in COLUMNS})


def _maybe_feed(row: RowMapping | None) -> FeedRecord | None:
    return None if row is None else _feed(row)


def _event(row: RowMapping) -> KnownEvent:
    return KnownEvent(
        uid=row["uid"],
        start=row["start"],
        end=row["end"],
        kind=EventKind(row["kind"]),
        summary=row["summary"],
        status=EventStatus(row["status"]),
        note=row["note"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
    )
