"""Snapshots over each other in a real database: nothing twice, nothing lost, nothing half, nobody named."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from tests.transactional.imports.small_city import (
    HOST_NAME,
    HOST_NUMBER,
    REVIEWER_NAME,
    REVIEWER_NUMBER,
    City,
    listing,
    nights,
    review,
)
from transactional.imports import calendar_merge
from transactional.imports.errors import OlderSnapshot, OtherCurrency
from transactional.imports.inside_airbnb import masking, reader
from transactional.imports.summary import Changes, ImportSummary

Import = Callable[..., ImportSummary]
Db = psycopg.Connection[Any]

# The clock of the tests stands on 15 June 2026: a snapshot of 10 June 2024 moves by two steps of 364 days.
SHIFT = timedelta(days=728)
FIRST = date(2024, 6, 10)


def whole_city(city: City) -> None:
    """Three listings with a calendar of four hundred nights, reviews and neighbourhoods."""
    city.listings(*(listing(n) for n in (1, 2, 3)))
    city.calendar(*(row for n in (1, 2, 3) for row in nights(n, FIRST, "..xx." * 80)))
    city.reviews(review(1, 1), review(2, 2))
    city.neighbourhoods("Eilandje", "Zuid")


@pytest.fixture
def imported(city: City, run_import: Import) -> ImportSummary:
    """A whole small city, imported."""
    whole_city(city)
    return run_import()


def rows(db: Db, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    return db.execute(query).fetchall()


def test_an_import_writes_a_marketplace(imported: ImportSummary, connection: Db) -> None:
    """Everything is there, with its dates moved, and announced once."""
    assert imported.changes == Changes(created=3, hosts=1, neighbourhoods=2, calendars=3, reviews=2)
    assert imported.date_shift_days == SHIFT.days
    market = rows(connection, "SELECT market_key, country, currency, snapshot_date, date_shift_days FROM markets")
    assert market == [("antwerp", "BE", "EUR", FIRST, SHIFT.days)]
    assert rows(connection, "SELECT DISTINCT calendar_from, calendar_until FROM rate_plans") == [
        (FIRST + SHIFT, FIRST + SHIFT + timedelta(days=400))
    ]
    taken = rows(
        connection, "SELECT listing_id, kind, count(*), sum(upper(stay) - lower(stay)) FROM occupancy GROUP BY 1, 2"
    )
    assert [row[1:] for row in taken] == [("imported", 80, 160)] * 3
    assert rows(connection, "SELECT count(*) FROM calendar_nights") == [(0,)]
    assert rows(connection, "SELECT topic, count(*) FROM outbox GROUP BY 1") == [("listing.created", 3)]
    assert rows(connection, "SELECT DISTINCT written_on FROM reviews") == [(date(2024, 5, 1) + SHIFT,)]


def test_importing_twice_changes_nothing(
    imported: ImportSummary, city: City, run_import: Import, dump: Callable[[], str]
) -> None:
    """Not a row, whether the files are recognised or read again by force."""
    before = dump()
    again = run_import()
    assert (again.already_imported, again.run_id, again.changes.total) == (True, imported.run_id, 0)
    assert dump() == before
    forced = run_import(force=True)
    assert (forced.already_imported, forced.changes) == (False, Changes(unchanged=3))
    kept = [line for line in dump().splitlines() if not line.startswith("import_runs")]
    assert kept == [line for line in before.splitlines() if not line.startswith("import_runs")]


def test_a_newer_snapshot_updates(imported: ImportSummary, city: City, run_import: Import, connection: Db) -> None:
    """Changed rows change, the same rows stay untouched, gone listings are deactivated and come back."""
    later = FIRST + timedelta(days=30)
    versions = dict(rows(connection, "SELECT source_id, version FROM listings"))
    city.listings(listing(1), listing(2, price="$140.00"), listing(4), name=f"listings_{later}.csv.gz")
    calendar = [
        row
        for n, price in ((1, "$120.00"), (2, "$140.00"), (4, "$120.00"))
        for row in nights(n, later, "..xx." * 73, price=price)
    ]
    city.calendar(*calendar, name=f"calendar_{later}.csv.gz")
    summary = run_import(snapshot=later)
    assert (summary.changes.created, summary.changes.updated, summary.changes.unchanged) == (1, 1, 1)
    assert (summary.changes.deactivated, summary.changes.hosts, summary.date_shift_days) == (1, 0, SHIFT.days)
    state = rows(connection, "SELECT source_id, is_active, version FROM listings ORDER BY source_id")
    assert state == [("1", True, versions["1"]), ("2", True, 2), ("3", False, 2), ("4", True, 1)]
    topics = rows(
        connection,
        "SELECT source_id, array_agg(topic ORDER BY topic) FROM outbox JOIN listings USING (listing_id)"
        f" WHERE payload->>'import_run' = '{summary.run_id}' GROUP BY 1 ORDER BY 1",
    )
    assert topics == [
        ("1", ["calendar.changed"]),
        ("2", ["calendar.changed", "listing.updated"]),
        ("3", ["listing.deactivated"]),
        ("4", ["listing.created"]),
    ]
    # Thirty nights before the new calendar are known still, at what they cost then.
    assert rows(
        connection,
        "SELECT count(*), min(price_minor), max(night) FROM calendar_nights JOIN listings USING (listing_id)"
        " WHERE source_id = '2'",
    ) == [(30, 12000, later + SHIFT - timedelta(days=1))]
    known = "SELECT DISTINCT calendar_from, calendar_until FROM rate_plans JOIN listings USING (listing_id)"
    assert rows(connection, f"{known} WHERE source_id IN ('1', '2')") == [
        (FIRST + SHIFT, later + SHIFT + timedelta(days=365))
    ]
    much_later = later + timedelta(days=30)
    city.listings(*(listing(n) for n in (1, 2, 3, 4)), name=f"listings_{much_later}.csv.gz")
    back = run_import(snapshot=much_later)
    assert (back.changes.reactivated, back.changes.created, back.nights) == (1, 0, None)
    assert rows(connection, f"{known} WHERE source_id = '1'")[0][1] == later + SHIFT + timedelta(days=365)


def test_an_older_snapshot_is_refused(
    imported: ImportSummary, city: City, run_import: Import, dump: Callable[[], str]
) -> None:
    """With nothing written, and with both dates in the sentence."""
    before = dump()
    city.listings(listing(1, name="Older"), name="listings_2024-05-29.csv.gz")
    with pytest.raises(OlderSnapshot, match="2024-05-29 is older than the one of 2024-06-10"):
        run_import(snapshot=date(2024, 5, 29))
    assert dump() == before


def test_another_currency_is_refused(imported: ImportSummary, city: City, run_import: Import) -> None:
    """A market's amounts are in one currency."""
    with pytest.raises(OtherCurrency, match="priced in EUR, the snapshot in SEK"):
        run_import(currency="SEK")


