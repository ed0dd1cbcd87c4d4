"""The warehouse builds from the lake, row by row as promised, and refuses to publish what breaks a contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lodestay import lake as datasets
from lodestay.errors import SetupIncomplete
from lodestay.lake import mart
from lodestay.staged import COLUMNS
from tests.warehouse.conftest import (
    BOOKING,
    DAY,
    IMPRESSION,
    LISTING,
    MARKET,
    NIGHT,
    NOTHING,
    SEARCH,
    SEARCHES,
    UNPRICED,
    TinyLake,
)
from warehouse import runner
from warehouse.errors import BrokenContract, EmptyLake
from warehouse.models import RowTest, load_models
from warehouse.runner import build, open_warehouse


def test_every_model_is_built_and_keeps_its_contract(tiny_lake: TinyLake) -> None:
    """A complete lake gives every model, none with a failing test."""
    results = build(tiny_lake.address)
    assert [r.relation for r in results] == [m.relation for m in load_models()]
    assert all(r.row_count and not r.failures for r in results)


def test_occupancy_adr_and_revpar_of_a_week_worked_out_by_hand(tiny_lake: TinyLake) -> None:
    """Two of three nights sold for 200.00: occupancy 2/3, ADR 100.00, RevPAR 66.67."""
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        row = warehouse.execute(
            "SELECT week, nights, nights_sold, nights_unavailable, occupancy, adr_minor, revpar_minor "
            "FROM marts.occupancy_by_week"
        ).fetchall()
    assert row == [(date(2026, 3, 2), 3, 2, 0, pytest.approx(2 / 3), 10_000, pytest.approx(20_000 / 3))]


def test_a_cancelled_booking_sells_no_night(tiny_lake: TinyLake) -> None:
    """Only confirmed bookings count as sold; the nights that are still not free count as unavailable."""
    tiny_lake.write(datasets.STAGED_BOOKINGS, [BOOKING | {"status": "cancelled"}])
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        row = warehouse.execute(
            "SELECT nights_sold, nights_unavailable, adr_minor FROM marts.occupancy_by_week"
        ).fetchall()
    assert row == [(0, 2, None)]


@pytest.mark.parametrize("taken", [None, "imported", "host_block"])
def test_a_night_without_a_price_is_no_supply(tiny_lake: TinyLake, taken: str | None) -> None:
    """Whoever has it or nobody: it is neither a night of the week, nor unavailable, nor free."""
    night = UNPRICED | {"occupancy_kind": taken}
    tiny_lake.write(datasets.STAGED_NIGHTS, [NIGHT, night, night | {"night": date(2026, 3, 3)}])
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        weeks = warehouse.execute("SELECT nights, nights_unavailable FROM marts.occupancy_by_week").fetchall()
        supply = warehouse.execute("SELECT free_nights, median_price_minor FROM marts.supply_by_week").fetchall()
    assert weeks == [(1, 0)]
    assert supply == [(1, 10_000)]


def test_a_night_that_was_sold_before_its_price_went_stays_sold(tiny_lake: TinyLake) -> None:
    """The booking has it, so it is of the week's nights."""
    sold = NIGHT | {"night": date(2026, 3, 3), "price_minor": None, "is_free": False, "occupancy_kind": "booking"}
    tiny_lake.write(datasets.STAGED_NIGHTS, [NIGHT, sold])
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        weeks = warehouse.execute("SELECT nights, nights_sold FROM marts.occupancy_by_week").fetchall()
    assert weeks == [(2, 1)]


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        ({"occupancy_kind": "booking"}, "a_free_night_has_no_occupant"),
        ({"is_free": False}, "a_night_that_is_not_free_is_somebodys_or_has_no_price"),
    ],
)
def test_a_night_that_contradicts_itself_breaks_the_contract(
    tiny_lake: TinyLake, wrong: dict[str, object], test: str
) -> None:
    """Free and taken, or priced, nobody's and yet not free: both are named."""
    tiny_lake.write(datasets.STAGED_NIGHTS, [NIGHT | wrong])
    with pytest.raises(BrokenContract, match=test):
        build(tiny_lake.address)


