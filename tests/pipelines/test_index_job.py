"""What is really under test: a new index is held against every market, and against every change it could lack."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lodestay.lake import RAW, SEARCH_DOCUMENTS, STAGED_LISTINGS, STAGED_NIGHTS, Dataset
from lodestay.pricing import PriceTerms
from pipelines.calendar_columns import RULE_COLUMNS
from pipelines.partitions import FILE, Partition, folder
from pipelines.spark_jobs import index
from pipelines.spark_jobs.export import snapshot_of
from search.index import REPLAYED, SURELY_REPLAYED

OSLO, RIGA = ("2026-03-01", "oslo"), ("2026-03-02", "riga")
ZONES = {"oslo": "Europe/Oslo", "riga": "Pacific/Auckland"}
"""One in which the evening of the export is the next day already."""
CHANGE = "INSERT INTO outbox (topic, market_key, payload, occurred_at) VALUES ('t', 'oslo', '{}', %s)"


def _put(dataset: Dataset, lake: str, partition: Partition, rows: list[dict[str, Any]]) -> None:
    path = Path(folder(dataset, lake, partition))
    path.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path / FILE)


def test_what_the_export_did_not_see_is_missed(database_url: str, lake: str) -> None:
    """A change committed after the export is missed though it began before it; one it saw, or a recent one, is not."""
    now = datetime.now(UTC)
    old, recent = now - timedelta(hours=3), now - timedelta(minutes=5)
    with psycopg.connect(database_url) as slow, psycopg.connect(database_url, autocommit=True) as quick:
        quick.execute(CHANGE, [old + timedelta(minutes=1)])
        slow.execute(CHANGE, [old])
        with snapshot_of(database_url) as source:
            _put(RAW["markets"], lake, OSLO, [{"exported_at": source.taken_at, "export_sees": source.sees}])
        assert index.missed(database_url, lake, [OSLO], now=now) is None
        slow.commit()
        quick.execute(CHANGE, [recent])
        assert index.missed(database_url, lake, [OSLO], now=now) == old
        assert index.missed(database_url, lake, [OSLO], now=now + SURELY_REPLAYED) == recent


def test_replay_and_check_leave_no_gap() -> None:
    """What the check lets pass the relay writes again, with time to spare between an index's name and its check."""
    assert timedelta() < SURELY_REPLAYED < REPLAYED


@pytest.mark.parametrize("partitions", [[OSLO], [OSLO, RIGA]], ids=["another day", "two days"])
def test_every_market_is_sampled(lake: str, partitions: list[Partition]) -> None:
    """Listings are drawn from each market as of its date at the export, though no market is of the run's day."""
    terms = dict.fromkeys(PriceTerms.__dataclass_fields__, 0) | {"currency": "EUR"}
    rules = dict.fromkeys(RULE_COLUMNS, 0)
    for place, partition in enumerate(partitions):
        day = date.fromisoformat(partition[0])
        first = day + timedelta(days=partition == RIGA)
        night = {"min_stay": 1, "max_stay": 30, "closed_to_arrival": False, "closed_to_departure": False}
        night |= {"min_stay_through": 2, "max_stay_through": 30}
        rows = [
            {"listing_id": place, "night": first + timedelta(days=ahead), "price_minor": 1, "is_free": True, **night}
            for ahead in (-46, -1, 0, 1)
        ]
        exported_at = datetime.combine(day, time(20), UTC)
        _put(RAW["markets"], lake, partition, [{"exported_at": exported_at, "timezone": ZONES[partition[1]]}])
        _put(SEARCH_DOCUMENTS, lake, partition, [{"listing_id": place}])
        _put(STAGED_LISTINGS, lake, partition, [{"listing_id": place, **rules, **terms}])
        _put(STAGED_NIGHTS, lake, partition, rows)
    found = index.samples(lake, partitions, np.random.default_rng(1))
    began = {"oslo": date(2026, 3, 1), "riga": date(2026, 3, 3)}
    assert [(one.listing["market"], one.today) for one in found] == [
        (market, began[market]) for _, market in partitions
    ]
    starts = [one.calendar.start if one.calendar else None for one in found]
    assert starts == [one.today - timedelta(days=1) for one in found], "as far back as a rule on gaps looks"
