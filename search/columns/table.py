"""The columns themselves: what is held of a listing, in which type, and what stands for "not known".

A row is a listing; rows are in order of where they lie (:mod:`search.columns.places`), so that a city is a
few runs of rows. Nights are columns too: a bit a listing for what a night allows, a number for what it costs,
each in the slot of :mod:`search.ring`. A stay of seven nights in a city of twenty thousand is then an AND of
seven times some three hundred words.
"""

from __future__ import annotations

from math import asinh, pi, radians, tan
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.ring import RING

WORD: Final = 64
"""Listings in a word of a bit column."""

CODED: Final = ("currency", "market")
"""Fields with few values that are no facet, held as codes of a vocabulary."""
LEAST: Final = ("accommodates", "bedrooms", "beds", "bathrooms", "rating")
"""Numbers of which a search may ask for at least so much."""
RULES: Final = (
    "usual_min_stay",
    "usual_max_stay",
    "advance_notice_days",
    "booking_window_days",
    "calendar_from",
    "calendar_until",
)
"""Stay rules that are one number a listing (:mod:`search.availability`)."""
TERMS: Final = (
    "cleaning_fee_minor",
    "guests_included",
    "extra_guest_fee_minor",
    "weekly_discount_bps",
    "monthly_discount_bps",
    "service_fee_bps",
    "tax_bps",
    "last_minute_days",
    "last_minute_discount_bps",
    "early_bird_days",
    "early_bird_discount_bps",
    "nightly_price_minor",
)
"""What decides the price beside the nights (:func:`search.stay_price.rate_fields`), and a usual night's price."""
_MERCATOR_NORTH: Final = 85.05112877980659
"""Latitude at which Mercator's square map ends."""
NO_CODE: Final = -1
NO_PRICE: Final = -1


class Table(NamedTuple):
    """Columns of `n` listings in `w` words of 64; a named tuple, since compiled code takes those apart.

    Attributes
    ----------
    listing_id, latitude, longitude, north
        (n,) the last one is the latitude on Mercator's map, 0 at its north edge and 1 at its south edge.
    active
        (w,) bits.
    free, closed, odd
        (RING, w) bits: the night is free; no departure that day; an arrival follows another rule than usual.
    odd_from, odd_count
        (n,) where a listing's part of `odd_rules` begins, and how long it is.
    odd_rules
        Lengths allowed for arrivals that are odd, in order: of :func:`odd_rule`.
    codes
        (coded facets and :data:`CODED`, n) codes; :data:`NO_CODE` for null.
    least, rules, terms
        (len(LEAST), n) float64, NaN for null; (len(RULES), n) int32; (len(TERMS), n) int64.
    amenities
        (n, words) bits.
    price_sum
        (RING, n) running sums of nightly prices as in the document, in units of `price_unit`: uint32, or uint64
        where one of them needs it.
    price_unit
        (n,) minor units; 0 where no night has a price.
    popularity, review_count
        (n,) what orders.
    """

    listing_id: NDArray[np.int64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    north: NDArray[np.float64]
    active: NDArray[np.uint64]
    free: NDArray[np.uint64]
    closed: NDArray[np.uint64]
    odd: NDArray[np.uint64]
    odd_from: NDArray[np.int64]
    odd_count: NDArray[np.int64]
    odd_rules: NDArray[np.uint32]
    codes: NDArray[np.int32]
    least: NDArray[np.float64]
    rules: NDArray[np.int32]
    terms: NDArray[np.int64]
    amenities: NDArray[np.uint64]
    price_sum: NDArray[Any]
    price_unit: NDArray[np.int64]
    popularity: NDArray[np.float64]
    review_count: NDArray[np.int64]


def empty_table(listings: int, *, coded: int, amenity_words: int, prices: type[np.unsignedinteger[Any]]) -> Table:
    """Make a table in which nothing is known and nothing is free.

    Parameters
    ----------
    coded
        Rows of `codes`.
    prices
        Type of `price_sum`.
    """
    words = -(-listings // WORD)
    return Table(
        listing_id=np.zeros(listings, np.int64),
        latitude=np.zeros(listings),
        longitude=np.zeros(listings),
        north=np.zeros(listings),
        active=np.zeros(words, np.uint64),
        free=np.zeros((RING, words), np.uint64),
        closed=np.zeros((RING, words), np.uint64),
        odd=np.zeros((RING, words), np.uint64),
        odd_from=np.zeros(listings, np.int64),
        odd_count=np.zeros(listings, np.int64),
        odd_rules=np.zeros(listings, np.uint32),
        codes=np.full((coded, listings), NO_CODE, np.int32),
        least=np.full((len(LEAST), listings), np.nan),
        rules=np.zeros((len(RULES), listings), np.int32),
        terms=np.zeros((len(TERMS), listings), np.int64),
        amenities=np.zeros((listings, amenity_words), np.uint64),
        price_sum=np.zeros((RING, listings), prices),
        price_unit=np.zeros(listings, np.int64),
        popularity=np.full(listings, -np.inf),
        review_count=np.zeros(listings, np.int64),
    )


_LENGTH_BITS: Final = 9
LENGTH_MASK: Final = (1 << _LENGTH_BITS) - 1
SLOT_SHIFT: Final = 2 * _LENGTH_BITS
LOW_SHIFT: Final = _LENGTH_BITS


def odd_rule(slot: int, low: int, high: int) -> int:
    """Write lengths `low` to `high` of a stay that arrives in a slot as one number that sorts by slot."""
    return slot << SLOT_SHIFT | low << LOW_SHIFT | high


def mercator_north(latitude: float) -> float:
    """Latitude on Mercator's square map: 0 at its north edge, 1 at its south edge, which it never goes beyond."""
    held = max(-_MERCATOR_NORTH, min(_MERCATOR_NORTH, latitude))
    return min(max((1.0 - asinh(tan(radians(held))) / pi) / 2.0, 0.0), 1.0 - 2.0**-40)
