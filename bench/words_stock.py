"""Listings with their texts for the benchmark of words: synthetic ones in ten languages, or real cities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from lodestay.snapshot import Snapshot
from search.document import REVIEW_CHARACTERS, REVIEWS
from simulation.supply import generate_markets
from transactional.imports.inside_airbnb.folder import SnapshotFiles, find_files
from transactional.imports.inside_airbnb.reader import read_snapshot

CITIES: Final = {
    "antwerp": date(2019, 9, 25),
    "barossa-valley": date(2024, 7, 28),
    "jersey-city": date(2019, 4, 27),
    "singapore": date(2023, 9, 23),
    "stockholm": date(2022, 9, 24),
}
"""Snapshots whose descriptions stand in their hosts' own languages, or which have reviews."""
AS_OF: Final = date(2026, 6, 15)
SEED: Final = 20261127


@dataclass(frozen=True)
class Texts:
    """What there is to find.

    Attributes
    ----------
    listings
        Rows with the columns of staged listings that a document is made of.
    reviews
        `comment` and `language` of a listing's newest, as far as they are searched, the newest first.
    """

    listings: list[dict[str, Any]]
    reviews: dict[int, list[dict[str, Any]]]


def synthetic(listings: int) -> Texts:
    """Draw a marketplace of several cities."""
    markets = generate_markets(listings=listings, seed=SEED, as_of=AS_OF)
    return _gathered(market.snapshot for market in markets)


def real(folder: Path, *, each: int) -> Texts:
    """Read the cities of Inside Airbnb below a folder, masked as an import masks them.

    Parameters
    ----------
    each
        Listings of a city, at most; half of them in other languages than English, where it has so many.
    """
    every = _gathered(_read(folder / city, day) for city, day in CITIES.items())
    rng, kept = np.random.default_rng(SEED), list[dict[str, Any]]()
    for city in CITIES:
        own = [row for row in every.listings if row["market"] == city]
        others = [row for row in own if row["language"] not in {"en", None}]
        chosen = [others[n] for n in rng.permutation(len(others))[: each // 2]]
        english = [row for row in own if row["language"] == "en"]
        kept += chosen + [english[n] for n in rng.permutation(len(english))[: each - len(chosen)]]
    return Texts(kept, {row["listing_id"]: every.reviews.get(row["listing_id"], []) for row in kept})


def _read(city: Path, day: date) -> Snapshot:
    files = find_files(city, snapshot=day)
    without_nights = SnapshotFiles(
        folder=files.folder,
        snapshot_date=files.snapshot_date,
        listings=files.listings,
        calendar=None,
        reviews=files.reviews,
        boundaries=files.boundaries,
        names=files.names,
        left_out=(),
    )
    reading = read_snapshot(
        without_nights, market=city.name, currency=None, masking_key="bench", fingerprint="", progress=lambda _: None
    )
    return reading.snapshot


def _gathered(snapshots: Iterator[Snapshot]) -> Texts:
    found = Texts([], {})
    for snapshot in snapshots:
        ids = {}
        for row in snapshot.listings.to_pylist():
            ids[row["source_id"]] = listing_id = len(found.listings) + 1
            own = {"listing_id": listing_id, "market": snapshot.market.market_key, "is_active": True}
            found.listings.append(row | own | {"is_superhost": False, "host_languages": None})
        comments = defaultdict[int, list[tuple[date, str, str | None]]](list)
        for row in [] if snapshot.reviews is None else snapshot.reviews.to_pylist():
            if row["comment"] and row["source_id"] in ids:
                comments[ids[row["source_id"]]].append((row["written_on"], row["comment"], row["language"]))
        for listing_id, written in comments.items():
            newest = sorted(written, key=lambda review: review[0], reverse=True)
            found.reviews[listing_id] = [
                {"comment": comment[:REVIEW_CHARACTERS], "language": language}
                for _, comment, language in newest[:REVIEWS]
            ]
    return found
