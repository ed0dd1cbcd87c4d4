"""A calendar taken apart says the same when it is put together again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from lodestay.snapshot import NIGHTS
from transactional.calendars.rules import NightColumns, NightRow, RatePlanRow, Window, build_calendar
from transactional.imports.calendar_rows import calendar_rows

FIRST = date(2026, 11, 20)
PLAN = {"source_id": "a", "base_price_minor": 100, "weekend_price_minor": 150, "min_stay": 2, "max_stay": 365}
PLAN_SCHEMA = pa.schema(
    [
        ("source_id", pa.string()),
        ("base_price_minor", pa.int64()),
        ("weekend_price_minor", pa.int64()),
        ("min_stay", pa.int32()),
        ("max_stay", pa.int32()),
    ]
)
NIGHT = st.fixed_dictionaries(
    {
        "is_free": st.booleans(),
        "price_minor": st.sampled_from([None, 100, 150, 90]),
        "min_stay": st.sampled_from([None, 2, 5]),
        "max_stay": st.sampled_from([None, 365, 30]),
        "closed_to_arrival": st.booleans(),
        "closed_to_departure": st.booleans(),
    }
)


def table_of(nights: dict[int, dict[str, Any]]) -> pa.Table:
    """Nights of listing "a" by their distance from the first."""
    rows = [{"source_id": "a", "night": FIRST + timedelta(days=n), **night} for n, night in nights.items()]
    return pa.Table.from_pylist(rows, schema=NIGHTS)


@settings(deadline=None)  # the first call loads Arrow
@given(st.dictionaries(st.integers(0, 25), NIGHT, min_size=1))
def test_the_calendar_rule_gives_every_night_back(nights: dict[int, dict[str, Any]]) -> None:
    """Price, stay rules and freedom of each night are what the source said; nights it leaves out are not free."""
    rows = calendar_rows(
        table_of(nights), pa.Table.from_pylist([PLAN], PLAN_SCHEMA), seasonal=pa.chunked_array([[]], pa.string())
    )
    (window,) = rows.windows.to_pylist()
    built = build_calendar(
        RatePlanRow(100, 150, 2, 365, 0, window["calendar_from"], window["calendar_until"]),
        seasons=(),
        nights=NightColumns.of(
            NightRow(**{k: v for k, v in row.items() if k != "source_id"}) for row in rows.overrides.to_pylist()
        ),
        occupied=[(row["starts_on"], row["ends_before"]) for row in rows.taken.to_pylist()],
        window=Window(FIRST - timedelta(days=5), FIRST + timedelta(days=40)),
    )
    assert built.start == FIRST + timedelta(days=min(nights))
    assert len(built.free) == max(nights) - min(nights) + 1
    for place in range(len(built.free)):
        day = built.start + timedelta(days=place)
        night = nights.get((day - FIRST).days)
        if night is None:
            assert not built.free[place]
            continue
        assert built.free[place] == night["is_free"]
        assert built.price_minor[place] == (night["price_minor"] or (150 if day.weekday() in {4, 5} else 100))
        assert built.min_stay[place] == (night["min_stay"] or 2)
        assert built.max_stay[place] == (night["max_stay"] or 365)
        assert built.closed_to_arrival[place] == night["closed_to_arrival"]
        assert built.closed_to_departure[place] == night["closed_to_departure"]


def test_only_what_differs_is_kept() -> None:
    """A night that says what the plan says needs no row, and taken nights in a row are one range."""
    usual = {
        "price_minor": 100,
        "min_stay": 2,
        "max_stay": 365,
        "closed_to_arrival": False,
        "closed_to_departure": False,
    }
    monday = 3  # FIRST is a Friday
    nights = {monday + n: {**usual, "is_free": n not in {1, 2}} for n in range(4)}
    rows = calendar_rows(
        table_of(nights), pa.Table.from_pylist([PLAN], PLAN_SCHEMA), seasonal=pa.chunked_array([[]], pa.string())
    )
    assert rows.overrides.num_rows == 0
    assert rows.taken.to_pylist() == [
        {"source_id": "a", "starts_on": FIRST + timedelta(days=4), "ends_before": FIRST + timedelta(days=6)}
    ]


def test_seasonal_listings_keep_what_their_nights_say() -> None:
    """Where a season scales the plan's price, a night's own price is kept though it equals the plan's."""
    night = {"is_free": True, "price_minor": 100, "min_stay": None, "max_stay": None}
    rows = calendar_rows(
        table_of({3: {**night, "closed_to_arrival": False, "closed_to_departure": False}}),
        pa.Table.from_pylist([PLAN], PLAN_SCHEMA),
        seasonal=pa.chunked_array([["a"]], pa.string()),
    )
    assert rows.overrides["price_minor"].to_pylist() == [100]


def test_an_empty_calendar_is_no_calendar() -> None:
    """No rows, no windows, nothing taken."""
    rows = calendar_rows(
        NIGHTS.empty_table(), pa.Table.from_pylist([PLAN], PLAN_SCHEMA), seasonal=pa.chunked_array([[]], pa.string())
    )
    assert (rows.overrides.num_rows, rows.taken.num_rows, rows.windows.num_rows) == (0, 0, 0)
    assert np.asarray(rows.windows["source_id"]).size == 0