def test_bookings_stay_and_the_rest_is_imported(
    imported: ImportSummary, city: City, run_import: Import, connection: Db
) -> None:
    """A taken night that a booking of ours has is counted as a conflict, and the booking keeps it."""
    later = FIRST + timedelta(days=1)
    first = later + SHIFT
    (number,) = rows(connection, "SELECT listing_id FROM listings WHERE source_id = '1'")[0]
    booked = (first + timedelta(days=10), first + timedelta(days=12))
    connection.execute("DELETE FROM occupancy WHERE listing_id = %s", (number,))
    connection.execute(
        "INSERT INTO occupancy (listing_id, stay, kind) VALUES (%s, daterange(%s, %s), 'booking')", (number, *booked)
    )
    city.listings(listing(1), name=f"listings_{later}.csv.gz")
    city.calendar(*nights(1, later, "." * 9 + "xxxxx" + "." * 380), name=f"calendar_{later}.csv.gz")
    assert run_import(snapshot=later).changes.conflicts == 2
    held = rows(
        connection,
        f"SELECT kind, lower(stay) - DATE '{first}', upper(stay) - DATE '{first}' FROM occupancy"
        f" WHERE listing_id = {number} ORDER BY 2",
    )
    assert held == [("imported", 9, 10), ("booking", 10, 12), ("imported", 12, 14)]


