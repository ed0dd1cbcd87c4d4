"""Partitions of the assets, and what a run is asked to make of them.

An asset of the lake is partitioned by day and market, like its files. A run covers every market of a day
at once (`BackfillPolicy.single_run`): one Spark job for them all, because a session costs seconds and a
market's rows often less. Such a run carries a *range* of keys, from the day's first market to its last;
the index, the models and the marts have no partitions, and the same run makes them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster import AssetExecutionContext

FIRST_DAY = "2026-01-01"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"

MARKETS = dg.DynamicPartitionsDefinition(name="market")
"""Keys of the markets that are known to Dagster; a sensor adds those that appear in PostgreSQL."""

DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1, timezone="UTC")
"""Days up to and with today."""

DAY_MARKET = dg.MultiPartitionsDefinition({"day": DAYS, "market": MARKETS})


@dataclass(frozen=True)
class Slice:
    """One day of some markets: what one job makes."""

    day: date
    markets: tuple[str, ...]

    @property
    def arguments(self) -> list[str]:
        """Arguments of a job."""
        return ["--day", self.day.isoformat(), *(word for market in self.markets for word in ("--market", market))]

    @property
    def partitions(self) -> list[tuple[str, str]]:
        """Partitions of a dataset by day and market."""
        return [(self.day.isoformat(), market) for market in self.markets]


def slices(context: AssetExecutionContext) -> list[Slice]:
    """The run's partitions, day by day."""
    return slices_of(context.partition_keys)


def slices_of(keys: Sequence[str]) -> list[Slice]:
    """Keys of :data:`DAY_MARKET`, day by day."""
    by_day: dict[str, set[str]] = {}
    for key in keys:
        day, _, market = key.partition("|")
        by_day.setdefault(day, set()).add(market)
    return [Slice(date.fromisoformat(day), tuple(sorted(markets))) for day, markets in sorted(by_day.items())]


def run_day(context: AssetExecutionContext, *, otherwise: date) -> date:
    """Day of the run, for an asset without partitions: the last one it covers, or today for a run of its own."""
    tags = context.run.tags
    key = tags.get(RANGE_END) or tags.get("dagster/partition")
    return date.fromisoformat(key.partition("|")[0]) if key else otherwise


def range_tags(day: date, markets: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Tags of one run over some markets of a day.

    Parameters
    ----------
    known
        Every market in Dagster's order; a range has no gaps, so `markets` must lie side by side in it.

    Raises
    ------
    ValueError
        Where they do not.
    """
    places = sorted(known.index(market) for market in set(markets))
    if not places or places != list(range(places[0], places[-1] + 1)):
        raise ValueError(f"{sorted(markets)} are not neighbours among the markets {list(known)}.")
    first, last = (f"{day.isoformat()}|{known[place]}" for place in (places[0], places[-1]))
    return {RANGE_START: first, RANGE_END: last}


def blocks(markets: Sequence[str], known: Sequence[str]) -> list[list[str]]:
    """Cut markets into those that lie side by side in Dagster's order: one run for each."""
    found: list[list[str]] = []
    last = None
    for place in sorted(known.index(market) for market in set(markets)):
        if last is None or place != last + 1:
            found.append([])
        found[-1].append(known[place])
        last = place
    return found
