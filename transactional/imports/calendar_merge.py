"""Calendars: single nights, seasons and occupied ranges, over those that are there.

A calendar speaks for its nights from the first on: earlier ones keep what an earlier snapshot said of
them. Bookings, holds and hosts' blocks always stay; the source's taken nights fill the rest.
"""

from __future__ import annotations

from typing import Final

from lodestay.calendar import WEEKEND_NIGHTS
from transactional.imports.repository import Db
from transactional.outbox.topics import Topic

_CALENDAR: Final = {"calendar": Topic.CALENDAR_CHANGED}
_NIGHT: Final = "price_minor, min_stay, max_stay, closed_to_arrival, closed_to_departure"
# Quotes and hosts know by the version that prices or rules have changed since; who has a night is not in it.
_BUMPED: Final = (
    "bumped AS (UPDATE rate_plans SET version = version + 1, updated_at = now()"
    " WHERE listing_id IN (SELECT listing_id FROM {0}))"
)


def resolve_calendar(db: Db) -> None:
    """Give the calendar's rows the numbers of their listings."""
    for table in ("in_overrides", "in_taken", "in_windows", "in_seasons"):
        db.execute(
            f"CREATE TEMP TABLE {table}_of ON COMMIT DROP AS"
            f" SELECT r.listing_id, i.* FROM {table} i JOIN resolved r USING (source_id)"
        )
        db.execute(f"ANALYZE {table}_of")


def keep_earlier_nights(db: Db) -> None:
    """Write down what nights before the new calendar cost, where the rate plan that said so is to change.

    Must run before the rate plans are written. Listings with seasons are left out: their prices change.
    """
    db.execute(
        f"""
        INSERT INTO calendar_nights (listing_id, night, price_minor, min_stay, max_stay)
        SELECT p.listing_id, n.night,
               CASE WHEN extract(isodow FROM n.night) - 1 IN {WEEKEND_NIGHTS}
                    THEN coalesce(p.weekend_price_minor, p.base_price_minor) ELSE p.base_price_minor END,
               p.min_stay, p.max_stay
        FROM rate_plans p
        JOIN resolved r USING (listing_id)
        JOIN in_windows_of w USING (listing_id)
        CROSS JOIN LATERAL (
            SELECT p.calendar_from + i AS night FROM generate_series(0, w.calendar_from - p.calendar_from - 1) i
        ) n
        WHERE p.calendar_until >= w.calendar_from
          AND (p.base_price_minor, p.weekend_price_minor, p.min_stay, p.max_stay)
              IS DISTINCT FROM (r.base_price_minor, r.weekend_price_minor, r.min_stay, r.max_stay)
          AND NOT EXISTS (SELECT FROM seasons s WHERE s.listing_id = p.listing_id)
        ON CONFLICT (listing_id, night) DO UPDATE
        SET price_minor = coalesce(calendar_nights.price_minor, excluded.price_minor),
            min_stay = coalesce(calendar_nights.min_stay, excluded.min_stay),
            max_stay = coalesce(calendar_nights.max_stay, excluded.max_stay)
        """
    )


def merge_windows(db: Db) -> None:
    """Note which nights are known; earlier ones stay known where the new calendar follows on them."""
    db.execute(
        """
        WITH moved AS (
            UPDATE rate_plans p
            SET calendar_from = CASE WHEN p.calendar_until >= w.calendar_from
                                     THEN least(p.calendar_from, w.calendar_from) ELSE w.calendar_from END,
                calendar_until = w.calendar_until, version = p.version + 1, updated_at = now()
            FROM in_windows_of w
            WHERE p.listing_id = w.listing_id
              AND (p.calendar_until IS DISTINCT FROM w.calendar_until OR p.calendar_from > w.calendar_from)
            RETURNING p.listing_id
        )
        INSERT INTO changed SELECT listing_id, %(calendar)s FROM moved
        """,
        _CALENDAR,
    )


def merge_nights(db: Db) -> int:
    """Write the nights that differ from the rate plan and remove those that no longer do."""
    removed = db.execute(
        f"""
        WITH gone AS (
            DELETE FROM calendar_nights c USING in_windows_of w
            WHERE c.listing_id = w.listing_id AND c.night >= w.calendar_from
              AND NOT EXISTS (SELECT FROM in_overrides_of o WHERE o.listing_id = c.listing_id AND o.night = c.night)
            RETURNING c.listing_id
        ), noted AS (INSERT INTO changed SELECT DISTINCT listing_id, %(calendar)s FROM gone), {_BUMPED.format("gone")}
        SELECT count(*) FROM gone
        """,
        _CALENDAR,
    ).fetchone()
    written = db.execute(
        f"""
        WITH written AS (
            INSERT INTO calendar_nights (listing_id, night, {_NIGHT})
            SELECT listing_id, night, {_NIGHT} FROM in_overrides_of
            ON CONFLICT (listing_id, night) DO UPDATE
            SET (price_minor, min_stay, max_stay, closed_to_arrival, closed_to_departure)
              = (excluded.price_minor, excluded.min_stay, excluded.max_stay, excluded.closed_to_arrival,
                 excluded.closed_to_departure)
            WHERE (calendar_nights.price_minor, calendar_nights.min_stay, calendar_nights.max_stay,
                   calendar_nights.closed_to_arrival, calendar_nights.closed_to_departure)
                  IS DISTINCT FROM (excluded.price_minor, excluded.min_stay, excluded.max_stay,
                   excluded.closed_to_arrival, excluded.closed_to_departure)
            RETURNING listing_id
        ), noted AS (INSERT INTO changed SELECT DISTINCT listing_id, %(calendar)s FROM written),
             {_BUMPED.format("written")}
        SELECT count(*) FROM written
        """,
        _CALENDAR,
    ).fetchone()
    return int(removed[0] if removed else 0) + int(written[0] if written else 0)


