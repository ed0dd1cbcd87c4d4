"""A small city that tests write in files of any format."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SCHEMAS: dict[int, list[str]] = {
    int(number): columns
    for number, columns in json.loads(
        (Path(__file__).parent / "listing_columns.json").read_text(encoding="utf-8")
    ).items()
}
"""Columns of the listings file by their number: 96 and 106 until mid-2020, then 74, 75 and 79."""

HOST_NAME, HOST_NUMBER = "Wilhelmina Quarterstaff", "880012345"
REVIEWER_NAME, REVIEWER_NUMBER = "Zacharias", "770054321"


def listing(number: int, **values: Any) -> dict[str, Any]:
    """A listing in Antwerp as the file tells it, with every personal column filled."""
    return {
        "id": number,
        "listing_url": f"https://www.airbnb.com/rooms/{number}",
        "last_scraped": "2024-06-10",
        "name": f"Loft {number} on the river",
        "description": "A bright loft in the old town.<br />Ask for Wilhelmina, wilhelmina@example.org, 0475 12 34 56.",
        "picture_url": "https://a0.muscache.com/pictures/secret.jpg",
        "host_id": HOST_NUMBER,
        "host_url": f"https://www.airbnb.com/users/show/{HOST_NUMBER}",
        "host_name": HOST_NAME,
        "host_about": "I was born in Ghent and keep bees.",
        "host_since": "2014-05-01",
        "host_response_time": "within a few hours",
        "host_response_rate": "95%",
        "host_acceptance_rate": "88%",
        "host_is_superhost": "t",
        "host_identity_verified": "t",
        "neighbourhood_cleansed": "Eilandje",
        "latitude": 51.23,
        "longitude": 4.40,
        "property_type": "Entire loft",
        "room_type": "Entire home/apt",
        "accommodates": 4,
        "bathrooms_text": "1.5 shared baths",
        "bedrooms": 2,
        "beds": 3,
        "amenities": '["Wifi", "Fast wifi \\u2013 500 Mbps", "Moon bridge"]',
        "price": "$120.00",
        "minimum_nights": 2,
        "maximum_nights": 1125,
        "number_of_reviews": 3,
        "first_review": "2020-01-01",
        "last_review": "2024-06-01",
        "review_scores_rating": "4.87",
        "review_scores_value": "4.5",
        "instant_bookable": "t",
        **values,
    }


def listing_2019(number: int, **values: Any) -> dict[str, Any]:
    """A listing as files before late 2020 tell it."""
    old = {
        "summary": "A bright loft in the old town.",
        "space": "Two rooms under the roof.",
        "description": "",
        "house_rules": "No shoes, says Wilhelmina.",
        "bathrooms": "1.5",
        "amenities": '{TV,"Cable TV",Wifi,"translation missing: en.hosting_amenity_49"}',
        "review_scores_rating": "97",
        "review_scores_value": "9",
        "cleaning_fee": "$45.00",
        "guests_included": "2",
        "extra_people": "$15.00",
        "weekly_price": "$756.00",
        "monthly_price": "$2,688.00",
        "cancellation_policy": "strict_14_with_grace_period",
        "country_code": "BE",
    }
    return listing(number, **{**old, **values})


@dataclass(frozen=True)
class City:
    """A folder of files that a test writes."""

    folder: Path

    def write(self, name: str, header: list[str], rows: list[dict[str, Any]]) -> Path:
        """Write a CSV file, compressed where its name says so."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, header, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return self.write_text(name, text.getvalue())

    def write_text(self, name: str, text: str) -> Path:
        """Write a file as it is, compressed where its name says so."""
        path = self.folder / name
        raw = text.encode()
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    def listings(self, *rows: dict[str, Any], name: str = "listings.csv.gz", columns: int = 75) -> Path:
        """Write the listings in one of the schemas."""
        return self.write(name, SCHEMAS[columns], list(rows))

    def calendar(self, *rows: dict[str, Any], name: str = "calendar.csv.gz", prices: bool = True) -> Path:
        """Write the calendar, with or without its two price columns."""
        header = ["listing_id", "date", "available", "price", "adjusted_price", "minimum_nights", "maximum_nights"]
        return self.write(name, [c for c in header if prices or "price" not in c], list(rows))

    def reviews(self, *rows: dict[str, Any], name: str = "reviews.csv.gz") -> Path:
        """Write the reviews."""
        return self.write(name, ["listing_id", "id", "date", "reviewer_id", "reviewer_name", "comments"], list(rows))

    def neighbourhoods(self, *names: str) -> Path:
        """Write a square for each name; the first one crosses itself."""
        square = [[4.3, 51.2], [4.5, 51.2], [4.5, 51.3], [4.3, 51.3], [4.3, 51.2]]
        bow_tie = [[4.3, 51.2], [4.5, 51.3], [4.5, 51.2], [4.3, 51.3], [4.3, 51.2]]
        features = [
            {
                "type": "Feature",
                "properties": {"neighbourhood": name, "neighbourhood_group": None},
                "geometry": {"type": "Polygon", "coordinates": [bow_tie if place == 0 else square]},
            }
            for place, name in enumerate(names)
        ]
        return self.write_text(
            "neighbourhoods.geojson", json.dumps({"type": "FeatureCollection", "features": features})
        )


def nights(number: int, first: date, taken: str, **values: Any) -> list[dict[str, Any]]:
    """A listing's calendar: a letter a night, "x" where it is taken."""
    usual = {"price": "$120.00", "minimum_nights": 2, "maximum_nights": 365}
    return [
        {
            "listing_id": number,
            "date": (first + timedelta(days=n)).isoformat(),
            "available": "f" if letter == "x" else "t",
            **usual,
            **values,
        }
        for n, letter in enumerate(taken)
    ]


def review(number: int, listing_id: int, **values: Any) -> dict[str, Any]:
    """A review that names the host and its author."""
    return {
        "listing_id": listing_id,
        "id": number,
        "date": "2024-05-01",
        "reviewer_id": REVIEWER_NUMBER,
        "reviewer_name": REVIEWER_NAME,
        "comments": "Thank you Wilhelmina for the lovely stay by the water!<br/>Zacharias, +32 475 12 34 56",
        **values,
    }
