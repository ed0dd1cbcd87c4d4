"""The price models' examples as arrays: two tasks, each with its own anchor and its own honest split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lodestay.errors import NotFound
from lodestay.lake import LISTING_FEATURES, PRICING_EXAMPLES, Dataset, LakeFile, partition_files, read_files
from ml.arrays import Floats, Ints, days, floats, integers, lookup
from ml.comparables import comparables
from ml.pricing.examples import EARLY, LATE
from ml.pricing.features import OwnPrices, pricing_features

TRAIN, CALIBRATE, TEST = 0, 1, 2
"""Parts of a split."""
_PURPOSES = {TRAIN: "learn from", TEST: "judge on"}
_SHARES = (0.7, 0.15)
_HASH = 0x9E3779B97F4A7C15
"""Knuth's multiplicative constant: spreads consecutive listing ids evenly."""


class NoPrices(NotFound):
    """There is no priced calendar to train on."""

    title = "No price examples"


@dataclass(frozen=True)
class Priced:
    """n listing-nights of one task.

    Attributes
    ----------
    matrix
        (n, len(FEATURES)).
    price_minor, anchor_minor
        (n,) what was asked, and the one-line rule's price; the models learn ``log(price / anchor)``.
    part
        (n,) :data:`TRAIN`, :data:`CALIBRATE` or :data:`TEST`.
    listing_id
        (n,).
    room_type
        (n,) text, for figures by room type.
    market
        (n,) text.
    variation
        (n,) how much the listing's calendar varies; 0 is flat.
    """

    matrix: NDArray[np.float64]
    price_minor: Floats
    anchor_minor: Floats
    part: Ints
    listing_id: Ints
    room_type: NDArray[np.object_]
    market: NDArray[np.object_]
    variation: Floats

    def keep(self, rows: NDArray[np.bool_]) -> Priced:
        """Only these rows, (n,) bool."""
        return Priced(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @property
    def lacking(self) -> str | None:
        """What there are no nights for; None where a model can be trained and judged."""
        return next((words for part, words in _PURPOSES.items() if not (self.part == part).any()), None)

    @property
    def log_ratio(self) -> Floats:
        """(n,) what the models learn."""
        return np.asarray(np.log(self.price_minor / self.anchor_minor))


def concatenate(parts: Sequence[Priced]) -> Priced:
    """Several markets as one."""
    return Priced(*(np.concatenate([getattr(p, name) for p in parts]) for name in Priced.__dataclass_fields__))


def unseen_task(examples: pa.Table, features: pa.Table, *, market: str) -> Priced:
    """Price a listing nobody has seen: whole listings are held out, and comparables know only those in training."""
    ids = integers(features, "listing_id")
    parts = _part_of_listing(ids)
    known = comparables(features, floats(features, "price_minor"), known=parts == TRAIN)
    features = _replaced(features, comparables_count=known.count, comparables_level=known.level)
    rows, _ = lookup(ids, integers(examples, "listing_id"))
    median = known.median_minor[rows]
    return _priced(examples, features, rows, anchor=median, comparables_minor=median, part=parts[rows], market=market)


def known_task(examples: pa.Table, features: pa.Table, *, market: str) -> Priced:
    """Price later nights of a listing from its earlier ones: split by time, calibrated on listings set apart."""
    lead = floats(examples, "lead_days")
    examples, lead = examples.filter(pa.array(lead >= EARLY)), lead[lead >= EARLY]
    ids = integers(features, "listing_id")
    rows, _ = lookup(ids, integers(examples, "listing_id"))
    apart = _part_of_listing(ids)[rows] == CALIBRATE
    part = np.where(lead >= LATE, TEST, np.where(apart, CALIBRATE, TRAIN))
    anchor = floats(examples, "own_median_minor")
    others = floats(features, "comparables_minor")[rows]
    return _priced(examples, features, rows, anchor=anchor, comparables_minor=others, part=part, market=market)


def read_tasks(lake: str, day: date) -> tuple[Priced, Priced]:
    """Both tasks over every market with a priced calendar on `day`: unseen, known.

    Raises
    ------
    NoPrices
        No market has examples of that day.
    """
    unseen, known = [], []
    examples_of, features_of = (_by_market(dataset, lake, day) for dataset in (PRICING_EXAMPLES, LISTING_FEATURES))
    for market in sorted(examples_of.keys() & features_of.keys()):
        examples, features = read_files(examples_of[market]), read_files(features_of[market])
        unseen.append(unseen_task(examples, features, market=market))
        known.append(known_task(examples, features, market=market))
    if not any(len(task.price_minor) for task in (*unseen, *known)):
        raise NoPrices(
            f"No market has priced nights on {day} in {PRICING_EXAMPLES.path(lake)}.",
            hint="Run the pipeline up to training/pricing; a city whose calendar has no prices cannot teach any.",
        )
    return concatenate(unseen), concatenate(known)


def _priced(
    examples: pa.Table,
    features: pa.Table,
    rows: Ints,
    *,
    anchor: Floats,
    comparables_minor: Floats,
    part: Ints,
    market: str,
) -> Priced:
    aligned = features.take(rows)
    matrix = pricing_features(
        aligned,
        days(examples, "night"),
        lead_days=floats(examples, "lead_days"),
        comparables_minor=comparables_minor,
        own=OwnPrices(
            *(floats(examples, name) for name in ("own_median_minor", "own_weekend_uplift", "own_variation"))
        ),
    )
    count = examples.num_rows
    priced = Priced(
        matrix,
        floats(examples, "price_minor"),
        anchor,
        part,
        integers(examples, "listing_id"),
        np.asarray(aligned["room_type"].to_pylist(), dtype=object),
        np.full(count, market, dtype=object),
        floats(aligned, "price_variation"),
    )
    return priced.keep(np.isfinite(anchor) & (anchor > 0))


def _part_of_listing(ids: Ints) -> Ints:
    """Part of each listing by a hash of its id: the same every day, whatever else is in the market."""
    place = (ids.astype(np.uint64) * np.uint64(_HASH)) >> np.uint64(40)
    share = place.astype(np.float64) / 2**24
    return np.searchsorted(np.cumsum(_SHARES), share, side="right").astype(np.int64)


def _replaced(table: pa.Table, **columns: Floats) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    return table


def _by_market(dataset: Dataset, lake: str, day: date) -> dict[str, list[LakeFile]]:
    found: dict[str, list[LakeFile]] = {}
    for file in partition_files(dataset, lake, day=day):
        found.setdefault(file.partition["market"], []).append(file)
    return found