def test_lead_time_counts_what_was_confirmed(tiny_lake: TinyLake) -> None:
    """A booking and one cancelled later count; an open hold, one that ran out and one given up do not."""
    held = BOOKING | {"confirmed_at": None, "lead_days": 300}
    rows = [
        BOOKING,
        BOOKING | {"status": "cancelled", "lead_days": 20},
        held | {"status": "held"},
        held | {"status": "expired"},
        held | {"status": "cancelled"},
    ]
    tiny_lake.write(datasets.STAGED_BOOKINGS, [row | {"booking_id": f"b{n}"} for n, row in enumerate(rows)])
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        months = warehouse.execute("SELECT bookings, cancelled, lead_days_p50 FROM marts.lead_time").fetchall()
    assert months == [(2, 1, 15.0)]


def test_the_funnel_counts_false_as_no_click(tiny_lake: TinyLake) -> None:
    """An impression without click or booking adds to impressions alone."""
    tiny_lake.write(datasets.STAGED_LISTINGS, [LISTING, LISTING | {"listing_id": 2}])
    tiny_lake.write(
        datasets.STAGED_IMPRESSIONS,
        [IMPRESSION, IMPRESSION | {"listing_id": 2, "position": 2, "clicked": False, "booked": False}],
    )
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        row = warehouse.execute(
            "SELECT impressions, clicks, bookings, click_through_rate FROM marts.search_funnel"
        ).fetchall()
    assert row == [(2, 1, 1, 0.5)]


def test_only_the_newest_day_of_a_market_counts(tiny_lake: TinyLake) -> None:
    """Yesterday's partition of a snapshot dataset is not added to today's."""
    tiny_lake.write(datasets.STAGED_LISTINGS, [LISTING, LISTING | {"listing_id": 9}], day=date(2026, 2, 28))
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        assert warehouse.execute("SELECT max(listing_id) FROM staging.stg_listings").fetchone() == (2,)


def test_a_broken_contract_stops_the_build_and_keeps_the_old_mart(tiny_lake: TinyLake) -> None:
    """A booking whose nights do not add up is named, and the mart on disk is the one before."""
    build(tiny_lake.address)
    published = Path(mart("bookings").path(tiny_lake.address), "part-0.parquet").read_bytes()
    tiny_lake.write(datasets.STAGED_BOOKINGS, [BOOKING | {"nights": 5}])
    with pytest.raises(BrokenContract, match="a_stay_has_its_nights"):
        build(tiny_lake.address)
    assert Path(mart("bookings").path(tiny_lake.address), "part-0.parquet").read_bytes() == published


def test_a_contract_that_breaks_late_publishes_no_mart_of_the_build(
    tiny_lake: TinyLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last mart's contract fails: those built before it are not put on disk either."""
    *before, last = load_models()
    impossible = last.contract.model_copy(update={"tests": (RowTest(name="never", sql="false"),)})
    monkeypatch.setattr(runner, "load_models", lambda: (*before, replace(last, contract=impossible)))
    with pytest.raises(BrokenContract, match=f"{last.relation} .* never"):
        build(tiny_lake.address)
    assert not list(Path(tiny_lake.address, "marts").rglob("*.parquet"))


def test_a_doubled_row_breaks_the_grain(tiny_lake: TinyLake) -> None:
    """The same listing and night twice is refused by name."""
    tiny_lake.write(datasets.STAGED_NIGHTS, [NIGHT, NIGHT])
    with pytest.raises(BrokenContract, match="listing_id_night_is_unique"):
        build(tiny_lake.address)


def test_a_rebuild_gives_the_same_bytes(tiny_lake: TinyLake) -> None:
    """Every mart is a function of the lake alone."""

    def marts() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in Path(tiny_lake.address, "marts").rglob("*.parquet")}

    build(tiny_lake.address)
    first = marts()
    build(tiny_lake.address)
    assert first
    assert marts() == first


def test_an_empty_lake_says_what_to_run(tmp_path: Path) -> None:
    """Nothing staged is a named error with the command that mends it."""
    with pytest.raises(EmptyLake) as caught:
        build(str(tmp_path))
    assert "lodestay pipeline" in str(caught.value.hint)


