"""The marketplace that histories happen in: markets, people and listings, written in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from bench.proof.feeds import feed_id_of, url_of
from bench.proof.plan import STARTS_AT, Plan

MARKETS = (
    # Two, no and three digits after the point; zones on both sides of the date line.
    ("lisbon", "PT", "EUR", "Europe/Lisbon", 1400, 600),
    ("tokyo", "JP", "JPY", "Asia/Tokyo", 1000, 1000),
    ("kuwait", "KW", "KWD", "Asia/Kuwait", 1200, 0),
    ("honolulu", "US", "USD", "Pacific/Honolulu", 1400, 1350),
)
RATES = {"USD": "1.08", "JPY": "161.2", "KWD": "0.331", "GBP": "0.85"}
POLICIES = ("flexible", "moderate", "firm", "strict")


def make(connection: psycopg.Connection[Any], plans: Sequence[Plan]) -> None:
    """Write everything that histories need before they begin."""
    insert(connection, "markets", map(_market, MARKETS))
    insert(connection, "exchange_rates", _rates())
    insert(connection, "users", (user for plan in plans for user in _people(plan)))
    insert(connection, "listings", (_listing(plan, listing_id) for plan in plans for listing_id in plan.listing_ids))
    insert(connection, "rate_plans", (_terms(listing_id) for plan in plans for listing_id in plan.listing_ids))
    insert(connection, "calendar_feeds", (feed_row(plan.listing_ids[0]) for plan in plans))
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")


def _market(row: tuple[Any, ...]) -> dict[str, Any]:
    key, country, currency, timezone, fee, tax = row
    return {
        "market_key": key,
        "name": key.title(),
        "country": country,
        "currency": currency,
        "timezone": timezone,
        "latitude": 0.0,
        "longitude": 0.0,
        "service_fee_bps": fee,
        "tax_bps": tax,
    }


def _rates() -> Iterator[dict[str, Any]]:
    for currency, per_euro in RATES.items():
        yield {"day": STARTS_AT.date() - timedelta(days=1), "currency": currency, "per_euro": per_euro}


def _people(plan: Plan) -> Iterator[dict[str, Any]]:
    for actor in (plan.host, plan.admin, *plan.guests):
        yield {
            "user_id": actor.user_id,
            "display_name": "",
            "roles": [role.value for role in actor.roles],
            "identity_verified": actor != plan.guests[-1],
        }


def _listing(plan: Plan, listing_id: int) -> dict[str, Any]:
    rng = _of(listing_id)
    return {
        "listing_id": listing_id,
        "market_key": rng.choice(MARKETS)[0],
        "source": "proof",
        "source_id": str(listing_id),
        "host_id": plan.host.user_id,
        "title": "",
        "description": "",
        "house_rules": "",
        "property_type": "apartment",
        "room_type": "entire_home",
        "accommodates": 4,
        "amenities": [],
        "latitude": 0.0,
        "longitude": 0.0,
        "content_hash": "",
        "instant_book": listing_id == plan.listing_ids[0] or rng.random() < 0.3,
        "cancellation_policy": rng.choice(POLICIES),
    }


def _terms(listing_id: int) -> dict[str, Any]:
    rng = _of(listing_id)
    market_key = rng.choice(MARKETS)[0]
    currency = next(market[2] for market in MARKETS if market[0] == market_key)
    return {
        "listing_id": listing_id,
        "currency": currency,
        "base_price_minor": rng.randrange(5_000, 20_000),
        "weekend_price_minor": rng.randrange(5_000, 25_000),
        "guests_included": 2,
        "extra_guest_fee_minor": rng.choice((0, 777)),
        "cleaning_fee_minor": rng.choice((0, 3_333)),
        "weekly_discount_bps": 1_000,
        "max_stay": 60,
        "calendar_from": STARTS_AT.date() - timedelta(days=3),
        "calendar_until": STARTS_AT.date() + timedelta(days=60),
        "approval_hours": rng.choice((1, 24)),
        "requires_verified_guest": rng.random() < 0.2,
    }


def feed_row(listing_id: int) -> dict[str, Any]:
    """A calendar of another site, not read yet."""
    return {
        "feed_id": feed_id_of(listing_id),
        "listing_id": listing_id,
        "name": "other site",
        "url": url_of(listing_id),
        "status": "new",
        "created_at": STARTS_AT,
        "next_read_at": STARTS_AT,
    }


def _of(listing_id: int) -> Random:
    return Random(f"listing:{listing_id}")


def insert(connection: psycopg.Connection[Any], table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Copy rows that all have the same columns."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, first))
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)) as copy,
    ):
        for row in (first, *()):
            copy.write_row(list(row.values()))
        for row in rows:
            copy.write_row([json.dumps(value) if isinstance(value, dict) else value for value in row.values()])
