"""Real cities as the staged tables that features are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lodestay.lake import RAW
from lodestay.snapshot import Snapshot
from ml.listing_features import booking_stats, listing_features, night_stats, review_stats
from transactional.imports.inside_airbnb.folder import find_files
from transactional.imports.inside_airbnb.reader import read_snapshot

NO_REVIEWS = pa.table(
    {
        "listing_id": pa.array([], pa.int64()),
        "written_on": pa.array([], pa.date32()),
        "rating": pa.array([], pa.int32()),
    }
)
NO_BOOKINGS = pa.table(
    {
        "listing_id": pa.array([], pa.int64()),
        **{name: pa.array([], pa.timestamp("us", "UTC")) for name in ("created_at", "confirmed_at", "cancelled_at")},
        **{name: pa.array([], pa.int64()) for name in ("nights", "lead_days", "nights_minor")},
    }
)


@pytest.fixture(scope="session")
def write_market() -> Callable[..., None]:
    """Write a market as `raw/markets` of a lake has it."""

    def write(lake: str, market: str, day: date, *, sources: str, snapshot: date, shift: int) -> None:
        folder = Path(RAW["markets"].partition(lake, day=day, market=market))
        folder.mkdir(parents=True)
        row = {"market_key": market, "sources": sources, "snapshot_date": snapshot, "date_shift_days": shift}
        pq.write_table(pa.Table.from_pylist([row]), folder / "part-0.parquet")

    return write


@dataclass(frozen=True)
class City:
    """A city's staged listings and nights, its features, and the day they are of."""

    listings: pa.Table
    nights: pa.Table
    features: pa.Table
    as_of: date


def stage(snapshot: Snapshot) -> City:
    """Arrange a snapshot as the staged tables: listing ids are row numbers from 1, every night has its price."""
    market, listings = snapshot.market, snapshot.listings
    ids = pa.array(np.arange(1, listings.num_rows + 1))
    hosts = snapshot.hosts.take(
        pc.index_in(listings["host_key"], value_set=snapshot.hosts["host_key"].combine_chunks())
    )
    listings = listings.append_column("listing_id", ids)
    for name in hosts.schema.names[1:]:
        listings = listings.append_column(name, hosts[name])
    for name, value in (
        ("currency", market.currency),
        ("market_latitude", market.latitude),
        ("market_longitude", market.longitude),
    ):
        listings = listings.append_column(name, pa.array([value] * len(ids)))
    assert snapshot.nights is not None
    nights = snapshot.nights
    row = np.asarray(pc.index_in(nights["source_id"], value_set=snapshot.listings["source_id"].combine_chunks()))
    base = snapshot.listings["base_price_minor"].take(pa.array(row))
    nights = nights.append_column("listing_id", pa.array(row + 1, pa.int64()))
    price = pc.coalesce(nights["price_minor"], base)
    nights = nights.set_column(nights.schema.get_field_index("price_minor"), "price_minor", price)
    as_of = snapshot.snapshot_date
    features = listing_features(
        listings,
        night_stats(nights, as_of=as_of),
        review_stats(NO_REVIEWS, as_of=as_of),
        booking_stats(NO_BOOKINGS, as_of=as_of),
        as_of=as_of,
    )
    return City(listings, nights, features, as_of)


@pytest.fixture(scope="session")
def city(shared_data: Path) -> Callable[[str, str, str], City]:
    """Read a city by folder, snapshot day and currency."""

    @cache
    def read(folder: str, day: str, currency: str) -> City:
        files = find_files(shared_data / "inside-airbnb" / folder, snapshot=date.fromisoformat(day))
        reading = read_snapshot(
            replace(files, reviews=None),
            market=folder,
            currency=currency,
            masking_key="test",
            fingerprint="test",
            progress=lambda _step: None,
        )
        return stage(reading.snapshot)

    return read
