"""Files of every format become one snapshot; bad rows are left out with their line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import shapely

from tests.transactional.imports.small_city import City, listing, listing_2019, nights, review
from transactional.imports.errors import UnusableMarketName
from transactional.imports.inside_airbnb.folder import find_files
from transactional.imports.inside_airbnb.reader import Reading, read_snapshot

FIRST = date(2024, 6, 29)


def read(city: City, **options: Any) -> Reading:
    """Read a city's folder."""
    defaults: dict[str, Any] = {
        "market": "antwerp",
        "currency": None,
        "masking_key": "k",
        "fingerprint": "f",
        "progress": lambda _doing: None,
    }
    return read_snapshot(find_files(city.folder, snapshot=None), **{**defaults, **options})


def rejected(reading: Reading) -> list[tuple[str, int, str | None, str, str | None]]:
    """What was left out."""
    return [(r.file, r.line, r.column, r.reason, r.value) for r in reading.snapshot.rejects]


@pytest.mark.parametrize("columns", [74, 75, 79])
def test_reads_todays_schemas(city: City, columns: int) -> None:
    """Every column that is kept comes out typed and normalised."""
    city.listings(listing(1), columns=columns)
    reading = read(city)
    (row,) = reading.snapshot.listings.to_pylist()
    assert {name: row[name] for name in row if name not in {"host_key", "description"}} == {
        "source_id": "1",
        "neighbourhood": "Eilandje",
        "title": "Loft 1 on the river",
        "house_rules": "",
        "language": "en",
        "property_type": "loft",
        "room_type": "entire_home",
        "accommodates": 4,
        "bedrooms": 2,
        "beds": 3,
        "bathrooms": Decimal("1.5"),
        "shared_bathroom": True,
        "amenities": ["fast_wifi", "wifi"],
        "latitude": 51.23,
        "longitude": 4.4,
        "instant_book": True,
        "cancellation_policy": "moderate",
        "rating": Decimal("4.87"),
        "rating_accuracy": None,
        "rating_cleanliness": None,
        "rating_check_in": None,
        "rating_communication": None,
        "rating_location": None,
        "rating_value": Decimal("4.50"),
        "review_count": 3,
        "first_review_on": date(2020, 1, 1),
        "last_review_on": date(2024, 6, 1),
        "base_price_minor": 12000,
        "weekend_price_minor": None,
        "cleaning_fee_minor": 0,
        "guests_included": 4,
        "extra_guest_fee_minor": 0,
        "weekly_discount_bps": 0,
        "monthly_discount_bps": 0,
        "min_stay": 2,
        "max_stay": 365,
        "advance_notice_days": 0,
    }
    assert reading.unmapped_amenities == (("Moon bridge", 1),)
    assert reading.snapshot.hosts.drop(["host_key"]).to_pylist() == [
        {
            "host_since": date(2014, 5, 1),
            "response_hours": 6,
            "response_rate_bps": 9500,
            "acceptance_rate_bps": 8800,
            "is_superhost": True,
            "identity_verified": True,
            "languages": None,
        }
    ]


@pytest.mark.parametrize("columns", [96, 106])
def test_reads_the_schemas_before_late_2020(city: City, columns: int) -> None:
    """Fees, discounts, scores out of a hundred, brace lists and descriptions in pieces."""
    city.listings(listing_2019(1), columns=columns)
    (row,) = read(city).snapshot.listings.to_pylist()
    assert row["description"] == "A bright loft in the old town.\nTwo rooms under the roof."
    assert row["house_rules"] == "No shoes, says [host]."
    assert row["amenities"] == ["cable_tv", "tv", "wifi"]
    assert (row["rating"], row["rating_value"]) == (Decimal("4.85"), Decimal("4.50"))
    assert (row["bathrooms"], row["cancellation_policy"]) == (Decimal("1.5"), "strict")
    assert (row["cleaning_fee_minor"], row["guests_included"], row["extra_guest_fee_minor"]) == (4500, 2, 1500)
    # 756 for seven nights of 120 is a tenth off; 2,688 for 28 nights a fifth.
    assert (row["weekly_discount_bps"], row["monthly_discount_bps"]) == (1000, 2000)


