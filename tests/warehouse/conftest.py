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
from lodestay.staged import COLUMNS

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
UNPRICED = NIGHT | {"listing_id": 2, "price_minor": None, "is_free": False}
"""A night of a listing whose price is not known: nobody has it, and it is not free."""
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
    "confirmed_at": datetime(2026, 2, 21, tzinfo=UTC),
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
    "asked": "quiet loft",
    "visitor": "v1",
    "lead_days": 10,
    "nights": 2,
    "filters": ["amenities"],
    "page": 1,
    "shown": 1,
    "degraded": [],
    "latency_ms": 20.0,
}
NOTHING = {"total_count": 0, "shown": 0, "nothing_because": "one_filter", "kept_out_by": "price", "kept_out": 3}
SEARCHES = [
    SEARCH,
    *(SEARCH | NOTHING | {"search_id": f"n{n}", "session_id": f"y{n}", "visitor": f"w{n}"} for n in range(9)),
]
"""One search that found the listing, and nine that a price kept from it: ten visitors who asked for the same."""
IMPRESSION = {
    "search_id": "s1",
    "listing_id": 1,
    "position": 1,
    "clicked": True,
    "quoted": True,
    "held": True,
    "booked": True,
}


class TinyLake:
    """A lake in a folder, to which tests add rows."""

    def __init__(self, root: Path) -> None:
        self.address = str(root)

    def write(self, dataset: Dataset, rows: list[dict[str, Any]], *, day: date = DAY) -> None:
        """Write the partition of one day."""
        folder = Path(dataset.partition(self.address, day=day, market=MARKET))
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=COLUMNS[dataset]), folder / "part-0.parquet")


@pytest.fixture
def tiny_lake(tmp_path: Path) -> TinyLake:
    """A listing with three nights (free, two booked), one with a night that has no price, a booking, ten searches."""
    lake = TinyLake(tmp_path)
    lake.write(datasets.STAGED_LISTINGS, [LISTING, LISTING | {"listing_id": 2, "base_price_minor": None}])
    booked = {"is_free": False, "occupancy_kind": "booking"}
    lake.write(
        datasets.STAGED_NIGHTS,
        [
            NIGHT,
            NIGHT | booked | {"night": date(2026, 3, 3)},
            NIGHT | booked | {"night": date(2026, 3, 4)},
            UNPRICED,
        ],
    )
    lake.write(datasets.STAGED_BOOKINGS, [BOOKING])
    lake.write(datasets.STAGED_SEARCHES, SEARCHES)
    lake.write(datasets.STAGED_IMPRESSIONS, [IMPRESSION])
    return lake