def test_an_import_leaves_the_nights_of_feeds_alone(
    imported: ImportSummary, city: City, run_import: Import, connection: Db
) -> None:
    """Nights that another site's calendar has are as much in the way as a booking, and are not the import's to free."""
    later = FIRST + timedelta(days=1)
    first = later + SHIFT
    (number,) = rows(connection, "SELECT listing_id FROM listings WHERE source_id = '1'")[0]
    connection.execute("DELETE FROM occupancy WHERE listing_id = %s", (number,))
    connection.execute(
        "INSERT INTO calendar_feeds (feed_id, listing_id, name, url, status, created_at, next_read_at)"
        " VALUES (gen_random_uuid(), %s, 'Airbnb', 'https://airbnb.example/1.ics', 'fresh', now(), now())",
        (number,),
    )
    connection.execute(
        "INSERT INTO occupancy (listing_id, stay, kind, feed_id)"
        " SELECT listing_id, daterange(%s, %s), 'imported', feed_id FROM calendar_feeds",
        (first + timedelta(days=10), first + timedelta(days=12)),
    )
    of_feed = "SELECT lower(stay), upper(stay) FROM occupancy WHERE is_live AND feed_id IS NOT NULL"
    before = rows(connection, of_feed)
    city.listings(listing(1), name=f"listings_{later}.csv.gz")
    city.calendar(*nights(1, later, "." * 9 + "xxxxx" + "." * 380), name=f"calendar_{later}.csv.gz")
    assert run_import(snapshot=later).changes.conflicts == 2
    assert rows(connection, of_feed) == before
    much_later = date(2026, 6, 1)
    city.listings(listing(1), name=f"listings_{much_later}.csv")
    city.calendar(*nights(1, much_later, "." * 365), name=f"calendar_{much_later}.csv")
    run_import(snapshot=much_later)
    assert rows(connection, of_feed) == before


def test_prices_and_rules_grow_the_version_and_who_has_a_night_does_not(
    imported: ImportSummary, city: City, run_import: Import, connection: Db
) -> None:
    """Quotes and hosts' edits know by the version that a source has changed a price; taken nights are no price."""

    def versions() -> dict[str, int]:
        query = "SELECT source_id, rate_plans.version FROM rate_plans JOIN listings USING (listing_id)"
        return {name: int(version) for name, version in rows(connection, query)}

    def again(pattern: str, *, dearer: int) -> None:
        prices = {n: "$150.00" if n == dearer else "$120.00" for n in (1, 2, 3)}
        city.calendar(*(row for n in (1, 2, 3) for row in nights(n, FIRST, pattern, price=prices[n])))
        run_import()

    before = versions()
    again("xx..." * 80, dearer=0)
    assert versions() == before
    again("xx..." * 80, dearer=2)
    after = versions()
    assert after["2"] > before["2"]
    assert {name: after[name] for name in "13"} == {name: before[name] for name in "13"}


def test_full_reviews_replace_dates_and_not_the_other_way_round(city: City, run_import: Import, connection: Db) -> None:
    """The same review is never there twice; one that the source took back goes."""
    days = [{"listing_id": 1, "date": "2024-05-01"}, {"listing_id": 1, "date": "2024-05-02"}]
    counts = []
    for day, text in (("2024-06-01", False), ("2024-06-02", True), ("2024-06-03", False)):
        city.listings(listing(1), name=f"listings_{day}.csv")
        if text:
            city.reviews(review(1, 1), name=f"reviews_{day}.csv")
        else:
            city.write(f"reviews_{day}.csv", ["listing_id", "date"], days)
        run_import(snapshot=date.fromisoformat(day))
        counts.append(rows(connection, "SELECT count(*), count(*) FILTER (WHERE comment <> '') FROM reviews")[0])
    assert counts == [(2, 0), (1, 1), (2, 1)]


def test_a_thinner_snapshot_takes_nothing_away(
    imported: ImportSummary, city: City, run_import: Import, connection: Db
) -> None:
    """Columns that a whole dump leaves out keep what an earlier one said."""
    before = rows(connection, "SELECT description, amenities, bedrooms FROM listings ORDER BY source_id")
    thin = {"description": "", "amenities": "[]", "bedrooms": ""}
    city.listings(*(listing(n, **thin) for n in (1, 2, 3)), name="listings_2024-07-29.csv")
    summary = run_import(snapshot=date(2024, 7, 29))
    assert summary.changes.updated == 0
    assert rows(connection, "SELECT description, amenities, bedrooms FROM listings ORDER BY source_id") == before