def test_finds_out_what_the_market_is(city: City) -> None:
    """Country, currency, time zone and tax come from the coordinates; the currency can be overridden."""
    city.listings(listing(1))
    market = read(city).snapshot.market
    assert (market.market_key, market.name, market.country) == ("antwerp", "Antwerp", "BE")
    assert (market.currency, market.timezone) == ("EUR", "Europe/Brussels")
    assert (market.service_fee_bps, market.tax_bps) == (1400, 1200)
    named = read(city, market="Antwerpen Stad", currency="SEK").snapshot.market
    assert (named.market_key, named.name, named.currency) == ("antwerpen-stad", "Antwerpen Stad", "SEK")


def test_bad_listings_are_left_out_with_their_line(city: City) -> None:
    """Line breaks inside quotes count; values that could name somebody are not repeated."""
    city.listings(
        listing(1, description="first\nsecond\nthird"),
        listing(2, latitude="north of Wilhelmina"),
        listing(3, accommodates=0),
        listing(1),
        listing(5, price="$0.00", review_scores_rating="nine"),
    )
    reading = read(city)
    assert reading.snapshot.listings["source_id"].to_pylist() == ["1", "5"]
    assert rejected(reading) == [
        ("listings.csv.gz", 5, "latitude", "not a number", None),
        ("listings.csv.gz", 6, "accommodates", "not between 1 and 50 guests", "0"),
        ("listings.csv.gz", 7, "id", "listing stands twice in the file", "1"),
        ("listings.csv.gz", 8, "review_scores_rating", "not a number", None),
        ("listings.csv.gz", 8, "price", "price is zero", "$0.00"),
    ]


def test_a_cut_record_is_left_out(city: City) -> None:
    """A record with too few fields is nobody's listing."""
    city.listings(listing(1), name="listings.csv")
    path = city.folder / "listings.csv"
    path.write_text(path.read_text(encoding="utf-8") + "2,https\n", encoding="utf-8")
    assert rejected(read(city)) == [("listings.csv", 3, None, "too few fields", None)]


def test_extreme_prices_are_kept(city: City) -> None:
    """A hundred thousand a night is real in the files."""
    city.listings(listing(1, price="$109,999.00"))
    assert read(city).snapshot.listings["base_price_minor"].to_pylist() == [10_999_900]


def test_a_missing_price_comes_from_the_calendar(city: City) -> None:
    """The middle price of its nights; none where the calendar has none either, and that is said."""
    city.listings(listing(1, price=""), listing(2, price=""))
    rows = nights(1, FIRST, "...", price="$80.00") + nights(2, FIRST, "...", price="")
    city.calendar(*rows)
    snapshot = read(city).snapshot
    assert snapshot.listings["base_price_minor"].to_pylist() == [8000, None]
    assert "no price for 1 of 2 listings: these cannot be booked" in snapshot.missing


def test_a_weekend_price_is_seen(city: City) -> None:
    """Where weekdays cost the listing's price and weekends another, the rate plan says so."""
    city.listings(listing(1))
    rows = nights(1, date(2024, 7, 1), "." * 14)  # a Monday
    for row in rows:
        if date.fromisoformat(row["date"]).weekday() in {4, 5}:
            row["price"] = "$150.00"
    city.calendar(*rows)
    assert read(city).snapshot.listings["weekend_price_minor"].to_pylist() == [15000]


def test_bad_nights_are_left_out_with_their_line(city: City) -> None:
    """Strangers, bad dates, doubles and bad flags go; a bad price goes alone."""
    city.listings(listing(1))
    good, bad_price, twice = nights(1, FIRST, ".x.")
    city.calendar(
        good,
        {**bad_price, "price": "$0.00"},
        {**twice, "listing_id": 99},
        {**twice, "date": "30/06/2024"},
        {**twice, "available": "perhaps"},
        good,
        {**twice, "minimum_nights": "-4"},
    )
    reading = read(city)
    assert sorted(rejected(reading), key=lambda reject: reject[1]) == [
        ("calendar.csv.gz", 3, "price", "price is zero or not a price", "$0.00"),
        ("calendar.csv.gz", 4, "listing_id", "listing not imported", "99"),
        ("calendar.csv.gz", 5, "date", "not a date", "30/06/2024"),
        ("calendar.csv.gz", 6, "available", "neither t nor f", None),
        ("calendar.csv.gz", 7, "date", "night stands twice in the file", "2024-06-29"),
        ("calendar.csv.gz", 8, "minimum_nights", "not a number of nights", "-4"),
    ]
    assert reading.snapshot.nights is not None
    assert reading.snapshot.nights.select(["night", "is_free", "price_minor", "min_stay"]).to_pylist() == [
        {"night": FIRST, "is_free": True, "price_minor": 12000, "min_stay": 2},
        {"night": date(2024, 6, 30), "is_free": False, "price_minor": None, "min_stay": 2},
        {"night": date(2024, 7, 1), "is_free": True, "price_minor": 12000, "min_stay": None},
    ]


