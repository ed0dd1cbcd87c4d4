"""What is really under test: a suite lets good rows through and names what is wrong with bad ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from lodestay import lake as datasets
from lodestay.lake import Dataset
from pipelines.checks.contracts import CHECKED, CONTRACT
from pipelines.checks.validate import Verdict, suite_of, verdict
from pipelines.spark_assets import as_check_result

NOW, DAY = datetime(2026, 3, 1, tzinfo=UTC), date(2026, 3, 1)

REVIEW = {"review_id": 1, "listing_id": 1, "written_on": DAY, "rating": 5}
GOOD: dict[Dataset, dict[str, Any]] = {
    datasets.RAW["markets"]: {
        "market_key": "antwerp",
        "country": "BE",
        "currency": "EUR",
        "timezone": "Europe/Brussels",
        "latitude": 51.2,
        "longitude": 4.4,
        "service_fee_bps": 1200,
        "tax_bps": 0,
        "exported_at": NOW,
    },
    datasets.RAW["calendar_nights"]: {"listing_id": 1, "night": DAY, "price_minor": 100, "min_stay": 1},
    datasets.RAW["occupancy"]: {
        "occupancy_id": 1,
        "listing_id": 1,
        "stay_from": DAY,
        "stay_until": DAY + timedelta(days=1),
        "kind": "booking",
        "is_live": True,
    },
    datasets.RAW["bookings"]: {
        "booking_id": "b",
        "listing_id": 1,
        "status": "confirmed",
        "check_in": DAY,
        "check_out": DAY + timedelta(days=1),
        "guests": 2,
        "currency": "EUR",
        "total_minor": 100,
        "created_at": NOW,
    },
    datasets.RAW["reviews"]: REVIEW,
    datasets.STAGED_REVIEWS: REVIEW,
    datasets.RAW["listings"]: {"listing_id": 1, "host_id": "h", "latitude": 51.0, "longitude": 4.0},
    datasets.RAW["rate_plans"]: {"listing_id": 1, "currency": "EUR", "min_stay": 1},
    datasets.STAGED_LISTINGS: {
        "listing_id": 1,
        "title": "t",
        "currency": "EUR",
        "country": "BE",
        "timezone": "Europe/Brussels",
        "service_fee_bps": 1,
        "tax_bps": 1,
        "is_active": True,
        "room_type": "entire_home",
        "accommodates": 2,
        "rating": 4.5,
        "base_price_minor": 100,
    },
    datasets.STAGED_NIGHTS: {
        "listing_id": 1,
        "night": DAY,
        "is_free": True,
        "price_minor": 100,
        "min_stay": 1,
        "max_stay": 30,
    },
    datasets.STAGED_BOOKINGS: {
        "booking_id": "b",
        "listing_id": 1,
        "created_at": NOW,
        "nights": 2,
        "nights_minor": 200,
        "total_minor": 250,
        "status": "confirmed",
    },
    datasets.STAGED_SEARCHES: {
        "search_id": "s",
        "occurred_at": NOW,
        "ranker": "r",
        "guests": 2,
        "page": 1,
        "shown": 0,
        "nothing_because": "dates",
        "latency_ms": 12.5,
    },
    datasets.STAGED_IMPRESSIONS: {
        "search_id": "s",
        "listing_id": 1,
        "occurred_at": NOW,
        "clicked": True,
        "quoted": True,
        "held": False,
        "booked": False,
        "position": 1,
    },
    datasets.LISTING_FEATURES: {
        "listing_id": 1,
        "currency": "EUR",
        "room_type": "entire_home",
        "latitude": 51.0,
        "longitude": 4.0,
        "price_minor": 100.0,
        "occupancy_90": 0.5,
        "rating_shrunk": 4.0,
        "comparables_count": 3.0,
    },
    datasets.LISTING_VECTORS: {"listing_id": 1, "text_hash": "x", "dimension": 512},
    datasets.SEARCH_DOCUMENTS: {"listing_id": 1, "model": "m", "dimension": 512, "document": "{" + " " * 200 + "}"},
    datasets.RANKING_EXAMPLES: {"search_id": "s", "listing_id": 1, "occurred_at": NOW, "label": 1, "position": 1},
    datasets.PRICING_EXAMPLES: {"listing_id": 1, "night": DAY, "price_minor": 100, "lead_days": 3},
}

BAD: dict[Dataset, dict[str, Any]] = {
    datasets.RAW["markets"]: {"exported_at": None},
    datasets.RAW["calendar_nights"]: {"min_stay": 0},
    datasets.RAW["occupancy"]: {"stay_until": DAY},
    datasets.RAW["bookings"]: {"check_out": DAY},
    datasets.RAW["reviews"]: {"rating": 6},
    datasets.STAGED_REVIEWS: {"written_on": None},
    datasets.RAW["listings"]: {"latitude": 510.0},
    datasets.RAW["rate_plans"]: {"currency": None},
    datasets.STAGED_LISTINGS: {"room_type": "castle"},
    datasets.STAGED_NIGHTS: {"price_minor": -1},
    datasets.STAGED_BOOKINGS: {"status": "maybe"},
    datasets.STAGED_SEARCHES: {"nothing_because": "the weather"},
    datasets.STAGED_IMPRESSIONS: {"position": 0},
    datasets.LISTING_FEATURES: {"occupancy_90": 1.5},
    datasets.LISTING_VECTORS: {"text_hash": None},
    datasets.SEARCH_DOCUMENTS: {"document": "{}"},
    datasets.RANKING_EXAMPLES: {"label": 7},
    datasets.PRICING_EXAMPLES: {"price_minor": 0},
}


def _name(dataset: Dataset) -> str:
    return f"{dataset.layer}-{dataset.name}"


def _table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


@pytest.mark.parametrize("dataset", CHECKED, ids=_name)
def test_good_rows_pass(dataset: Dataset) -> None:
    """A plain good row passes, and the suite reads only columns that are named in it."""
    row = GOOD[dataset]
    assert set(suite_of(dataset).columns) == set(row)
    found = verdict(_table(row), suite_of(dataset))
    assert found.passed, found.failures


@pytest.mark.parametrize("dataset", CHECKED, ids=_name)
def test_bad_value_fails(dataset: Dataset) -> None:
    """One bad value among good rows fails, and the sentence names its column."""
    bad = {**GOOD[dataset], **BAD[dataset]}
    found = verdict(_table(GOOD[dataset], bad), suite_of(dataset))
    assert not found.passed
    assert any(column in failure for column in BAD[dataset] for failure in found.failures)


@pytest.mark.parametrize("dataset", CHECKED, ids=_name)
def test_doubled_key_fails(dataset: Dataset) -> None:
    """The same row twice fails: a key names one row."""
    found = verdict(_table(GOOD[dataset], GOOD[dataset]), suite_of(dataset))
    assert any("unique" in failure for failure in found.failures)


@pytest.mark.parametrize("failures", [(), ("no good",)], ids=["good", "bad"])
def test_failed_contract_stops_what_follows(failures: tuple[str, ...]) -> None:
    """In a run, a table that breaks its contract keeps what is made of it from starting; a good one does not."""
    made: list[str] = []
    checked = dg.AssetCheckSpec(CONTRACT, asset="table", blocking=True)

    @dg.multi_asset(specs=[dg.AssetSpec("table")], check_specs=[checked])
    def table() -> Any:
        yield dg.MaterializeResult(asset_key="table")
        yield as_check_result(dg.AssetKey("table"), Verdict(1, 1, failures))

    @dg.asset(deps=["table"])
    def downstream() -> None:
        made.append("downstream")

    run = dg.materialize([table, downstream], raise_on_error=False)
    assert run.success is not bool(failures)
    assert made == ([] if failures else ["downstream"])
