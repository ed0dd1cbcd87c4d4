"""The vocabularies: which free words mean which code."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from pyarrow import csv

from lodestay.vocabulary.amenities import AMENITIES, amenity_codes, is_noise
from lodestay.vocabulary.cancellation import CancellationPolicy, cancellation_policy
from lodestay.vocabulary.property_types import PropertyType, RoomType, property_type, room_type

SPELLINGS = {
    "Fast wifi \u2013 500 Mbps": ("fast_wifi", "wifi"),
    "Wifi \u2013 26 Mbps": ("wifi",),
    "Wifi \u2013 260 Mbps": ("fast_wifi", "wifi"),
    "55 inch HDTV with Netflix": ("streaming", "tv"),
    '32" TV with standard cable': ("cable_tv", "tv"),
    "Free parking on premises \u2013 1 space": ("free_parking",),
    "Paid parking garage off premises": ("paid_parking",),
    "Thankyou body soap": ("toiletries",),
    "Air conditioning": ("air_conditioning",),
    "AC - split type ductless system": ("air_conditioning",),
    "Washer / Dryer": ("washer", "dryer"),
    "Hair dryer": ("hair_dryer",),
    "Kitchen aid  refrigerator": ("refrigerator",),
    "Pool table": ("pool_table",),
    "Pool view": ("garden_view",),
    "Private hot tub - available all year, open 24 hours": ("hot_tub",),
    "Pack \u2019n play/Travel crib": ("crib",),
    "Smart lock": ("smart_lock", "self_check_in"),
    "Front desk/doorperson": ("reception",),
    "Firm mattress": (),
}


@pytest.mark.parametrize(("mention", "codes"), SPELLINGS.items())
def test_recognises_free_spellings(mention: str, codes: tuple[str, ...]) -> None:
    """Brands, sizes, speeds and terms around an amenity do not hide it, nor make it another one."""
    assert amenity_codes(mention) == codes


def test_every_implied_code_exists() -> None:
    """An implied amenity is in the vocabulary, implies nothing itself, and codes are snake case."""
    for amenity in AMENITIES.values():
        assert re.fullmatch(r"[a-z0-9_]+", amenity.code)
        if amenity.implies is not None:
            assert AMENITIES[amenity.implies].implies is None


def test_every_label_leads_to_its_code() -> None:
    """What the platform shows as a label is itself a spelling that is recognised."""
    assert {code for code, a in AMENITIES.items() if code not in amenity_codes(a.label)} == set()


@pytest.mark.parametrize(
    ("phrase", "room", "expected"),
    [
        ("Entire rental unit", "Entire home/apt", (PropertyType.APARTMENT, RoomType.ENTIRE_HOME)),
        ("Private room in bed and breakfast", "Private room", (PropertyType.BED_AND_BREAKFAST, RoomType.PRIVATE_ROOM)),
        ("Bed & Breakfast", "Private room", (PropertyType.BED_AND_BREAKFAST, RoomType.PRIVATE_ROOM)),
        ("Room in boutique hotel", "Private room", (PropertyType.HOTEL, RoomType.HOTEL_ROOM)),
        ("Room in aparthotel", "Entire home/apt", (PropertyType.APARTHOTEL, RoomType.ENTIRE_HOME)),
        ("Shared room in hostel", "Shared room", (PropertyType.HOSTEL, RoomType.SHARED_ROOM)),
        ("Houseboat", "Entire home/apt", (PropertyType.BOAT, RoomType.ENTIRE_HOME)),
        ("Entire guesthouse", "", (PropertyType.GUESTHOUSE, RoomType.ENTIRE_HOME)),
        ("Something new", "who knows", (PropertyType.OTHER, None)),
    ],
)
def test_places_property_and_room(phrase: str, room: str, expected: tuple[PropertyType, RoomType | None]) -> None:
    """Both halves of a phrase are read; the source's own room type wins but for hotels' rooms."""
    assert (property_type(phrase), room_type(room, phrase)) == expected


def test_cancellation_policies() -> None:
    """Strict in all its variants is strict, and silence is moderate."""
    assert cancellation_policy("super_strict_60") is CancellationPolicy.STRICT
    assert cancellation_policy("flexible") is CancellationPolicy.FLEXIBLE
    assert cancellation_policy(None) is CancellationPolicy.MODERATE


def _mentions(row: str) -> list[str]:
    """Amenities of a JSON list or of a brace list."""
    if row.startswith("["):
        return [str(mention) for mention in json.loads(row)]
    return [mention.strip('"') for mention in re.findall(r'"[^"]*"|[^,{}]+', row)]


@pytest.mark.parametrize(
    "file",
    [
        "singapore/listings_2023-09-23.csv.gz",
        "antwerp/listings_2019-09-25.csv.gz",
        "antwerp/listings_2025-06-25.csv.gz",
        "stockholm/listings_2022-09-24.csv.gz",
        "jersey-city/listings_2019-04-27.csv.gz",
        "barossa-valley/listings_2024-07-28.csv.gz",
    ],
)
def test_covers_real_cities(shared_data: Path, file: str) -> None:
    """At least 99 % of amenity mentions and of property types of real files find a code."""
    table = csv.read_csv(
        shared_data / "inside-airbnb" / file,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(include_columns=["amenities", "property_type"]),
    )
    mentions = Counter(mention for row in table["amenities"].to_pylist() for mention in _mentions(row))
    told = {mention: count for mention, count in mentions.items() if not is_noise(mention)}
    assert sum(count for mention, count in told.items() if amenity_codes(mention)) >= 0.99 * sum(told.values())
    others = sum(property_type(phrase) is PropertyType.OTHER for phrase in table["property_type"].to_pylist())
    assert others <= 0.01 * table.num_rows