def merge_seasons(db: Db) -> None:
    """Replace the seasons of listings whose seasons the source tells otherwise; others keep theirs."""
    db.execute(
        """
        CREATE TEMP TABLE reseasoned ON COMMIT DROP AS
        WITH told AS (
            SELECT listing_id, array_agg((name, daterange(starts_on, ends_before), price_bps, min_stay)::text
                                         ORDER BY starts_on, name) AS seasons
            FROM in_seasons_of GROUP BY listing_id
        ), held AS (
            SELECT listing_id, array_agg((name, span, price_bps, min_stay)::text ORDER BY lower(span), name) AS seasons
            FROM seasons WHERE listing_id IN (SELECT listing_id FROM told) GROUP BY listing_id
        )
        SELECT told.listing_id FROM told LEFT JOIN held USING (listing_id)
        WHERE told.seasons IS DISTINCT FROM held.seasons
        """
    )
    db.execute("DELETE FROM seasons USING reseasoned r WHERE seasons.listing_id = r.listing_id")
    db.execute(
        """
        INSERT INTO seasons (listing_id, name, span, price_bps, min_stay)
        SELECT listing_id, name, daterange(starts_on, ends_before), price_bps, min_stay
        FROM in_seasons_of JOIN reseasoned USING (listing_id) ORDER BY listing_id, starts_on
        """
    )
    db.execute(
        f"WITH {_BUMPED.format('reseasoned')} INSERT INTO changed SELECT listing_id, %(calendar)s FROM reseasoned",
        _CALENDAR,
    )


def merge_occupancy(db: Db) -> int:
    """Bring the imported ranges to what the source has as taken; say how many nights ours have already."""
    db.execute(
        """
        CREATE TEMP TABLE wanted ON COMMIT DROP AS
        WITH taken AS (
            SELECT listing_id, range_agg(daterange(starts_on, ends_before)) AS nights
            FROM in_taken_of GROUP BY listing_id
        ), live AS (
            SELECT listing_id,
                   coalesce(range_agg(stay) FILTER (WHERE kind = 'imported' AND feed_id IS NULL), '{}') AS imported,
                   coalesce(range_agg(stay) FILTER (WHERE kind <> 'imported' OR feed_id IS NOT NULL), '{}') AS ours
            FROM occupancy WHERE is_live AND listing_id IN (SELECT listing_id FROM in_windows_of) GROUP BY listing_id
        )
        SELECT w.listing_id,
               coalesce(live.imported, '{}') AS held,
               coalesce(taken.nights, '{}') * coalesce(live.ours, '{}') AS conflicts,
               coalesce(taken.nights, '{}') - coalesce(live.ours, '{}')
                 + coalesce(live.imported, '{}') * datemultirange(daterange(NULL, w.calendar_from)) AS nights
        FROM in_windows_of w LEFT JOIN taken USING (listing_id) LEFT JOIN live USING (listing_id)
        """
    )
    db.execute(
        """
        WITH other AS (SELECT listing_id FROM wanted WHERE nights <> held)
        INSERT INTO changed SELECT listing_id, %(calendar)s FROM other
        """,
        _CALENDAR,
    )
    db.execute(
        "DELETE FROM occupancy o USING wanted w"
        " WHERE o.listing_id = w.listing_id AND o.is_live AND o.kind = 'imported' AND o.feed_id IS NULL"
        " AND w.nights <> w.held"
    )
    db.execute(
        "INSERT INTO occupancy (listing_id, stay, kind)"
        " SELECT listing_id, unnest(nights), 'imported' FROM wanted WHERE nights <> held ORDER BY listing_id"
    )
    counted = db.execute(
        "SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM (SELECT unnest(conflicts) AS r FROM wanted) c"
    ).fetchone()
    return int(counted[0]) if counted else 0


def changed_calendars(db: Db) -> int:
    """Count the listings whose calendar changed."""
    row = db.execute("SELECT count(DISTINCT listing_id) FROM changed WHERE topic = %(calendar)s", _CALENDAR).fetchone()
    return int(row[0]) if row else 0


def move_market(db: Db, market_key: str, source: str, *, days: int) -> None:
    """Move what earlier snapshots brought to the market's new dates.

    Reviews move; imported calendars are forgotten, since the nights they speak of are other nights now.
    """
    place = {"market": market_key, "source": source, "days": days, **_CALENDAR}
    db.execute(
        "CREATE TEMP TABLE moved ON COMMIT DROP AS SELECT listing_id FROM listings"
        " WHERE market_key = %(market)s AND source = %(source)s ORDER BY listing_id FOR NO KEY UPDATE",
        place,
    )
    db.execute("DELETE FROM calendar_nights c USING moved m WHERE c.listing_id = m.listing_id")
    db.execute(
        "DELETE FROM occupancy o USING moved m"
        " WHERE o.listing_id = m.listing_id AND o.kind = 'imported' AND o.feed_id IS NULL"
    )
    db.execute(
        """
        WITH forgotten AS (
            UPDATE rate_plans p
            SET calendar_from = NULL, calendar_until = NULL, version = p.version + 1, updated_at = now()
            FROM moved m WHERE p.listing_id = m.listing_id AND p.calendar_from IS NOT NULL RETURNING p.listing_id
        )
        INSERT INTO changed SELECT listing_id, %(calendar)s FROM forgotten
        """,
        place,
    )
    db.execute(
        "UPDATE reviews v SET written_on = written_on + %(days)s::int FROM moved m"
        " WHERE v.listing_id = m.listing_id AND v.source = %(source)s",
        place,
    )
