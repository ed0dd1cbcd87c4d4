"""Calendars in Spark: a listing's plan, seasons, nights and occupancy → a row a night.

Each listing's rows are gathered into one row with nested lists, so that whole batches of listings go to
Python at once; what a night costs and allows is decided by `transactional.calendars.rules` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it
from pyspark.sql.pandas.types import from_arrow_schema

from lodestay.calendar import StayCalendar
from lodestay.staged import NIGHTS
from lodestay.stay import MAX_NIGHTS
from transactional.calendars.rules import (
    KINDS_OF_GUESTS,
    SAYS_NOTHING,
    NightColumns,
    RatePlanRow,
    SeasonRow,
    Window,
    build_calendar,
)

ROWS = NIGHTS.insert(1, pa.field("market", pa.string()))
"""A night a row, with its market, by which the rows are partitioned."""
PLAN = (
    "base_price_minor",
    "weekend_price_minor",
    "min_stay",
    "max_stay",
    "advance_notice_days",
    "calendar_from",
    "calendar_until",
    "last_booking_hour",
    "booking_window_days",
    "min_gap_nights",
    "fills_gaps",
    "preparation_days",
)
RULES = ("min_stay", "max_stay", "closed_to_arrival", "closed_to_departure")
THROUGH = ("min_stay_through", "max_stay_through")
NOBODY = -1
NIGHT = ("night", "price_minor", *RULES, *THROUGH)
MOST_PREPARATION = 14
"""Days that a guest's nights reach beyond themselves, at most: the schema says so too."""


def staged_nights(
    rate_plans: DataFrame, seasons: DataFrame, calendar_nights: DataFrame, occupancy: DataFrame, window: Window
) -> DataFrame:
    """Lay out every listing's nights of a window: :data:`ROWS`."""
    gathered = gather(rate_plans, seasons, calendar_nights, occupancy, window)
    return gathered.mapInArrow(_nights(window), from_arrow_schema(ROWS, prefer_timestamp_ntz=False))


def gather(
    rate_plans: DataFrame, seasons: DataFrame, calendar_nights: DataFrame, occupancy: DataFrame, window: Window
) -> DataFrame:
    """Bring what a listing's calendar is made of into one row a listing, as far as it touches the window.

    Parameters
    ----------
    occupancy
        With `taken_at`: when a booking took the nights; null for what was there when the listing came. And
        with `exported_at`: the moment as of which a hold has run out or has not.
    """
    start, end = F.lit(window.start), F.lit(window.end)
    spans = seasons.where((F.col("span_from") < end) & (F.col("span_until") > start))
    said = calendar_nights.where((F.col("night") >= start) & (F.col("night") < end))
    # What was a hold that ran out keeps nobody away.
    live = F.col("is_live") & (F.col("expires_at").isNull() | (F.col("expires_at") > F.col("exported_at")))
    around = timedelta(days=MOST_PREPARATION)
    near = (F.col("stay_from") < F.lit(window.end + around)) & (F.col("stay_until") > F.lit(window.start - around))
    taken = occupancy.where(live & near)
    return (
        rate_plans.select("listing_id", "market", *PLAN)
        .join(_lists(spans, "seasons", ("span_from", "span_until", "price_bps", "min_stay")), "listing_id", "left")
        .join(_lists(said, "nights", NIGHT), "listing_id", "left")
        .join(_lists(taken, "occupied", ("stay_from", "stay_until", "kind", "taken_at")), "listing_id", "left")
    )


def _lists(rows: DataFrame, name: str, columns: tuple[str, ...]) -> DataFrame:
    return rows.groupBy("listing_id").agg(F.collect_list(F.struct(*columns)).alias(name))


