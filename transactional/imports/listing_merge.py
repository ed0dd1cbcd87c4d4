"""Neighbourhoods, hosts, listings and rate plans: what came in over what is there, set by set.

The steps work on the temporary tables ``in_…`` that :mod:`transactional.imports.bulk` filled, and
touch only rows that differ. ``resolved`` is ``in_listings`` with the numbers that the rows have here.
"""

from __future__ import annotations

from typing import Any, Final

from lodestay.snapshot import HOSTS, LISTINGS
from transactional.imports.repository import Db
from transactional.outbox.topics import Topic

PLAN_COLUMNS: Final = (
    "base_price_minor",
    "weekend_price_minor",
    "cleaning_fee_minor",
    "guests_included",
    "extra_guest_fee_minor",
    "weekly_discount_bps",
    "monthly_discount_bps",
    "min_stay",
    "max_stay",
    "advance_notice_days",
)
HOST_COLUMNS: Final = tuple(name for name in HOSTS.names if name not in {"host_key", "languages"})
LISTING_COLUMNS: Final = (
    "host_id",
    "neighbourhood_id",
    "content_hash",
    *(n for n in LISTINGS.names if n not in {"source_id", "host_key", "neighbourhood", *PLAN_COLUMNS}),
)

_MAY_BE_UNTOLD: Final = {
    "description": "= ''",
    "house_rules": "= ''",
    "amenities": "= '{}'",
    "bedrooms": "IS NULL",
    "beds": "IS NULL",
    "bathrooms": "IS NULL",
}


def _names(columns: tuple[str, ...], table: str | None = None) -> str:
    return ", ".join(f"{table}.{name}" if table else name for name in columns)


def _set(columns: tuple[str, ...], table: str) -> str:
    return ", ".join(f"{name} = {table}.{name}" for name in columns)


def merge_neighbourhoods(db: Db, market_key: str) -> int:
    """Add and update neighbourhoods; one that the source no longer names stays, listings may be in it."""
    return db.execute(
        """
        INSERT INTO neighbourhoods (market_key, name, group_name, boundary)
        SELECT %s, name, group_name, boundary::jsonb FROM in_neighbourhoods
        ON CONFLICT (market_key, name) DO UPDATE
        SET group_name = coalesce(excluded.group_name, neighbourhoods.group_name),
            boundary = coalesce(excluded.boundary, neighbourhoods.boundary)
        WHERE (neighbourhoods.group_name, neighbourhoods.boundary) IS DISTINCT FROM
              (coalesce(excluded.group_name, neighbourhoods.group_name),
               coalesce(excluded.boundary, neighbourhoods.boundary))
        """,
        (market_key,),
    ).rowcount


def merge_hosts(db: Db, source: str, currency: str) -> int:
    """Add hosts as users that have a pseudonym for a name, and update what is told of the others.

    Languages of which the source says nothing stay as they are: the host may have told them here.
    """
    columns = _names(HOST_COLUMNS)
    changed = db.execute(
        f"""
        UPDATE host_profiles p
        SET {_set(HOST_COLUMNS, "h")}, languages = coalesce(h.languages, p.languages), updated_at = now()
        FROM in_hosts h
        WHERE p.source = %s AND p.source_key = h.host_key
          AND ({_names(HOST_COLUMNS, "p")}, p.languages) IS DISTINCT FROM
              ({_names(HOST_COLUMNS, "h")}, coalesce(h.languages, p.languages))
        """,
        (source,),
    ).rowcount
    added = db.execute(
        f"""
        WITH fresh AS MATERIALIZED (
            SELECT uuidv7() AS user_id, h.* FROM in_hosts h
            WHERE NOT EXISTS (SELECT FROM host_profiles p WHERE p.source = %(source)s AND p.source_key = h.host_key)
        ), made AS (
            INSERT INTO users (user_id, display_name, roles, currency)
            SELECT user_id, 'Host ' || left(host_key, 6), ARRAY['host'], %(currency)s FROM fresh
        )
        INSERT INTO host_profiles (user_id, source, source_key, languages, {columns})
        SELECT user_id, %(source)s, host_key, coalesce(languages, '{{}}'), {columns} FROM fresh
        """,
        {"source": source, "currency": currency},
    ).rowcount
    return changed + added


def keep_untold(db: Db, market_key: str, source: str) -> None:
    """Keep what is held in columns that the whole snapshot says nothing in: some dumps leave a column out."""
    for column, blank in _MAY_BE_UNTOLD.items():
        row = db.execute(f"SELECT coalesce(bool_and({column} {blank}), false) FROM in_listings").fetchone()
        if row and row[0]:
            also = ", language = l.language" if column == "description" else ""
            db.execute(
                f"UPDATE in_listings i SET {column} = l.{column}{also} FROM listings l"
                " WHERE l.market_key = %s AND l.source = %s AND l.source_id = i.source_id",
                (market_key, source),
            )