def test_lines_are_right_after_a_broken_one(city: City) -> None:
    """A calendar record with a field too many is left out, and later lines are still counted right."""
    city.listings(listing(1))
    path = city.calendar(*nights(1, FIRST, "..."), name="calendar.csv")
    first, second, *rest = path.read_text(encoding="utf-8").splitlines()
    last = rest.pop().replace("2024-07-01", "soon")
    path.write_text("\n".join([first, second, "1,2,3", *rest, last]) + "\n", encoding="utf-8")
    assert rejected(read(city)) == [
        ("calendar.csv", 3, None, "wrong number of fields", None),
        ("calendar.csv", 5, "date", "not a date", None),
    ]


def test_a_calendar_without_price_columns(city: City) -> None:
    """Newer dumps have none: the nights cost what the listing says."""
    city.listings(listing(1))
    city.calendar(*nights(1, FIRST, ".x"), prices=False)
    told = read(city).snapshot.nights
    assert told is not None
    assert told["price_minor"].to_pylist() == [None, None]


def test_reviews_are_masked(city: City) -> None:
    """Host, author and telephone are gone, the praise stays; the same author is the same pseudonym."""
    city.listings(listing(1))
    city.reviews(review(1, 1), review(2, 1, comments="我们非常喜欢这个地方"), review(2, 1), review(3, 9))
    reading = read(city)
    assert reading.snapshot.reviews is not None
    first, second = reading.snapshot.reviews.to_pylist()
    assert first["comment"] == "Thank you [host] for the lovely stay by the water!\n[guest], [phone]"
    assert (first["language"], second["language"]) == ("en", "zh")
    assert first["author_key"] == second["author_key"]
    assert rejected(reading) == [
        ("reviews.csv.gz", 4, "id", "review stands twice in the file", "2"),
        ("reviews.csv.gz", 5, "listing_id", "listing not imported", "9"),
    ]


def test_reviews_of_dates_only(city: City) -> None:
    """Two on one day are two; texts and authors are said to be missing."""
    city.listings(listing(1))
    city.write("reviews.csv", ["listing_id", "date"], [{"listing_id": 1, "date": "2024-05-01"}] * 2)
    snapshot = read(city).snapshot
    assert snapshot.reviews is not None
    assert snapshot.reviews["review_id"].to_pylist() == ["date:2024-05-01:1", "date:2024-05-01:2"]
    assert "the reviews are dates only: no texts, no authors" in snapshot.missing


def test_polygons_are_repaired_and_names_kept(city: City) -> None:
    """A crossing polygon comes out valid; a listing whose neighbourhood has none keeps its name."""
    city.listings(listing(1), listing(2, neighbourhood_cleansed="Linkeroever", latitude=50.0))
    city.neighbourhoods("Eilandje", "Zuid")
    reading = read(city)
    assert reading.repaired_boundaries == 1
    rows = {row["name"]: row["boundary"] for row in reading.snapshot.neighbourhoods.to_pylist()}
    assert set(rows) == {"Eilandje", "Linkeroever", "Zuid"}
    assert rows["Linkeroever"] is None
    assert all(shapely.from_geojson(boundary).is_valid for boundary in rows.values() if boundary)
    assert reading.snapshot.listings["neighbourhood"].to_pylist() == ["Eilandje", "Linkeroever"]


def test_what_is_not_there_is_said(city: City) -> None:
    """A folder of listings alone imports, with a sentence on each thing it lacks."""
    city.listings(listing(1))
    assert read(city).snapshot.missing == (
        "no calendar of 2024-06-10: nothing can be booked before one is imported",
        "no reviews of 2024-06-10: only the number and the scores in the listings are known",
        "no boundaries of neighbourhoods: their names alone are known",
    )


def test_a_market_without_a_letter_for_its_key_is_named(city: City) -> None:
    """The key is of Latin letters and digits: a folder named 東京 needs --market."""
    city.listings(listing(1))
    with pytest.raises(UnusableMarketName, match="東京") as stopped:
        read(city, market="東京")
    assert "--market" in str(stopped.value.hint)
