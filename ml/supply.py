"""Where the supply of a market comes from, as a model card says it: whose data, of which day, moved or not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from lodestay.lake import RAW, newest_files, read_files

SYNTHETIC, INSIDE_AIRBNB = "synthetic", "inside-airbnb"
"""Sources of listings."""

_COLUMNS = pa.schema(
    [
        pa.field("market_key", pa.string()),
        pa.field("sources", pa.string()),
        pa.field("snapshot_date", pa.date32()),
        pa.field("date_shift_days", pa.int64()),
    ]
)
"""Columns of `raw/markets`; the ones that an older export lacks are null."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Where a market's listings come from.

    Attributes
    ----------
    sources
        Of its listings; empty where the lake does not tell.
    snapshot
        Day of the newest snapshot, as its source dates it.
    shift_days
        By how much its dates were moved at the import.
    """

    market: str
    sources: tuple[str, ...] = ()
    snapshot: date | None = None
    shift_days: int = 0


def read_supply(lake: str, markets: Collection[str], *, until: date) -> tuple[Supply, ...]:
    """Supply of these markets by the newest export that is not later than `until`, in order of their names."""
    files = [file for file in newest_files(RAW["markets"], lake, until=until) if file.partition["market"] in markets]
    found = {
        row["market_key"]: Supply(
            row["market_key"],
            tuple(row["sources"].split(",")) if row["sources"] else (),
            row["snapshot_date"],
            row["date_shift_days"] or 0,
        )
        for row in (read_files(files, _COLUMNS).to_pylist() if files else ())
    }
    return tuple(found.get(market, Supply(market)) for market in sorted(markets))


def supply_list(supplies: Collection[Supply]) -> str:
    """A Markdown list of one sentence a market."""
    return "\n".join(f"- {_sentence(supply)}" for supply in supplies)


def _sentence(supply: Supply) -> str:
    if not supply.sources:
        return f"**{supply.market}**: where its listings come from is not recorded in the lake."
    origins = " and ".join(_origin(source) for source in supply.sources)
    taken = f", as of {supply.snapshot}" if supply.snapshot else ""
    return f"**{supply.market}**: {origins}{taken}; {_dates(supply.shift_days)}."


def _origin(source: str) -> str:
    if source == SYNTHETIC:
        return "**synthetic** listings, hosts, prices and reviews, which a program made up"
    if source == INSIDE_AIRBNB:
        return "a snapshot of [Inside Airbnb](https://insideairbnb.com) (CC BY 4.0)"
    return f"listings of {source}"


def _dates(shift_days: int) -> str:
    if not shift_days:
        return "its dates are as the source has them"
    return (
        f"its dates were **moved by {shift_days:,} days**, whole weeks, so moveable feasts and one-off events fall on "
        "other dates than their prices"
    )
