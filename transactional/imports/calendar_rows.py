"""What of a calendar has to be kept: nights that differ from the rate plan, and ranges that are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lodestay.calendar import is_weekend


@dataclass(frozen=True)
class CalendarRows:
    """A calendar in the shape of the tables.

    Attributes
    ----------
    overrides
        source_id, night, price_minor, min_stay, max_stay, closed_to_arrival, closed_to_departure; null
        where the rate plan says the same.
    taken
        source_id, starts_on, ends_before: longest ranges of nights that cannot be had, those in between
        that the calendar leaves out included.
    windows
        source_id, calendar_from, calendar_until: nights that are known.
    """

    overrides: pa.Table
    taken: pa.Table
    windows: pa.Table


def calendar_rows(nights: pa.Table, listings: pa.Table, *, seasonal: pa.ChunkedArray) -> CalendarRows:
    """Take a calendar apart.

    Parameters
    ----------
    nights, listings
        ``lodestay.snapshot.NIGHTS`` and ``LISTINGS``; nights of other listings are left out.
    seasonal
        Listings with seasons: what their nights say is kept whatever the plan says.
    """
    ids = listings["source_id"].combine_chunks()
    place = pc.index_in(nights["source_id"], ids)
    known = pc.is_valid(place)
    nights, place = nights.filter(known), place.filter(known)
    owner = place.to_numpy().astype(np.int64)
    day = nights["night"].cast(pa.int32()).to_numpy().astype(np.int64)
    order = np.argsort((owner << 32) + day, kind="stable")
    owner, day = owner[order], day[order]
    nights = nights.take(pa.array(order))
    return CalendarRows(
        overrides=_overrides(
            nights, listings, owner, day, pc.is_in(ids, seasonal.combine_chunks()).to_numpy(zero_copy_only=False)
        ),
        taken=_taken(ids, owner, day, ~nights["is_free"].to_numpy()),
        windows=_windows(ids, owner, day),
    )


def _overrides(
    nights: pa.Table,
    listings: pa.Table,
    owner: NDArray[np.int64],
    day: NDArray[np.int64],
    seasonal: NDArray[np.bool_],
) -> pa.Table:
    weekend = is_weekend(day.astype("datetime64[D]"))
    base = _numbers(listings["base_price_minor"])
    weekend_price = _numbers(pc.coalesce(listings["weekend_price_minor"], listings["base_price_minor"]))
    usual = {
        "price_minor": np.where(weekend, weekend_price[owner], base[owner]),
        "min_stay": _numbers(listings["min_stay"])[owner],
        "max_stay": _numbers(listings["max_stay"])[owner],
    }
    columns: dict[str, Any] = {}
    differs = nights["closed_to_arrival"].to_numpy() | nights["closed_to_departure"].to_numpy()
    for name, expected in usual.items():
        told = _numbers(nights[name])
        says = (told != _NOTHING) & ((told != expected) | seasonal[owner])
        columns[name] = pa.array(told, mask=~says)
        differs |= says
    table = pa.table(
        {
            "source_id": nights["source_id"],
            "night": nights["night"],
            **columns,
            "closed_to_arrival": nights["closed_to_arrival"],
            "closed_to_departure": nights["closed_to_departure"],
        }
    )
    return table.filter(pa.array(differs))


_NOTHING = np.iinfo(np.int64).min


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(pc.fill_null(column.cast(pa.int64()), int(_NOTHING)).to_numpy(), dtype=np.int64)


def _taken(ids: pa.Array, owner: NDArray[np.int64], day: NDArray[np.int64], taken: NDArray[np.bool_]) -> pa.Table:
    """Runs of nights that are not free; a night that is left out between two others is not free either."""
    same = np.diff(owner, prepend=-1) == 0
    skipped = same & (np.diff(day, prepend=0) > 1)
    after = np.flatnonzero(taken)
    first = after[~(same[after] & np.roll(taken, 1)[after]) | skipped[after]]
    run = np.searchsorted(first, after, side="right") - 1
    length = np.bincount(run, minlength=len(first)) if len(first) else np.zeros(0, np.int64)
    gap = np.flatnonzero(skipped)
    return _ranges(
        ids,
        np.concatenate([owner[first], owner[gap]]),
        np.concatenate([day[first], day[gap - 1] + 1]),
        np.concatenate([day[first] + length, day[gap]]),
        ("starts_on", "ends_before"),
    )


def _windows(ids: pa.Array, owner: NDArray[np.int64], day: NDArray[np.int64]) -> pa.Table:
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    last = np.append(first[1:], len(owner)) - 1 if len(owner) else first
    return _ranges(ids, owner[first], day[first], day[last] + 1, ("calendar_from", "calendar_until"))


def _ranges(
    ids: pa.Array,
    owner: NDArray[np.int64],
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    names: tuple[str, str],
) -> pa.Table:
    dates = (pa.array(side.astype(np.int32)).cast(pa.date32()) for side in (start, end))
    return pa.table([ids.take(pa.array(owner)), *dates], names=["source_id", *names])
