"""The marketplace of a world, written in bulk; and what the lookout adds to its database.

The lookout does not go by the outbox to know what has changed: triggers of its own note the listing of every row that
is written. The outbox's rows carry the world's time, which is not the machine's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import psycopg

from bench.lookout.plan import PLACES, Plan
from bench.proof.marketplace import POLICIES, RATES, feed_row, insert
from bench.proof.plan import STARTS_AT

FED: Final = 4
"""Every so manieth listing has a calendar of another site."""
WATCHED: Final = ("listings", "rate_plans", "seasons", "calendar_nights", "occupancy")
_LOOKOUT: Final = """
    CREATE TABLE lookout_clock AS SELECT '{now}'::timestamptz AS now;
    CREATE FUNCTION lookout_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now FROM lookout_clock';
    ALTER TABLE outbox ALTER occurred_at SET DEFAULT lookout_now();
    CREATE UNLOGGED TABLE lookout_touched (listing_id bigint);
    CREATE FUNCTION lookout_touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO lookout_touched VALUES (coalesce(NEW.listing_id, OLD.listing_id));
        RETURN NULL;
    END
    $$;
"""
_TRIGGER: Final = """
    CREATE TRIGGER lookout AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION lookout_touch()
"""


def make(connection: psycopg.Connection[Any], plan: Plan) -> None:
    """Write everything that a world needs before it begins."""
    insert(connection, "markets", _markets())
    insert(connection, "exchange_rates", _rates())
    insert(connection, "users", _people(plan))
    insert(connection, "listings", (_listing(plan, listing_id) for listing_id in plan.listing_ids))
    rate_plans = ({"listing_id": listing_id, **plan.terms_of(listing_id)} for listing_id in plan.listing_ids)
    insert(connection, "rate_plans", rate_plans)
    insert(connection, "seasons", (row for listing_id in plan.listing_ids for row in _seasons(plan, listing_id)))
    insert(connection, "calendar_nights", (row for listing_id in plan.listing_ids for row in _nights(plan, listing_id)))
    insert(
        connection, "calendar_feeds", (feed_row(listing_id) for listing_id in plan.listing_ids if listing_id % FED == 0)
    )
    connection.execute(_LOOKOUT.format(now=STARTS_AT.isoformat()).encode())
    for table in WATCHED:
        connection.execute(_TRIGGER.format(table=table).encode())
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")


def _markets() -> Iterator[dict[str, Any]]:
    for place in PLACES:
        yield {
            "market_key": place.key,
            "name": place.key.title(),
            "country": place.country,
            "currency": place.currency,
            "timezone": place.timezone,
            "latitude": place.latitude,
            "longitude": place.longitude,
            "service_fee_bps": place.service_fee_bps,
            "tax_bps": place.tax_bps,
        }


def _rates() -> Iterator[dict[str, Any]]:
    for currency, per_euro in RATES.items():
        yield {"day": STARTS_AT.date() - timedelta(days=1), "currency": currency, "per_euro": per_euro}


def _people(plan: Plan) -> Iterator[dict[str, Any]]:
    for actor in (*plan.hosts, *plan.guests, plan.admin):
        roles = [role.value for role in actor.roles]
        yield {"user_id": actor.user_id, "display_name": "", "roles": roles, "identity_verified": True}


def _listing(plan: Plan, listing_id: int) -> dict[str, Any]:
    rng, place = plan.draws("listing", listing_id), plan.place_of(listing_id)
    return {
        "listing_id": listing_id,
        "market_key": place.key,
        "source": "lookout",
        "source_id": str(listing_id),
        "host_id": plan.host_of(listing_id).user_id,
        "title": f"Listing {listing_id}",
        "description": "",
        "house_rules": "",
        "property_type": rng.choice(("apartment", "house", "loft")),
        "room_type": rng.choice(("entire_home", "private_room")),
        "accommodates": rng.choice((1, 2, 4, 4)),
        "amenities": ["wifi"],
        "latitude": round(place.latitude + rng.uniform(-0.05, 0.05), 6),
        "longitude": round(place.longitude + rng.uniform(-0.05, 0.05), 6),
        "content_hash": "",
        "instant_book": plan.is_booked_at_once(listing_id),
        "cancellation_policy": rng.choice(POLICIES),
    }


def _seasons(plan: Plan, listing_id: int) -> Iterator[dict[str, Any]]:
    rng = plan.draws("seasons", listing_id)
    for number in range(rng.choice((0, 0, 1, 2))):
        starts_on = STARTS_AT.date() + timedelta(days=rng.randint(-2, 60))
        ends_before = starts_on + timedelta(days=rng.randint(3, 40))
        yield {
            "listing_id": listing_id,
            "name": str(number),
            "span": f"[{starts_on},{ends_before})",
            "price_bps": rng.choice((8_000, 12_345)),
            "min_stay": rng.choice((None, 2, 4)),
        }


def _nights(plan: Plan, listing_id: int) -> Iterator[dict[str, Any]]:
    rng = plan.draws("nights", listing_id)
    for day in sorted(rng.sample(range(40), rng.choice((0, 3, 8)))):
        yield {
            "listing_id": listing_id,
            "night": STARTS_AT.date() + timedelta(days=day),
            "price_minor": rng.choice((None, rng.randrange(1_000, 50_000))),
            "min_stay": rng.choice((None, None, 1, 4)),
            "max_stay": rng.choice((None, None, 6)),
            "min_stay_through": rng.choice((None, None, 3)),
            "max_stay_through": rng.choice((None, None, 4)),
            "closed_to_arrival": rng.random() < 0.2,
            "closed_to_departure": rng.random() < 0.2,
        }