def resolve_listings(db: Db, market_key: str, source: str) -> None:
    """Lock the source's listings as a booking would, in order, and make ``resolved``."""
    place = {"market": market_key, "source": source}
    db.execute(
        "SELECT count(*) FROM (SELECT FROM listings WHERE market_key = %(market)s AND source = %(source)s"
        " ORDER BY listing_id FOR NO KEY UPDATE) locked",
        place,
    )
    db.execute(
        """
        CREATE TEMP TABLE resolved ON COMMIT DROP AS
        SELECT i.*, p.user_id AS host_id, n.neighbourhood_id, l.listing_id, md5(i::text) AS content_hash
        FROM in_listings i
        JOIN host_profiles p ON p.source = %(source)s AND p.source_key = i.host_key
        LEFT JOIN neighbourhoods n ON n.market_key = %(market)s AND n.name = i.neighbourhood
        LEFT JOIN listings l ON l.market_key = %(market)s AND l.source = %(source)s AND l.source_id = i.source_id
        """,
        place,
    )


def merge_listings(db: Db, market_key: str, source: str) -> dict[str, int]:
    """Add, update, reactivate and deactivate listings; say how many of each."""
    parameters: dict[str, Any] = {
        "market": market_key,
        "source": source,
        "created": Topic.LISTING_CREATED,
        "updated": Topic.LISTING_UPDATED,
        "activated": Topic.LISTING_ACTIVATED,
        "deactivated": Topic.LISTING_DEACTIVATED,
    }
    reactivated = db.execute(
        """
        WITH back AS (
            UPDATE listings l SET is_active = true, version = version + 1, updated_at = now()
            FROM resolved r WHERE l.listing_id = r.listing_id AND NOT l.is_active RETURNING l.listing_id
        )
        INSERT INTO changed SELECT listing_id, %(activated)s FROM back
        """,
        parameters,
    ).rowcount
    updated = db.execute(
        f"""
        WITH other AS (
            UPDATE listings l SET {_set(LISTING_COLUMNS, "r")}, version = version + 1, updated_at = now()
            FROM resolved r WHERE l.listing_id = r.listing_id AND l.content_hash <> r.content_hash
            RETURNING l.listing_id
        )
        INSERT INTO changed SELECT listing_id, %(updated)s FROM other
        """,
        parameters,
    ).rowcount
    columns = _names(LISTING_COLUMNS)
    created = db.execute(
        f"""
        WITH fresh AS (
            INSERT INTO listings (market_key, source, source_id, {columns})
            SELECT %(market)s, %(source)s, source_id, {columns} FROM resolved
            WHERE listing_id IS NULL ORDER BY length(source_id), source_id
            RETURNING listing_id, source_id
        ), numbered AS (
            UPDATE resolved r SET listing_id = f.listing_id FROM fresh f WHERE r.source_id = f.source_id
            RETURNING r.listing_id
        )
        INSERT INTO changed SELECT listing_id, %(created)s FROM numbered
        """,
        parameters,
    ).rowcount
    deactivated = db.execute(
        """
        WITH gone AS (
            UPDATE listings l SET is_active = false, version = version + 1, updated_at = now()
            WHERE market_key = %(market)s AND source = %(source)s AND is_active
              AND NOT EXISTS (SELECT FROM resolved r WHERE r.listing_id = l.listing_id)
            RETURNING listing_id
        )
        INSERT INTO changed SELECT listing_id, %(deactivated)s FROM gone
        """,
        parameters,
    ).rowcount
    db.execute("CREATE UNIQUE INDEX ON resolved (source_id)")
    db.execute("ANALYZE resolved")
    return {"created": created, "updated": updated, "reactivated": reactivated, "deactivated": deactivated}


def merge_rate_plans(db: Db, currency: str) -> None:
    """Write the rate plans of new and changed listings; one that the host changed here stays till the source's does."""
    columns = _names(PLAN_COLUMNS)
    db.execute(
        f"""
        INSERT INTO rate_plans (listing_id, currency, {columns})
        SELECT listing_id, %(currency)s, {columns} FROM resolved
        WHERE listing_id IN (SELECT listing_id FROM changed WHERE topic IN (%(created)s, %(updated)s))
        ON CONFLICT (listing_id) DO UPDATE SET {_set(PLAN_COLUMNS, "excluded")}, version = rate_plans.version + 1,
            updated_at = now()
        WHERE ({_names(PLAN_COLUMNS, "rate_plans")}) IS DISTINCT FROM ({_names(PLAN_COLUMNS, "excluded")})
        """,
        {"currency": currency, "created": Topic.LISTING_CREATED, "updated": Topic.LISTING_UPDATED},
    )
