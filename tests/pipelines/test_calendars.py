"""What is really under test: nights from nested columns are those of the calendar rule, night by night."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from lodestay.stay import MAX_NIGHTS
from pipelines.calendar_columns import RULE_COLUMNS, calendars
from pipelines.spark_jobs.calendars import nights_of, staged_nights
from transactional.calendars.rules import (
    KINDS_OF_GUESTS,
    NightColumns,
    NightRow,
    RatePlanRow,
    SeasonRow,
    Window,
    build_calendar,
)

START = date(2026, 3, 1)
WINDOW = Window(START, START + timedelta(days=40))
BOOKED_AT = datetime(2026, 2, 20, 12, tzinfo=UTC)

SEASON = pa.struct(
    [("span_from", pa.date32()), ("span_until", pa.date32()), ("price_bps", pa.int64()), ("min_stay", pa.int64())]
)
NIGHT = pa.struct(
    [
        ("night", pa.date32()),
        ("price_minor", pa.int64()),
        ("min_stay", pa.int64()),
        ("max_stay", pa.int64()),
        ("closed_to_arrival", pa.bool_()),
        ("closed_to_departure", pa.bool_()),
        ("min_stay_through", pa.int64()),
        ("max_stay_through", pa.int64()),
    ]
)
TAKEN = pa.struct(
    [
        ("stay_from", pa.date32()),
        ("stay_until", pa.date32()),
        ("kind", pa.string()),
        ("taken_at", pa.timestamp("us", "UTC")),
    ]
)
SCHEMA = pa.schema(
    [
        ("listing_id", pa.int64()),
        ("market", pa.string()),
        ("base_price_minor", pa.int64()),
        ("weekend_price_minor", pa.int64()),
        ("min_stay", pa.int64()),
        ("max_stay", pa.int64()),
        ("advance_notice_days", pa.int64()),
        ("calendar_from", pa.date32()),
        ("calendar_until", pa.date32()),
        ("last_booking_hour", pa.int64()),
        ("booking_window_days", pa.int64()),
        ("min_gap_nights", pa.int64()),
        ("fills_gaps", pa.bool_()),
        ("preparation_days", pa.int64()),
        ("seasons", pa.list_(SEASON)),
        ("nights", pa.list_(NIGHT)),
        ("occupied", pa.list_(TAKEN)),
    ]
)

days = st.integers(-5, 45).map(lambda n: START + timedelta(days=n))
optional = st.none() | st.integers(1, 9)
kinds = st.sampled_from(["booking", "hold", "host_block", "imported"])


@st.composite
def listings(draw: st.DrawFn) -> dict[str, Any]:
    """A listing's plan with what changes it: seasons, single nights and stays that do not overlap."""
    until = draw(st.none() | days)
    cuts = sorted(draw(st.sets(days, max_size=6)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    night = st.fixed_dictionaries(
        {
            "price_minor": st.none() | st.integers(1, 10**6),
            "min_stay": optional,
            "max_stay": optional,
            "closed_to_arrival": st.booleans(),
            "closed_to_departure": st.booleans(),
            "min_stay_through": optional,
            "max_stay_through": optional,
        }
    )
    season_starts = draw(st.lists(days, max_size=2, unique=True))
    return {
        "listing_id": draw(st.integers(1, 10**12)),
        "market": "antwerp",
        "base_price_minor": draw(st.none() | st.integers(1, 10**6)),
        "weekend_price_minor": draw(st.none() | st.integers(1, 10**6)),
        "min_stay": draw(st.integers(1, 5)),
        "max_stay": draw(st.integers(5, 60)),
        "advance_notice_days": 0,
        "calendar_from": None if until is None else START - timedelta(days=3),
        "calendar_until": until,
        "last_booking_hour": draw(st.integers(1, 24)),
        "booking_window_days": draw(st.integers(1, 365)),
        "min_gap_nights": draw(st.integers(0, 3)),
        "fills_gaps": draw(st.booleans()),
        "preparation_days": draw(st.integers(0, 3)),
        "seasons": [
            {"span_from": day, "span_until": day + timedelta(days=9), "price_bps": 12_345, "min_stay": draw(optional)}
            for day in season_starts
        ],
        "nights": [{"night": day, **draw(night)} for day in sorted(draw(st.sets(days, max_size=4)))],
        "occupied": [
            {"stay_from": first, "stay_until": last, "kind": draw(kinds), "taken_at": BOOKED_AT}
            for first, last in spans
        ],
    }


@settings(deadline=None)
@given(st.lists(listings(), min_size=1, max_size=4, unique_by=lambda row: row["listing_id"]))
def test_nested_columns_give_the_rule(rows: list[dict[str, Any]]) -> None:
    """For any listings, the columns made of a batch are those that the rule gives for each alone, and read back so."""
    made = nights_of(pa.Table.from_pylist(rows, SCHEMA).combine_chunks().to_batches()[0], WINDOW)
    back = calendars(made, rows)
    for row in rows:
        expected = build_calendar(
            RatePlanRow(**{name: row[name] for name in RatePlanRow.__dataclass_fields__}),
            seasons=[SeasonRow(*season.values()) for season in row["seasons"]],
            nights=NightColumns.of(NightRow(**night) for night in row["nights"]),
            occupied=_spans(row, guests=False),
            window=WINDOW,
            stays=_spans(row, guests=True),
        )
        if not len(expected.free):
            assert row["listing_id"] not in back
            continue
        found = back[row["listing_id"]]
        assert found.start == expected.start
        for name in ("price_minor", "free", "min_stay", "max_stay", "closed_to_arrival", "closed_to_departure"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
        for name in RULE_COLUMNS:
            assert getattr(found, name) == getattr(expected, name)
        for name, unsaid in (("min_stay_through", 1), ("max_stay_through", MAX_NIGHTS)):
            rules = [
                np.full(len(each.free), unsaid) if (rule := getattr(each, name)) is None else rule
                for each in (found, expected)
            ]
            np.testing.assert_array_equal(*rules, err_msg=name)


def _spans(row: dict[str, Any], *, guests: bool) -> list[tuple[date, date]]:
    """Nights that guests have, or that others have."""
    return [
        (taken["stay_from"], taken["stay_until"])
        for taken in row["occupied"]
        if (taken["kind"] in KINDS_OF_GUESTS) == guests
    ]


@pytest.mark.spark
def test_holds_that_ran_out_keep_nobody_away(spark: SparkSession) -> None:
    """In Spark: a booked night is taken and says since when; an expired hold, a released block and no plan are not.

    A hold counts as at the moment of the export, whatever the clock says when the job runs.
    """
    plans = spark.createDataFrame(
        [
            (1, "antwerp", 100, None, 1, 30, 0, START, START + timedelta(days=6), 24, 365, 0, False, 0),
            (2, "antwerp", 100, None, 1, 30, 0, None, None, 24, 365, 0, False, 0),
        ],
        "listing_id bigint, market string, base_price_minor bigint, weekend_price_minor bigint, min_stay bigint, "
        "max_stay bigint, advance_notice_days bigint, calendar_from date, calendar_until date, "
        "last_booking_hour bigint, booking_window_days bigint, min_gap_nights bigint, fills_gaps boolean, "
        "preparation_days bigint",
    )
    exported_at = datetime(2026, 2, 25, tzinfo=UTC)
    before, after = exported_at - timedelta(minutes=1), exported_at + timedelta(minutes=1)
    occupancy = spark.createDataFrame(
        [
            (1, START, START + timedelta(days=2), "booking", True, None, BOOKED_AT, exported_at),
            (1, START + timedelta(days=2), START + timedelta(days=4), "hold", True, before, None, exported_at),
            (1, START + timedelta(days=5), START + timedelta(days=6), "hold", True, after, None, exported_at),
            (1, START + timedelta(days=4), START + timedelta(days=5), "host_block", False, None, None, exported_at),
        ],
        "listing_id bigint, stay_from date, stay_until date, kind string, is_live boolean, expires_at timestamp, "
        "taken_at timestamp, exported_at timestamp",
    )
    seasons = spark.createDataFrame(
        [], "listing_id bigint, span_from date, span_until date, price_bps bigint, min_stay bigint"
    )
    nights = spark.createDataFrame(
        [(1, START, 150, None, None, True, False, None, None)],
        "listing_id bigint, night date, price_minor bigint, min_stay bigint, max_stay bigint, "
        "closed_to_arrival boolean, closed_to_departure boolean, min_stay_through bigint, max_stay_through bigint",
    )
    made = staged_nights(plans, seasons, nights, occupancy, WINDOW).toArrow().sort_by("night")
    assert set(made["listing_id"].to_pylist()) == {1}
    assert made["is_free"].to_pylist() == [False, False, True, True, True, False]
    assert made["occupancy_kind"].to_pylist() == ["booking", "booking", None, None, None, "hold"]
    assert made["taken_at"].to_pylist()[:3] == [BOOKED_AT, BOOKED_AT, None]
    assert made["price_minor"].to_pylist() == [150, 100, 100, 100, 100, 100]