@pytest.mark.parametrize("call", [build, open_warehouse], ids=["build", "open"])
def test_a_lake_elsewhere_is_refused(
    call: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An s3:// address is named with what to do; no folder of that name is made here."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupIncomplete, match=r"warehouse .* s3://bucket/lake") as refused:
        call("s3://bucket/lake")
    assert "LODESTAY_LAKE_URI" in str(refused.value.hint)
    assert not list(tmp_path.iterdir())


def test_how_far_visits_came_and_why_searches_found_nothing(tiny_lake: TinyLake) -> None:
    """One booked, one looked and left, one found nothing: outcomes, rates and reasons worked out by hand."""
    rows = [
        SEARCH | {"latency_ms": 10.0},
        SEARCH | {"search_id": "s2", "page": 2, "latency_ms": 30.0},
        SEARCH | {"search_id": "s3", "session_id": "y", "latency_ms": None, "degraded": ["no ranker"]},
        SEARCH | NOTHING | {"search_id": "s4", "session_id": "z"},
        SEARCH | NOTHING | {"search_id": "s5", "session_id": "z", "nothing_because": "dates", "kept_out_by": None},
    ]
    tiny_lake.write(datasets.STAGED_SEARCHES, rows)
    shown = IMPRESSION | {"search_id": "s3", "clicked": False, "quoted": False, "held": None, "booked": False}
    tiny_lake.write(datasets.STAGED_IMPRESSIONS, [IMPRESSION, shown])
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        visits = warehouse.execute(
            "SELECT session_id, searches, deepest_page, clicks, holds, outcome FROM marts.search_sessions ORDER BY 1"
        ).fetchall()
        (day,) = warehouse.execute(
            "SELECT searches, zero_result_rate, nothing_for_one_filter, nothing_for_dates, click_through_rate, "
            "sessions, abandonment_rate, conversion_rate, degraded_searches, latency_ms_p50 FROM marts.search_days"
        ).fetchall()
        ends = warehouse.execute(
            "SELECT reason, filter, searches, kept_out FROM marts.search_dead_ends ORDER BY 1"
        ).fetchall()
    assert visits == [("x", 2, 2, 1, 1, "booked"), ("y", 1, 1, 0, 0, "abandoned"), ("z", 2, 1, 0, 0, "found_nothing")]
    assert day == (5, 0.4, 1, 1, pytest.approx(1 / 3), 3, pytest.approx(2 / 3), pytest.approx(1 / 3), 1, 20.0)
    assert ends == [("dates", "none", 1, 3), ("one_filter", "price", 1, 3)]


@pytest.mark.parametrize(
    ("change", "popular"),
    [
        ({}, [("quiet loft", 10, 10, 0)]),
        ({"visitor": "v1"}, []),
        ({"visitor": None}, []),
        ({"asked": "quiet  loft!"}, []),
        ({"asked": None}, []),
        ({"page": 2}, []),
    ],
    ids=["ten", "nine, one of them twice", "nine and one of no name", "nine and another wish", "masked", "a next page"],
)
def test_a_wish_is_popular_from_ten_visitors_on(
    tiny_lake: TinyLake, change: dict[str, object], popular: list[tuple[object, ...]]
) -> None:
    """Nine and somebody twice, or somebody who is named by nothing, are no ten: the wish is nowhere in the marts."""
    *nine, tenth = SEARCHES
    tiny_lake.write(datasets.STAGED_SEARCHES, [*nine, tenth | change])
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        found = warehouse.execute("SELECT asked, visitors, searches, signed_in FROM marts.popular_searches").fetchall()
    assert found == popular


def test_what_was_asked_long_ago_is_popular_no_more(tiny_lake: TinyLake) -> None:
    """Ninety days after nobody asked for it again it is gone."""
    tiny_lake.write(datasets.STAGED_SEARCHES, [SEARCH | {"search_id": "new"}], day=DAY + timedelta(days=90))
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM marts.popular_searches").fetchone() == (0,)


def test_a_lake_of_before_the_columns_came_still_reads_and_builds(tiny_lake: TinyLake) -> None:
    """No file has what searches say today: it is null, and every contract holds."""
    old = ["search_id", "session_id", "check_in", "check_out", "guests", "total_count", "exploration", "ranker"]
    folder = datasets.STAGED_SEARCHES.partition(tiny_lake.address, day=DAY, market=MARKET)
    rows = pa.Table.from_pylist([SEARCH], schema=COLUMNS[datasets.STAGED_SEARCHES])
    pq.write_table(rows.select(old), Path(folder, "part-0.parquet"))
    build(tiny_lake.address)
    with open_warehouse(tiny_lake.address) as warehouse:
        row = warehouse.execute("SELECT latency_ms, filters, is_degraded FROM staging.stg_searches").fetchone()
    assert row == (None, 0, False)