def test_snapshots_years_apart_move_the_market(
    imported: ImportSummary, city: City, run_import: Import, connection: Db
) -> None:
    """The newest snapshot lies at today; what came earlier moves with it and its calendar is forgotten."""
    later = date(2026, 6, 1)
    city.listings(listing(1), name=f"listings_{later}.csv")
    city.calendar(*nights(1, later, "." * 365), name=f"calendar_{later}.csv")
    assert run_import(snapshot=later).date_shift_days == 0
    assert rows(connection, "SELECT calendar_from FROM rate_plans ORDER BY 1 NULLS LAST") == [
        (later,),
        (None,),
        (None,),
    ]
    assert rows(connection, "SELECT DISTINCT written_on FROM reviews") == [(date(2024, 5, 1),)]


def test_dates_can_be_kept(city: City, run_import: Import, connection: Db) -> None:
    """``--keep-dates`` moves nothing."""
    city.listings(listing(1))
    assert run_import(keep_dates=True).date_shift_days == 0
    assert rows(connection, "SELECT last_review_on FROM listings") == [(date(2024, 6, 1),)]


@pytest.mark.parametrize("step", ["resolve_calendar", "merge_nights", "merge_occupancy"])
def test_an_import_that_dies_leaves_nothing(
    city: City, doomed_import: Import, dump: Callable[[], str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The server ends the session in the middle of writing: the tables are as they were before."""
    whole_city(city)
    before = dump()
    monkeypatch.setattr(calendar_merge, step, lambda db: db.execute("SELECT pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(psycopg.OperationalError):
        doomed_import()
    assert dump() == before


def test_without_the_transaction_it_would_leave_half(
    city: City, doomed_import: Import, dump: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: commit after the listings, die after that, and half an import is there."""
    whole_city(city)
    before = dump()

    def commit_and_die(db: Db) -> None:
        db.execute("COMMIT")
        db.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(calendar_merge, "resolve_calendar", commit_and_die)
    with pytest.raises(psycopg.Error):
        doomed_import()
    assert dump() != before


SECRETS = (
    *HOST_NAME.split(),
    HOST_NUMBER,
    REVIEWER_NAME,
    REVIEWER_NUMBER,
    "example.org",
    "muscache",
    "users/show",
    "0475",
    "475 12 34 56",
    "keep bees",
)


def test_no_table_names_anybody(imported: ImportSummary, dump: Callable[[], str]) -> None:
    """Not a name, number, address or picture of host or reviewer is in any row of any table."""
    held = dump()
    assert "lovely stay by the water" in held
    assert [secret for secret in SECRETS if re.search(re.escape(secret), held, re.IGNORECASE)] == []


def test_without_the_mask_names_would_be_there(
    city: City,
    run_import: Import,
    dump: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative control: with the masks off, the same search finds them."""
    monkeypatch.setattr(reader, "mask_contacts", lambda text: text)
    monkeypatch.setattr(masking.Names, "hide", lambda _self, text, *_, **__: text)
    whole_city(city)
    run_import()
    found = [secret for secret in SECRETS if re.search(re.escape(secret), dump(), re.IGNORECASE)]
    assert {"Wilhelmina", "Zacharias", "example.org", "475 12 34 56"} <= set(found)


def test_rejects_are_kept_with_the_run(city: City, run_import: Import, connection: Db) -> None:
    """File, line, column and reason, counted in the summary."""
    city.listings(listing(1), listing(2, accommodates=99))
    summary = run_import()
    assert summary.rejects == {"not between 1 and 50 guests": 1}
    assert rows(connection, "SELECT run_id, file, line, column_name, reason, value FROM import_rejects") == [
        (summary.run_id, "listings.csv.gz", 3, "accommodates", "not between 1 and 50 guests", "99")
    ]


def test_languages_told_here_outlive_an_import(
    imported: ImportSummary, city: City, run_import: Import, connection: Db
) -> None:
    """Inside Airbnb does not say which languages hosts speak: a newer snapshot leaves what the host said alone."""
    connection.execute("UPDATE host_profiles SET languages = '{en,nl}'")
    connection.commit()
    city.listings(*(listing(n, host_response_rate="77%") for n in (1, 2, 3)))
    run_import()
    assert rows(connection, "SELECT languages, response_rate_bps FROM host_profiles") == [(["en", "nl"], 7700)]
