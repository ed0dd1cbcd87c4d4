"""The synthetic marketplace: one snapshot a city, and beside it the truth that no snapshot tells.

Everything follows from the seed: the same arguments give the same bytes. Each city and each step
draws from a stream of its own, so that a change to one leaves the others as they were.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa

from lodestay.errors import InvalidInput
from lodestay.money import split_by_largest_remainder
from lodestay.snapshot import LISTINGS, Snapshot
from simulation.cities import CITIES, City
from simulation.draws import Ints, stream
from simulation.geography import neighbourhood_table
from simulation.homes import CODES, Homes, make_homes
from simulation.hosts import Hosts, make_hosts
from simulation.nights import night_table, season_table
from simulation.prose import listing_texts
from simulation.rates import Rates, make_rates
from simulation.reviews import Ratings, add_up, draw_reviews, review_table

SOURCE: Final = "synthetic"
_VERSION: Final = 2
"""Counts up when the same seed begins to give another marketplace."""
_EPOCH = date(1970, 1, 1).toordinal()

LATENT: Final = pa.schema(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("quality", pa.float64(), nullable=False),
        pa.field("appeal", pa.float64(), nullable=False),
        pa.field("fair_price_minor", pa.int64(), nullable=False),
    ]
)
"""What is true of a listing and told nowhere: how good it is, how good it looks, what it is worth."""


class InvalidMarketplace(InvalidInput):
    """A marketplace that cannot be made."""

    title = "Invalid marketplace"


@dataclass(frozen=True)
class SyntheticMarket:
    """A market's snapshot and, apart from it, its :data:`LATENT` truth."""

    snapshot: Snapshot
    latent: pa.Table


def generate_markets(*, listings: int, seed: int, as_of: date) -> list[SyntheticMarket]:
    """Make a marketplace of several cities, heavy-tailed in size.

    Parameters
    ----------
    listings
        Of all cities together; cities that would have none are left out.
    as_of
        Day of the snapshot; nights are known from 90 days before to 365 days after it.

    Raises
    ------
    InvalidMarketplace
        Fewer than one listing, or a negative seed.
    """
    if listings < 1 or seed < 0:
        raise InvalidMarketplace(
            f"{listings} listings with seed {seed} make no marketplace.",
            hint="Ask for at least one listing, with a seed of zero or more.",
        )
    shares = [1_000_000 // rank for rank in range(1, len(CITIES) + 1)]
    sizes = split_by_largest_remainder(listings, shares)
    return [
        _market(city, listings=size, seed=seed, as_of=as_of) for city, size in zip(CITIES, sizes, strict=True) if size
    ]


def _market(city: City, *, listings: int, seed: int, as_of: date) -> SyntheticMarket:
    def rng(step: str) -> np.random.Generator:
        return stream(seed, city.facts.market_key, step)

    ids = pa.array([f"s{seed}-{n:06d}" for n in range(listings)])
    hosts = make_hosts(rng("hosts"), city, listings=listings, seed=seed, as_of=as_of)
    homes = make_homes(rng("homes"), city, hosts)
    rates = make_rates(rng("rates"), city, homes)
    reviews = draw_reviews(rng("reviews"), city, homes, rates, as_of=as_of)
    ratings = add_up(rng("ratings"), reviews, homes)
    texts = listing_texts(rng("texts"), city, homes, hosts.language[hosts.of_listing])
    told = f"{_VERSION} {city.facts} {listings} {seed} {as_of}"
    snapshot = Snapshot(
        market=city.facts,
        source=SOURCE,
        snapshot_date=as_of,
        fingerprint=hashlib.sha256(told.encode()).hexdigest(),
        hosts=hosts.table,
        listings=_listing_table(city, hosts, homes=homes, rates=rates, ratings=ratings, texts=texts, ids=ids),
        nights=night_table(rng("nights"), city, homes, rates, ids=ids, as_of=as_of),
        seasons=season_table(rng("seasons"), city, rates, ids=ids, as_of=as_of),
        reviews=review_table(rng("comments"), reviews, ids=ids, seed=seed),
        neighbourhoods=neighbourhood_table(city),
        rejects=(),
        missing=(),
    )
    latent = pa.table([ids, homes.quality, homes.appeal, rates.fair_minor], schema=LATENT)
    return SyntheticMarket(snapshot, latent)


def _listing_table(
    city: City,
    hosts: Hosts,
    *,
    homes: Homes,
    rates: Rates,
    ratings: Ratings,
    texts: list[tuple[str, str, str]],
    ids: pa.Array,
) -> pa.Table:
    unrated = ratings.count == 0
    titles, descriptions, rules = zip(*texts, strict=True)
    codes = np.array(CODES)
    columns = {
        "source_id": ids,
        "host_key": hosts.table["host_key"].combine_chunks().take(hosts.of_listing),
        "neighbourhood": pa.array([n.name for n in city.neighbourhoods]).take(homes.neighbourhood),
        "title": titles,
        "description": descriptions,
        "house_rules": rules,
        "language": hosts.language[hosts.of_listing].tolist(),
        "property_type": homes.property_type.tolist(),
        "room_type": homes.room_type.tolist(),
        "accommodates": homes.accommodates,
        "bedrooms": homes.bedrooms,
        "beds": homes.beds,
        "bathrooms": _decimals((10 * homes.bathrooms).astype(np.int64), pa.decimal128(4, 1)),
        "shared_bathroom": homes.shared_bathroom,
        "amenities": [codes[row].tolist() for row in homes.has],
        "latitude": homes.latitude,
        "longitude": homes.longitude,
        "instant_book": rates.instant_book,
        "cancellation_policy": rates.cancellation.tolist(),
        "rating": _decimals(ratings.overall, pa.decimal128(3, 2), mask=unrated),
        **{
            f"rating_{aspect}": _decimals(ratings.aspects[:, n], pa.decimal128(3, 2), mask=unrated)
            for n, aspect in enumerate(("accuracy", "cleanliness", "check_in", "communication", "location", "value"))
        },
        "review_count": ratings.count,
        "first_review_on": _dates(ratings.first, mask=unrated),
        "last_review_on": _dates(ratings.last, mask=unrated),
        "base_price_minor": rates.base_minor,
        "weekend_price_minor": rates.weekend_minor,
        "cleaning_fee_minor": rates.cleaning_minor,
        "guests_included": rates.guests_included,
        "extra_guest_fee_minor": rates.extra_guest_minor,
        "weekly_discount_bps": rates.weekly_bps,
        "monthly_discount_bps": rates.monthly_bps,
        "min_stay": rates.min_stay,
        "max_stay": rates.max_stay,
        "advance_notice_days": rates.advance_notice,
    }
    return pa.table({field.name: _as(columns[field.name], field.type) for field in LISTINGS}, schema=LISTINGS)


def _as(values: object, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) and values.type == kind else pa.array(values, type=kind)


def _decimals(units: Ints, kind: pa.Decimal128Type, *, mask: np.ndarray | None = None) -> pa.Array:
    """Read integers as decimals of the type's scale, exactly."""
    whole = pa.array(units.astype(np.int64), mask=mask).cast(pa.decimal128(19, 0)).cast(pa.decimal128(30, kind.scale))
    return pa.compute.divide(whole, pa.scalar(10**kind.scale, pa.decimal128(3, 0))).cast(kind)


def _dates(ordinals: Ints, *, mask: np.ndarray | None) -> pa.Array:
    return pa.array((ordinals - _EPOCH).astype("datetime64[D]"), mask=mask)
