"""Real cities of Inside Airbnb, every schema since 2017, into a real database."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lodestay.clock import FixedClock
from transactional.imports.service import import_folder
from transactional.imports.summary import ImportSummary

pytestmark = pytest.mark.slow

Import = Callable[..., ImportSummary]
Db = psycopg.Connection[Any]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def import_city(connection: Db, options: dict[str, Any], shared_data: Path) -> Import:
    """Import a real city's snapshot."""

    def run(city: str, snapshot: str | None, **other: Any) -> ImportSummary:
        day = date.fromisoformat(snapshot) if snapshot else None
        folder = shared_data / "inside-airbnb" / city
        return import_folder(connection, folder, **{**options, "clock": FixedClock(NOW), "snapshot": day, **other})

    return run


def one(db: Db, query: str) -> tuple[Any, ...]:
    """The only row of a query."""
    row = db.execute(query).fetchone()
    assert row is not None
    return row


def records(path: Path) -> list[dict[str, str]]:
    """Records of a file, read in the plainest way."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_singapore_and_its_next_snapshot(
    import_city: Import, connection: Db, shared_data: Path, dump: Callable[..., str]
) -> None:
    """A million nights twice: every night as the file says, nobody named, gone listings kept but inactive."""
    first = import_city("singapore", "2023-09-23")
    assert (first.listings, first.nights, first.reviews) == (3483, 1_271_274, 35_698)
    assert (first.changes.created, first.changes.reviews, first.changes.neighbourhoods) == (3483, 35_698, 55)
    assert set(first.rejects) == {"no such score"}
    assert one(connection, "SELECT currency, country, timezone FROM markets") == ("SGD", "SG", "Asia/Singapore")
    assert_calendar_as_in_the_file(connection, shared_data / "inside-airbnb/singapore/calendar_2023-09-23.csv.gz")
    texts = dump(without=("calendar_nights", "occupancy"))
    assert_nobody_is_named(connection, texts, shared_data / "inside-airbnb/singapore")
    second = import_city("singapore", "2023-12-26")
    assert second.date_shift_days == first.date_shift_days
    assert (second.changes.created, second.changes.deactivated) == (3457 - 3134, 3483 - 3134)
    assert one(connection, "SELECT count(*) FILTER (WHERE is_active), count(*) FROM listings") == (3457, 3806)
    # The second dump has no amenities and no descriptions; those of the first stay.
    assert one(connection, "SELECT count(*) FROM listings WHERE is_active AND amenities <> '{}'")[0] > 3000
    again = import_city("singapore", "2023-12-26", force=True)
    assert (again.changes.total, again.changes.unchanged) == (0, 3457)


def assert_calendar_as_in_the_file(db: Db, path: Path) -> None:
    """As many nights are taken, and those that differ from the plan are what the file says."""
    file = records(path)
    taken = one(db, "SELECT sum(upper(stay) - lower(stay)) FROM occupancy")[0]
    assert taken == sum(row["available"] == "f" for row in file)
    held = {
        (source_id, night): (price, shortest)
        for source_id, night, price, shortest in db.execute(
            """
            SELECT l.source_id, (n.night - m.date_shift_days::int)::text,
                   coalesce(c.price_minor, CASE WHEN extract(isodow FROM n.night) IN (5, 6)
                                                THEN p.weekend_price_minor END, p.base_price_minor),
                   coalesce(c.min_stay, p.min_stay)
            FROM listings l JOIN markets m USING (market_key) JOIN rate_plans p USING (listing_id)
            CROSS JOIN LATERAL (SELECT p.calendar_from + i AS night
                                FROM generate_series(0, p.calendar_until - p.calendar_from - 1) i) n
            LEFT JOIN calendar_nights c ON c.listing_id = l.listing_id AND c.night = n.night
            WHERE l.listing_id % 50 = 0
            """
        )
    }
    compared = [row for row in file if (row["listing_id"], row["date"]) in held]
    assert len(compared) == len(held) > 20_000
    for row in compared:
        cents = round(float(row["price"].replace("$", "").replace(",", "")) * 100)
        assert held[row["listing_id"], row["date"]] == (cents, min(int(row["minimum_nights"]), 365))


def assert_nobody_is_named(db: Db, held: str, folder: Path) -> None:
    """No address, picture or number of a host, and no name in what was written by or to people."""
    hosts = {row["id"]: row for row in records(folder / "listings_2023-09-23.csv.gz")}
    authors = {row["id"]: row["reviewer_name"] for row in records(folder / "reviews_2023-09-23.csv.gz")}
    assert not re.search(r"airbnb\.com/|muscache\.com|[\w.]+@\w+\.\w", held)
    users = db.execute("SELECT u::text || p::text FROM users u JOIN host_profiles p USING (user_id)").fetchall()
    numbers = {number for (user,) in users for number in re.findall(r"(?<!\w)\d{4,}(?!\w)", user)}
    assert not numbers & {row["host_id"] for row in hosts.values()}
    reviews = db.execute("SELECT r.source_id, l.source_id, comment FROM reviews r JOIN listings l USING (listing_id)")
    named = {
        name
        for review, listing, text in reviews
        for name in (hosts[listing]["host_name"], authors[review])
        if name in text and re.search(rf"(?<=[a-z,] ){re.escape(name)}(?!\w)", text)
    }
    # Initials name nobody.
    assert {name for name in named if re.search(r"\w\w", name)} == set()


def test_antwerp_over_six_years(import_city: Import, connection: Db) -> None:
    """The old schema, flat prices and no prices: the market moves with its newest snapshot."""
    oldest = import_city("antwerp", "2019-09-25")
    assert (oldest.listings, oldest.nights, oldest.rejects["price is zero"]) == (2250, None, 1)
    assert "no calendar of 2019-09-25: nothing can be booked before one is imported" in oldest.missing
    assert (
        one(connection, "SELECT count(*) FROM rate_plans WHERE monthly_discount_bps > 0 AND cleaning_fee_minor > 0")[0]
        > 50
    )
    middle = import_city("antwerp", "2024-06-29")
    assert (middle.changes.created, middle.nights) == (2870 - 494, 1_047_550)
    assert one(
        connection,
        "SELECT count(*) FROM rate_plans p JOIN listings USING (listing_id)"
        " WHERE is_active AND base_price_minor IS NULL",
    ) == (0,)
    newest = import_city("antwerp", "2025-06-25")
    assert (newest.listings, newest.nights) == (2654, 968_710)
    assert "no price for 357 of 2,654 listings: these cannot be booked" in newest.missing
    assert one(connection, "SELECT max(base_price_minor), max(date_shift_days) FROM rate_plans, markets") == (
        5_000_000,
        364,
    )
    assert one(connection, "SELECT count(*), count(*) FILTER (WHERE is_active) FROM listings")[1] == 2654


def test_jersey_city(import_city: Import, connection: Db) -> None:
    """Prices by night in the old schema, in dollars."""
    summary = import_city("jersey-city", None)
    assert (summary.listings, summary.nights, summary.rejects) == (2651, 967_618, {"price is zero": 2})
    assert one(connection, "SELECT market_key, name, country, currency FROM markets") == (
        "jersey-city",
        "Jersey City",
        "US",
        "USD",
    )
    assert one(connection, "SELECT count(*) FROM rate_plans WHERE weekend_price_minor IS NOT NULL")[0] > 200


def test_stockholm(import_city: Import, connection: Db) -> None:
    """No calendar, reviews that are dates only, listings outside every polygon, Swedish texts, crowns."""
    summary = import_city("stockholm", None)
    assert (summary.listings, summary.nights) == (3985, None)
    assert summary.rejects["not between 1 and 50 guests"] == 5
    assert summary.reviews == 97_698 - summary.rejects["listing not imported"]
    assert "no calendar of 2022-09-24: nothing can be booked before one is imported" in summary.missing
    assert one(connection, "SELECT currency FROM markets") == ("SEK",)
    assert one(connection, "SELECT count(*) FROM listings WHERE neighbourhood_id IS NULL") == (0,)
    assert one(connection, "SELECT count(*) FROM listings WHERE language = 'sv'")[0] > 300


def test_barossa_valley_snapshot_by_snapshot(import_city: Import, connection: Db, shared_data: Path) -> None:
    """Every schema in order, each a tenth of the way: numbers follow the files, reviews arrive at the end."""
    days = sorted(
        path.name[9:19] for path in (shared_data / "inside-airbnb" / "barossa-valley").glob("listings_*.csv.gz")
    )
    assert len(days) == 79
    for day in [*days[:77:12], *days[-2:]]:
        summary = import_city("barossa-valley", day)
        active = one(connection, "SELECT count(*) FROM listings WHERE is_active")[0]
        assert active == summary.listings
        assert summary.date_shift_days % 364 == 0
        assert one(connection, "SELECT max(last_review_on) <= DATE '2026-11-22' + 120 FROM listings") == (True,)
    held = one(connection, "SELECT count(*) FILTER (WHERE is_active) FROM reviews JOIN listings USING (listing_id)")
    assert held == (19_901,)
