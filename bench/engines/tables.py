"""The drawn marketplace in PostgreSQL's own tables, in bulk: what the service confirms its pages against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from bench.engines.shared_tables import share_calendars
from bench.engines.stock import (
    CITIES,
    CODES,
    POLICIES,
    POOL,
    PROPERTY_TYPES,
    QUARTERS,
    RATES,
    ROOM_TYPES,
    SERVICE_FEE_BPS,
    TAXES,
    Stock,
    market_of,
    quarter_of,
)
from lodestay.pricing import PriceTerms
from transactional.calendars.rules import RatePlanRow

HOSTS = 2_000
"""Half of them superhosts; a listing has one of its kind."""
_CHUNK = 50_000
_PLAN = tuple(field.name for field in fields(RatePlanRow))
_TERMS = tuple(
    field.name for field in fields(PriceTerms) if field.name not in {"service_fee_bps", "tax_bps"}
)  # those two are the market's
_GUARD = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = 'occupancy'::regclass AND contype = 'x'
"""
_POOL = f"""
    CREATE TEMP TABLE pool_plans AS SELECT 0 AS pool, {", ".join(_PLAN + _TERMS)} FROM rate_plans LIMIT 0;
    CREATE TEMP TABLE pool_seasons (pool int, span daterange, price_bps int, min_stay int);
    CREATE TEMP TABLE pool_nights (pool int, night date, price_minor int, no_arrival bool, no_departure bool);
    CREATE TEMP TABLE pool_stays (pool int, stay daterange);
    CREATE TEMP TABLE pool_of (listing_id int, pool int);
"""
_CALENDARS = f"""
    ANALYZE pool_of;
    INSERT INTO rate_plans (listing_id, {", ".join(_PLAN + _TERMS)})
    SELECT listing_id, {", ".join(_PLAN + _TERMS)} FROM pool_of JOIN pool_plans USING (pool);
    INSERT INTO seasons (listing_id, name, span, price_bps, min_stay)
    SELECT listing_id, 'season', span, price_bps, min_stay FROM pool_of JOIN pool_seasons USING (pool)
    ORDER BY listing_id;
    INSERT INTO calendar_nights (listing_id, night, price_minor, closed_to_arrival, closed_to_departure)
    SELECT listing_id, night, price_minor, no_arrival, no_departure FROM pool_of JOIN pool_nights USING (pool)
    ORDER BY listing_id;
    INSERT INTO occupancy (listing_id, stay, kind)
    SELECT listing_id, stay, 'imported' FROM pool_of JOIN pool_stays USING (pool) ORDER BY listing_id;
"""


