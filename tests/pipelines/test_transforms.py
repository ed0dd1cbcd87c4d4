"""What is really under test: Spark's transforms give what the pure functions and plain arithmetic say."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import orjson
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.functions import lit

from lodestay.lake import LANDMARKS, LISTING_VECTORS, STAGED_LISTINGS
from ml.listing_features import SCHEMA, booking_stats, listing_features, night_stats, review_stats
from pipelines.calendar_columns import RULE_COLUMNS
from pipelines.partitions import read_table
from pipelines.spark_jobs.documents import documents, named_landmarks, newest_reviews
from pipelines.spark_jobs.embeddings import make_vectors
from pipelines.spark_jobs.job import Scope
from pipelines.spark_jobs.listing_features import features
from pipelines.spark_jobs.stage_tables import staged_bookings
from pipelines.spark_jobs.training_sets import week_of
from pipelines.writing import Written, publish, write
from search.document import REVIEW_CHARACTERS, REVIEWS
from search.landmarks import SCHEMA as LANDMARK_SCHEMA
from search.landmarks import Mention, find_landmarks
from search.request import Point
from tests.search.marketplace import random_listing, random_terms

pytestmark = pytest.mark.spark

DAY = date(2026, 3, 2)
MARKET = "tokyo"


def test_staged_bookings(spark: SparkSession) -> None:
    """Nights' price is after discount, without fees; lead time counts dates at the listing, not in UTC."""
    markets = spark.createDataFrame([(MARKET, "Asia/Tokyo")], "market_key string, timezone string")
    lines = (
        '[{"component": "nights", "minor": 1000}, {"component": "length_of_stay_discount", "minor": -100},'
        ' {"component": "cleaning", "minor": 50}]'
    )
    late_evening = datetime(2026, 3, 1, 20, tzinfo=UTC)  # 5 in the morning of 2 March in Tokyo
    bookings = spark.createDataFrame(
        [(MARKET, date(2026, 3, 5), date(2026, 3, 12), lines, late_evening)],
        "market string, check_in date, check_out date, lines string, created_at timestamp",
    )
    row = staged_bookings(bookings, markets).first()
    assert row is not None
    assert (row.nights, row.lead_days, row.nights_minor) == (7, 3, 900)


def _listings() -> pa.Table:
    rows = [
        {
            "listing_id": number,
            "market": MARKET,
            "title": f"Flat {number}",
            "description": "near the park",
            "neighbourhood": "N",
            "property_type": "apartment",
            "room_type": "entire_home",
            "accommodates": 2 + number % 3,
            "bedrooms": 1,
            "beds": 2,
            "bathrooms": 1.0,
            "shared_bathroom": False,
            "amenities": ["wifi"],
            "latitude": 35.6 + number / 1000,
            "longitude": 139.7,
            "instant_book": True,
            "currency": "JPY",
            "base_price_minor": 10_000 + number,
            "weekend_price_minor": None,
            "cleaning_fee_minor": 0,
            "weekly_discount_bps": 0,
            "monthly_discount_bps": 0,
            "min_stay": 1,
            "max_stay": 30,
            "advance_notice_days": 0,
            "host_since": DAY - timedelta(days=900),
            "response_hours": 1,
            "response_rate_bps": 9000,
            "acceptance_rate_bps": 9000,
            "is_superhost": True,
            "identity_verified": True,
            "rating": 4.0,
            "rating_cleanliness": None,
            "rating_location": None,
            "rating_value": None,
            "review_count": 3,
            "first_review_on": DAY - timedelta(days=400),
            "last_review_on": DAY - timedelta(days=40),
            "market_latitude": 35.6,
            "market_longitude": 139.7,
        }
        for number in range(1, 21)
    ]
    floats = ("rating_cleanliness", "rating_location", "rating_value")
    table = pa.Table.from_pylist(rows)
    for name in floats:
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.float64()))
    place = table.schema.get_field_index("weekend_price_minor")
    return table.set_column(place, "weekend_price_minor", table["weekend_price_minor"].cast(pa.int64()))


