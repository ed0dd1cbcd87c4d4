"""Comparables against a slow and plain computation."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from ml.comparables import ENOUGH, comparables, size_bucket

LISTINGS = st.lists(
    st.fixed_dictionaries(
        {
            "neighbourhood": st.sampled_from(["a", "b", None]),
            "room_type": st.sampled_from(["entire_home", "private_room"]),
            "accommodates": st.integers(1, 8),
            "price": st.one_of(st.none(), st.integers(1, 50)),
            "known": st.booleans(),
        }
    ),
    min_size=1,
    max_size=30,
)


def plainly(rows: list[dict[str, Any]], index: int) -> tuple[float | None, int, int | None]:
    """Median, count and level of one listing, by the definition."""

    def bucket(row: dict[str, Any]) -> int:
        return int(size_bucket(np.array([row["accommodates"]]))[0])

    keys = [
        lambda row: (row["neighbourhood"], row["room_type"], bucket(row)),
        lambda row: (row["room_type"], bucket(row)),
        lambda row: row["room_type"],
        lambda _row: None,
    ]
    best: tuple[float | None, int, int | None] = (None, 0, None)
    for level, key in enumerate(keys):
        others = [
            row["price"]
            for place, row in enumerate(rows)
            if place != index and row["known"] and row["price"] is not None and key(row) == key(rows[index])
        ]
        if others and best[1] < ENOUGH:
            best = (statistics.median(others), len(others), level)
    return best


@given(rows=LISTINGS)
def test_comparables_are_the_median_of_the_others(rows: list[dict[str, Any]]) -> None:
    """Every listing: the same median, count and level as the definition gives, itself and the hidden left out."""
    table = pa.Table.from_pylist(
        rows,
        schema=pa.schema([("neighbourhood", pa.string()), ("room_type", pa.string()), ("accommodates", pa.int32())]),
    )
    price = np.array([np.nan if row["price"] is None else float(row["price"]) for row in rows])
    found = comparables(table, price, known=np.array([row["known"] for row in rows]))
    for index in range(len(rows)):
        median, count, level = plainly(rows, index)
        np.testing.assert_equal(found.median_minor[index], np.nan if median is None else median)
        assert found.count[index] == count
        np.testing.assert_equal(found.level[index], np.nan if level is None else level)


def test_size_classes() -> None:
    """The edges of the size classes."""
    assert size_bucket(np.array([1.0, 2, 3, 4, 5, 6, 7, 16])).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
