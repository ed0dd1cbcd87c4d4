"""A lake of a few rows, written as the pipelines write it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lodestay import lake as datasets
from lodestay.lake import Dataset

DAY = date(2026, 3, 1)
MARKET = "antwerp"

LISTING = {
    "listing_id": 1,
    "neighbourhood": "Zuid",
    "property_type": "apartment",
    "room_type": "entire_home",
    "accommodates": 2,
    "bedrooms": 1,
    "currency": "EUR",
    "base_price_minor": 10_000,
    "rating": 4.5,
    "review_count": 12,
    "instant_book": True,
    "is_superhost": False,
    "is_active": True,
}
NIGHT = {"listing_id": 1, "night": date(2026, 3, 2), "price_minor": 10_000, "is_free": True, "occupancy_kind": None}
BOOKING = {
    "booking_id": "b1",
    "listing_id": 1,
    "status": "confirmed",
    "check_in": date(2026, 3, 3),
    "check_out": date(2026, 3, 5),
    "nights": 2,
    "lead_days": 10,
    "guests": 2,
    "currency": "EUR",
    "nights_minor": 20_000,
    "total_minor": 24_000,
    "created_at": datetime(2026, 2, 21, tzinfo=UTC),
}
SEARCH = {
    "search_id": "s1",
    "session_id": "x",
    "check_in": date(2026, 3, 3),
    "check_out": date(2026, 3, 5),
    "guests": 2,
    "total_count": 1,
    "exploration": False,
    "ranker": "baseline",
}
IMPRESSION = {"search_id": "s1", "listing_id": 1, "position": 1, "clicked": True, "booked": True}


SCHEMAS = {
    datasets.STAGED_LISTINGS: pa.schema(
        {
            "listing_id": pa.int64(),
            "neighbourhood": pa.string(),
            "property_type": pa.string(),
            "room_type": pa.string(),
            "accommodates": pa.int64(),
            "bedrooms": pa.int64(),
            "currency": pa.string(),
            "base_price_minor": pa.int64(),
            "rating": pa.float64(),
            "review_count": pa.int64(),
            "instant_book": pa.bool_(),
            "is_superhost": pa.bool_(),
            "is_active": pa.bool_(),
        }
    ),
    datasets.STAGED_NIGHTS: pa.schema(
        {
            "listing_id": pa.int64(),
            "night": pa.date32(),
            "price_minor": pa.int64(),
            "is_free": pa.bool_(),
            "occupancy_kind": pa.string(),
        }
    ),
    datasets.STAGED_BOOKINGS: pa.schema(
        {
            "booking_id": pa.string(),
            "listing_id": pa.int64(),
            "status": pa.string(),
            "check_in": pa.date32(),
            "check_out": pa.date32(),
            "nights": pa.int64(),
            "lead_days": pa.int64(),
            "guests": pa.int64(),
            "currency": pa.string(),
            "nights_minor": pa.int64(),
            "total_minor": pa.int64(),
            "created_at": pa.timestamp("us", tz="UTC"),
        }
    ),
    datasets.STAGED_SEARCHES: pa.schema(
        {
            "search_id": pa.string(),
            "session_id": pa.string(),
            "check_in": pa.date32(),
            "check_out": pa.date32(),
            "guests": pa.int64(),
            "total_count": pa.int64(),
            "exploration": pa.bool_(),
            "ranker": pa.string(),
        }
    ),
    datasets.STAGED_IMPRESSIONS: pa.schema(
        {
            "search_id": pa.string(),
            "listing_id": pa.int64(),
            "position": pa.int64(),
            "clicked": pa.bool_(),
            "booked": pa.bool_(),
        }
    ),
}


class TinyLake:
    """A lake in a folder, to which tests add rows."""

    def __init__(self, root: Path) -> None:
        self.address = str(root)

    def write(self, dataset: Dataset, rows: list[dict[str, Any]], *, day: date = DAY) -> None:
        """Write the partition of one day."""
        folder = Path(dataset.partition(self.address, day=day, market=MARKET))
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS[dataset]), folder / "part-0.parquet")


@pytest.fixture
def tiny_lake(tmp_path: Path) -> TinyLake:
    """One listing, three nights (free, two booked), one booking, one search with one impression."""
    lake = TinyLake(tmp_path)
    lake.write(datasets.STAGED_LISTINGS, [LISTING])
    booked = {"is_free": False, "occupancy_kind": "booking"}
    lake.write(
        datasets.STAGED_NIGHTS,
        [NIGHT, NIGHT | booked | {"night": date(2026, 3, 3)}, NIGHT | booked | {"night": date(2026, 3, 4)}],
    )
    lake.write(datasets.STAGED_BOOKINGS, [BOOKING])
    lake.write(datasets.STAGED_SEARCHES, [SEARCH])
    lake.write(datasets.STAGED_IMPRESSIONS, [IMPRESSION])
    return lake