def test_features_are_the_pure_function(spark: SparkSession) -> None:
    """Spark's features equal those of one call on plain tables; of a past day, nights booked since count as free."""
    listings = _listings()
    booked_at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    nights = pa.Table.from_pylist(
        [
            {
                "listing_id": listing,
                "market": MARKET,
                "night": DAY + timedelta(days=ahead),
                "price_minor": 9_000 + 10 * ahead + listing,
                "is_free": not (listing == 1 and ahead < 10),
                "taken_at": booked_at if listing == 1 and ahead < 10 else None,
                "min_stay": 2,
                "max_stay": 30,
            }
            for listing in range(1, 21)
            for ahead in range(40)
        ]
    )
    reviews = pa.Table.from_pylist(
        [{"listing_id": 2, "market": MARKET, "written_on": DAY - timedelta(days=9), "rating": 5}]
    )
    bookings = pa.Table.from_pylist(
        [
            {
                "listing_id": 1,
                "market": MARKET,
                "created_at": booked_at,
                "confirmed_at": booked_at,
                "cancelled_at": None,
                "nights": 10,
                "lead_days": 1,
                "nights_minor": 90_000,
            }
        ]
    ).cast(
        pa.schema(
            [
                ("listing_id", pa.int64()),
                ("market", pa.string()),
                ("created_at", pa.timestamp("us", "UTC")),
                ("confirmed_at", pa.timestamp("us", "UTC")),
                ("cancelled_at", pa.timestamp("us", "UTC")),
                ("nights", pa.int64()),
                ("lead_days", pa.int64()),
                ("nights_minor", pa.int64()),
            ]
        )
    )
    week_before = DAY - timedelta(days=7)
    frames = [spark.createDataFrame(table) for table in (listings, nights, reviews, bookings)]
    made = features(*frames, as_of=[DAY, week_before]).toArrow().sort_by("listing_id")
    now, then = (made.filter(pa.compute.equal(made["as_of"], pa.scalar(day))) for day in (DAY, week_before))
    expected = listing_features(
        listings,
        night_stats(nights, as_of=DAY),
        review_stats(reviews, as_of=DAY),
        booking_stats(bookings, as_of=DAY),
        as_of=DAY,
    )
    assert now.select(SCHEMA.names).cast(SCHEMA).equals(expected)
    assert now["occupancy_30"].to_pylist()[0] == pytest.approx(10 / 30)
    assert then["occupancy_30"].to_pylist()[0] == 0.0, "booked after that day"
    assert (now["bookings_90"].to_pylist()[0], then["bookings_90"].to_pylist()[0]) == (1.0, 0.0)


def test_only_changed_texts_are_embedded(spark: SparkSession, lake: str) -> None:
    """A second run makes no vector; after one title changed and one listing went, one is made and one is gone."""
    scope = Scope(DAY, (MARKET,), lake)

    def stage(listings: pa.Table) -> None:
        dated = listings.append_column("day", pa.array([DAY.isoformat()] * listings.num_rows))
        rows = spark.createDataFrame(dated)
        publish(write(rows, STAGED_LISTINGS, lake, scope.partitions, order=["listing_id"]).waiting, lake)

    def embed() -> tuple[Written, int]:
        written, made = make_vectors(spark, scope, "universal-sentence-encoder")
        publish(written.waiting, lake)
        return written, made

    stage(_listings())
    written, made = embed()
    assert (written.row_count, made) == (20, 20)
    assert embed()[1] == 0
    changed = _listings().slice(1)
    titles = pa.array(["Another flat", *changed["title"].to_pylist()[1:]])
    stage(changed.set_column(changed.schema.get_field_index("title"), "title", titles))
    written, made = embed()
    assert (written.row_count, made) == (19, 1)
    (partition,) = written.rows
    kept = read_table(LISTING_VECTORS, lake, partition, columns=["listing_id", "dimension", "vector"])
    assert kept["listing_id"].to_pylist() == list(range(2, 21))
    assert {len(vector) for vector in kept["vector"].to_pylist()} == {512}


def test_the_newest_reviews_are_read(spark: SparkSession) -> None:
    """Of a listing's reviews the newest that say something, the newest first, each by its beginning."""
    rows = [(1, n, date(2026, 1, 1) + timedelta(days=n), f"{n} " + "x" * 900, "en") for n in range(9)]
    empty = (1, 99, date(2026, 2, 28), "", None)
    other = (2, 100, date(2026, 1, 1), "fin", "fr")
    reviews = spark.createDataFrame(
        [*rows, empty, other],
        "listing_id bigint, review_id bigint, written_on date, comment string, language string",
    )
    found = {row.listing_id: row.reviews for row in newest_reviews(reviews).collect()}
    assert [review.comment[:2] for review in found[1]] == [f"{n} " for n in (8, 7, 6, 5, 4)]
    assert len(found[1]) == REVIEWS
    assert {len(review.comment) for review in found[1]} == {REVIEW_CHARACTERS}
    assert [(review.comment, review.language) for review in found[2]] == [("fin", "fr")]


