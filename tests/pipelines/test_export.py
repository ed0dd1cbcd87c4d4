"""What is really under test: every column of every exported table is accounted for, and one moment is exported."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, cast

import psycopg
import pytest
from pyspark.sql import SparkSession

from lodestay.lake import EXPORTED_TABLES, RAW
from pipelines.partitions import read
from pipelines.spark_jobs.export import ORDER, Source, export, jdbc_options, read_table, snapshot_of
from pipelines.spark_jobs.export_queries import COLUMNS, LEFT_OUT, bounds_query, export_query
from pipelines.spark_jobs.job import Scope
from pipelines.writing import publish
from transactional.kit.metadata import metadata

MARKETS = """
INSERT INTO markets (market_key, name, country, currency, timezone, latitude, longitude, service_fee_bps, tax_bps)
VALUES ('antwerp', 'Antwerp', 'BE', 'EUR', 'Europe/Brussels', 51.2, 4.4, 1200, 600),
       ('oslo', 'Oslo', 'NO', 'NOK', 'Europe/Oslo', 59.9, 10.7, 1200, 0);
INSERT INTO users (user_id, display_name, roles)
VALUES ('00000000-0000-0000-0000-000000000001', 'Host', '{host}');
INSERT INTO host_profiles (user_id, source, source_key)
VALUES ('00000000-0000-0000-0000-000000000001', 'test', 'k');
"""
LISTING = """
INSERT INTO listings (market_key, source, source_id, host_id, title, description, house_rules, property_type, room_type,
                      accommodates, bathrooms, amenities, latitude, longitude, content_hash)
VALUES (%(market)s, 'test', %(source_id)s, '00000000-0000-0000-0000-000000000001', 'Flat', '', '', 'apartment',
        'entire_home', 2, 1.5, '{wifi,kitchen}', 51.2, 4.4, 'x') RETURNING listing_id
"""
PLAN = "INSERT INTO rate_plans (listing_id, currency, guests_included) VALUES (%s, 'EUR', 2)"
TAKEN = "INSERT INTO occupancy (listing_id, stay, kind) VALUES (%s, '[2026-03-02,2026-03-05)', 'imported')"
SCOPE_DAY = date(2026, 3, 1)


@pytest.mark.parametrize("table", EXPORTED_TABLES)
def test_every_column_is_accounted_for(table: str) -> None:
    """A column of the model is exported or left out on purpose, never both, never neither."""
    named, left = set(COLUMNS[table]), set(LEFT_OUT.get(table, ()))
    assert not named & left
    assert named | left == {column.name for column in metadata.tables[table].columns}
    assert table in ORDER


def test_people_stay_in_the_database() -> None:
    """Who booked and who wrote is in no exported column."""
    for table in EXPORTED_TABLES:
        assert not {"guest_id", "author_key", "source_key", "display_name"} & set(COLUMNS[table])


def test_values_are_quoted() -> None:
    """A key with a quote in it stays a value: nothing of it becomes SQL."""
    query = export_query("reviews", ["o'slo; DROP TABLE users"])
    assert "'o''slo; DROP TABLE users'" in query
    assert bounds_query("markets", ["oslo"]) is None


def test_address_for_spark() -> None:
    """What the address asks of a connection, TLS above all, is asked of Spark's too; credentials travel beside it."""
    url = "postgresql://me:p%40ss@[::1]:5433/stays?sslmode=verify-full&sslrootcert=/ca.pem"
    source = Source(url, "s", datetime(2026, 3, 1, tzinfo=UTC), "1:1:", cast("psycopg.Connection[Any]", None))
    options = jdbc_options(source)
    assert options["url"] == "jdbc:postgresql://[::1]:5433/stays?sslmode=verify-full&sslrootcert=/ca.pem"
    assert (options["user"], options["password"]) == ("me", "p@ss")


@pytest.mark.spark
def test_one_moment(spark: SparkSession, database_url: str, lake: str) -> None:
    """Rows of the markets asked for come in plain types, and what is committed after the snapshot does not."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(MARKETS)
        for number, market in enumerate(("antwerp", "antwerp", "oslo")):
            row = connection.execute(LISTING, {"market": market, "source_id": str(number)}).fetchone()
            connection.execute(PLAN, row)
            connection.execute(TAKEN, row)
        scope = Scope(SCOPE_DAY, ("antwerp",), lake)
        with snapshot_of(database_url) as source:
            connection.execute(LISTING, {"market": "antwerp", "source_id": "late"})
            exported = export(spark, source, scope)
            assert read_table(spark, source, "listings", ["antwerp", "oslo"]).count() == 3
    for one in exported:
        publish(one.waiting, lake)
    written = {one.dataset.name: one.row_count for one in exported}
    assert written["listings"] == written["occupancy"] == written["rate_plans"] == 2
    assert written["markets"] == written["host_profiles"] == 1
    listing = read(spark, RAW["listings"], lake, scope.partitions).first()
    taken = read(spark, RAW["occupancy"], lake, scope.partitions).first()
    city = read(spark, RAW["markets"], lake, scope.partitions).first()
    assert listing is not None
    assert (listing.amenities, float(listing.bathrooms), listing.day) == (["wifi", "kitchen"], 1.5, SCOPE_DAY)
    assert taken is not None
    assert (taken.stay_from, taken.stay_until) == (date(2026, 3, 2), date(2026, 3, 5))
    assert city is not None
    assert (city.exported_at is not None, city.export_sees) == (True, source.sees)
    assert city.sources == "test"