def _nights(window: Window) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def lay_out(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield from nights_of(batch, window).to_batches()

    return lay_out


@dataclass(frozen=True)
class _Nested:
    """A column of lists of structs, as flat columns and where each row's part begins and ends."""

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    fields: dict[str, pa.Array]

    @classmethod
    def of(cls, column: pa.Array) -> _Nested:
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        ends = np.cumsum(lengths)
        values = column.flatten()
        return cls(ends - lengths, ends, {field.name: values.field(field.name) for field in values.type})

    def part(self, row: int) -> slice:
        return slice(int(self.begins[row]), int(self.ends[row]))


def nights_of(batch: pa.RecordBatch, window: Window) -> pa.Table:
    """Nights of a batch of listings, as :func:`gather` hands them over."""
    plans = batch.select(PLAN).to_pylist()
    seasons, said, taken = (_Nested.of(batch.column(name)) for name in ("seasons", "nights", "occupied"))
    columns = _night_columns(said)
    spans = list(zip(taken.fields["stay_from"].to_pylist(), taken.fields["stay_until"].to_pylist(), strict=True))
    by_guests = [kind in KINDS_OF_GUESTS for kind in taken.fields["kind"].to_pylist()]
    season_rows = [
        SeasonRow(*row) for row in zip(*(column.to_pylist() for column in seasons.fields.values()), strict=True)
    ]
    parts = []
    for row, plan in enumerate(plans):
        own = taken.part(row)
        whose = list(zip(by_guests[own], spans[own], strict=True))
        calendar = build_calendar(
            RatePlanRow(**plan),
            seasons=season_rows[seasons.part(row)],
            nights=NightColumns(**{name: column[said.part(row)] for name, column in columns.items()}),
            occupied=[span for guests, span in whose if not guests],
            window=window,
            stays=[span for guests, span in whose if guests],
        )
        occupants = _paint(calendar, spans, own)
        parts.append((calendar, occupants, plan["base_price_minor"] is not None))
    return _table(batch, taken.fields, parts)


def _night_columns(said: _Nested) -> dict[str, NDArray[Any]]:
    fields = said.fields
    columns: dict[str, NDArray[Any]] = {"night": fields["night"].to_numpy(zero_copy_only=False).astype("datetime64[D]")}
    for name in ("price_minor", "min_stay", "max_stay", *THROUGH):
        kind = np.int64 if name == "price_minor" else np.int32
        columns[name] = fields[name].fill_null(SAYS_NOTHING).to_numpy(zero_copy_only=False).astype(kind)
    for name in ("closed_to_arrival", "closed_to_departure"):
        columns[name] = fields[name].to_numpy(zero_copy_only=False).astype(bool)
    return columns


def _paint(calendar: StayCalendar, spans: list[tuple[date, date]], own: slice) -> NDArray[np.int64]:
    """Who has each night of a listing: the place in `spans`, of which `own` are the listing's, or -1 for nobody."""
    occupant = np.full(len(calendar.free), NOBODY, dtype=np.int64)
    for place in range(own.start, own.stop):
        first, last = spans[place]
        occupant[max(0, calendar.index(first)) : max(0, calendar.index(last))] = place
    return occupant


def _table(
    batch: pa.RecordBatch, taken: dict[str, pa.Array], parts: list[tuple[StayCalendar, NDArray[np.int64], bool]]
) -> pa.Table:
    lengths = np.array([len(calendar.free) for calendar, _, _ in parts])
    rows = np.repeat(np.arange(len(parts)), lengths)
    starts = np.array([calendar.start for calendar, _, _ in parts], dtype="datetime64[D]")
    within = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(calendar, name) for calendar, _, _ in parts])

    def through(name: str, unsaid: int) -> pa.Array:
        said = [
            np.full(len(calendar.free), unsaid, dtype=np.int32) if (rule := getattr(calendar, name)) is None else rule
            for calendar, _, _ in parts
        ]
        values = np.concatenate(said)
        return pa.array(values, mask=values == unsaid)

    price = column("price_minor")
    # Nothing says what the night costs: not known, rather than free of charge.
    unpriced = ~np.array([priced for _, _, priced in parts])[rows] & (price == 0)
    occupant = np.concatenate([occupants for _, occupants, _ in parts])
    by = pa.array(occupant, mask=occupant == NOBODY)
    return pa.table(
        {
            "listing_id": batch.column("listing_id").take(pa.array(rows)),
            "market": batch.column("market").take(pa.array(rows)),
            "night": pa.array(starts[rows] + within),
            "price_minor": pa.array(price, mask=unpriced),
            "is_free": column("free"),
            "occupancy_kind": taken["kind"].take(by),
            "taken_at": taken["taken_at"].take(by),
            **{name: column(name) for name in RULES},
            "min_stay_through": through("min_stay_through", 1),
            "max_stay_through": through("max_stay_through", MAX_NIGHTS),
        }
    ).cast(ROWS)