def test_landmarks_are_the_pure_function(spark: SparkSession, lake: str) -> None:
    """What Spark finds is what the rule says of each market by itself; a market without landmarks has an empty file."""
    rows = [
        (market, f"h{n}", 51.2 + n / 9_000, 4.4, "Room", text, True)
        for market, text in (("antwerp", "Near the Grote Markt."), ("ghent", "A room."))
        for n in range(30)
    ]
    far = [("antwerp", f"x{n}", 51.1 + n / 300, 4.5, "Room", "Far out.", True) for n in range(60)]
    gone = ("antwerp", "gone", 10.0, 4.4, "Room", "Near the Grote Markt.", False)
    listings = spark.createDataFrame(
        [*rows, *far, gone],
        "market string, host_id string, latitude double, longitude double, title string, description string,"
        " is_active boolean",
    )
    dated = named_landmarks(listings).withColumn("day", lit(DAY.isoformat()))
    partitions = [(DAY.isoformat(), "antwerp"), (DAY.isoformat(), "ghent")]
    written = write(dated, LANDMARKS, lake, partitions, order=("hosts", "name"))
    publish(written.waiting, lake)
    found, none = (read_table(LANDMARKS, lake, partition, columns=LANDMARK_SCHEMA.names) for partition in partitions)
    assert none.num_rows == 0
    (expected,) = find_landmarks(
        [Mention("Grote Markt", host, Point(latitude, longitude)) for _, host, latitude, longitude, *_ in rows[:30]],
        [Point(row[2], row[3]) for row in (*rows[:30], *far)],
    )
    assert found.to_pylist() == [
        {
            "name": "Grote Markt",
            "latitude": expected.location.latitude,
            "longitude": expected.location.longitude,
            "spread_km": expected.spread_km,
            "hosts": 30,
        }
    ]


def test_week_of() -> None:
    """A week begins on Monday."""
    assert week_of(date(2026, 3, 8)) == week_of(date(2026, 3, 2)) == date(2026, 3, 2)


def test_documents_begin_with_the_date_at_the_listing(spark: SparkSession) -> None:
    """An export at 20 of UTC is of that day in Lisbon and of the next one in Tokyo; at 8, of the last in Honolulu."""
    zones = {"lisbon": "Europe/Lisbon", "tokyo": "Asia/Tokyo", "honolulu": "Pacific/Honolulu"}
    moments = {"lisbon": time(20), "tokyo": time(20), "honolulu": time(8)}
    rng = np.random.default_rng(1)
    rows = [
        random_listing(rng, listing_id=number, market="stockholm")
        | asdict(random_terms(rng, currency="SEK"))
        | dict.fromkeys(RULE_COLUMNS, 0)
        | {"booking_window_days": 365, "fills_gaps": False, "market": market, "timezone": zone}
        | {"exported_at": datetime.combine(DAY, moments[market], UTC)}
        for number, (market, zone) in enumerate(zones.items())
    ]
    said = {"price_minor": 9_000, "is_free": True, "min_stay": 2, "max_stay": 30}
    said |= {"closed_to_arrival": False, "closed_to_departure": False, "min_stay_through": 1, "max_stay_through": 365}
    nights = [
        {"listing_id": row["listing_id"], "market": row["market"], "night": DAY + timedelta(days=ahead), **said}
        for row in rows
        for ahead in range(-3, 370)
    ]
    numbers = pa.array([row["listing_id"] for row in rows])
    # Spark takes no column of which nothing but null is known.
    listed = pa.Table.from_pylist([row | {"neighbourhood": "N", "rating": 4.5} for row in rows])
    made = documents(
        spark.createDataFrame(listed),
        spark.createDataFrame(pa.Table.from_pylist(nights)),
        spark.createDataFrame(pa.table({"listing_id": numbers, "bookings_90": pa.array([0.0] * len(rows))})),
        spark.createDataFrame([], "listing_id bigint, vector array<float>"),
        spark.createDataFrame(
            [], "listing_id bigint, review_id bigint, written_on date, comment string, language string"
        ),
        day=DAY,
    )
    began = {row.market: orjson.loads(row.document)["calendar_from"] - DAY.toordinal() for row in made.collect()}
    assert began == {"lisbon": 0, "tokyo": 1, "honolulu": -1}
