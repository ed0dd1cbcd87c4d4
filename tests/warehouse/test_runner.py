"""The warehouse builds from the lake, row by row as promised, and refuses to publish what breaks a contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lodestay import lake as datasets
from lodestay.errors import SetupIncomplete
from lodestay.lake import mart
from tests.warehouse.conftest import BOOKING, IMPRESSION, LISTING, NIGHT, UNPRICED, TinyLake
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