def write_tables(connection: psycopg.Connection[Any], stock: Stock, *, lean: bool = False) -> None:
    """Write everything, in one transaction.

    Foreign keys are not looked at (what is drawn is whole), and the constraint against two stays of one night is
    taken away and made again, which holds all of them to it.

    Parameters
    ----------
    lean
        Keep each calendar once (:mod:`bench.engines.shared_tables`), and no amenities, which no page shows.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
        (guard,) = cursor.execute(_GUARD).fetchall()
        name, definition = guard
        cursor.execute(f"ALTER TABLE occupancy DROP CONSTRAINT {name}".encode())
        _write_markets(cursor, stock)
        _write_listings(cursor, stock, _write_hosts(cursor), lean=lean)
        _write_pool(cursor, stock, ((n, n) for n in range(POOL)) if lean else enumerate(stock.calendar.tolist(), 1))
        cursor.execute(_CALENDARS.encode())
        cursor.execute(f"ALTER TABLE occupancy ADD CONSTRAINT {name} {definition}".encode())
        if lean:
            share_calendars(cursor, stock)


def _copy(cursor: psycopg.Cursor[Any], table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _write_markets(cursor: psycopg.Cursor[Any], stock: Stock) -> None:
    columns = ("market_key", "name", "country", "currency", "timezone", "latitude", "longitude")
    places = stock.centres.round(6).tolist()
    _copy(
        cursor,
        "markets",
        (*columns, "service_fee_bps", "tax_bps"),
        (
            (market_of(n), f"City {n}", "PT", "EUR", "UTC", *places[n], SERVICE_FEE_BPS, TAXES[n % len(TAXES)])
            for n in range(CITIES)
        ),
    )
    quarters = (
        (n * QUARTERS + quarter + 1, market_of(n), quarter_of(n, quarter))
        for n in range(CITIES)
        for quarter in range(QUARTERS)
    )
    _copy(cursor, "neighbourhoods", ("neighbourhood_id", "market_key", "name"), quarters)
    rates = ((stock.today, currency, round(1 / rate, 10)) for currency, rate in RATES.items())
    _copy(cursor, "exchange_rates", ("day", "currency", "per_euro"), rates)


def _write_hosts(cursor: psycopg.Cursor[Any]) -> list[UUID]:
    hosts = [UUID(int=n + 1) for n in range(HOSTS)]
    _copy(cursor, "users", ("user_id", "display_name", "roles"), ((host, "Host", ["host"]) for host in hosts))
    columns = ("user_id", "source", "source_key", "is_superhost")
    _copy(cursor, "host_profiles", columns, ((host, "bench", str(n), n % 2 == 1) for n, host in enumerate(hosts)))
    return hosts


def _write_listings(cursor: psycopg.Cursor[Any], stock: Stock, hosts: Sequence[UUID], *, lean: bool) -> None:
    columns = (
        *("listing_id", "market_key", "source", "source_id", "host_id", "neighbourhood_id", "title", "description"),
        *("house_rules", "property_type", "room_type", "accommodates", "bedrooms", "beds", "bathrooms", "amenities"),
        *("latitude", "longitude", "instant_book", "cancellation_policy", "rating", "review_count", "content_hash"),
    )
    _copy(cursor, "listings", columns, _listing_rows(stock, hosts, lean=lean))
    cursor.execute("SELECT setval(pg_get_serial_sequence('listings', 'listing_id'), %s)", [len(stock)])


def _listing_rows(stock: Stock, hosts: Sequence[UUID], *, lean: bool) -> Iterator[tuple[object, ...]]:
    for part in stock.chunks(_CHUNK):
        amenities = np.unpackbits(stock.amenities[part], axis=1, count=len(CODES)).astype(np.bool_)
        for place, n in enumerate(range(part.start, part.stop)):
            city, quarter = int(stock.city[n]), int(stock.quarter[n])
            rating = float(stock.rating[n])
            yield (
                *(n + 1, market_of(city), "bench", str(n + 1)),
                *(hosts[2 * (n % (HOSTS // 2)) + bool(stock.superhost[n])], city * QUARTERS + quarter + 1),
                *(f"Listing {n + 1}", "", "", PROPERTY_TYPES[stock.property_type[n]], ROOM_TYPES[stock.room_type[n]]),
                *(int(stock.accommodates[n]), int(stock.bedrooms[n]), int(stock.beds[n]), float(stock.bathrooms[n])),
                [] if lean else [CODES[code] for code in np.flatnonzero(amenities[place]).tolist()],
                *(float(stock.latitude[n]), float(stock.longitude[n]), bool(stock.instant_book[n])),
                *(POLICIES[stock.policy[n]], None if np.isnan(rating) else round(rating, 2)),
                *(int(stock.review_count[n]), ""),
            )


def _write_pool(cursor: psycopg.Cursor[Any], stock: Stock, whose: Iterable[tuple[int, int]]) -> None:
    """Write the pool's calendars, and the place in it of each listing's."""
    cursor.execute(_POOL.encode())
    plans = (
        (n, *(getattr(each.plan, name) for name in _PLAN), *(getattr(each.terms, name) for name in _TERMS))
        for n, each in enumerate(stock.pool)
    )
    _copy(cursor, "pool_plans", ("pool", *_PLAN, *_TERMS), plans)
    seasons = (
        (n, _range(season.starts_on, season.ends_before), season.price_bps, season.min_stay)
        for n, each in enumerate(stock.pool)
        for season in each.seasons
    )
    _copy(cursor, "pool_seasons", ("pool", "span", "price_bps", "min_stay"), seasons)
    nights = (
        (n, night.night, night.price_minor, night.closed_to_arrival, night.closed_to_departure)
        for n, each in enumerate(stock.pool)
        for night in each.nights
    )
    _copy(cursor, "pool_nights", ("pool", "night", "price_minor", "no_arrival", "no_departure"), nights)
    stays = ((n, _range(*stay)) for n, each in enumerate(stock.pool) for stay in each.stays)
    _copy(cursor, "pool_stays", ("pool", "stay"), stays)
    _copy(cursor, "pool_of", ("listing_id", "pool"), whose)


def _range(start: object, end: object) -> str:
    return f"[{start},{end})"
