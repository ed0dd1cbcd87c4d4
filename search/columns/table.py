"""The columns themselves: what is held of a listing, in which type, and what stands for "not known".

A row is a listing; rows are in order of where they lie (:mod:`search.columns.places`), so that a city is a
few runs of rows. Nights are columns too: a bit a listing for what a night allows, a number for what it costs,
each in the slot of :mod:`search.ring`. A stay of seven nights in a city of twenty thousand is then an AND of
seven times some three hundred words.
"""

from __future__ import annotations

from math import asinh, pi, radians, tan
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.ring import RING

WORD: Final = 64
"""Listings in a word of a bit column."""

CODED: Final = ("currency", "market")
"""Fields that are no facet, held as codes of a vocabulary."""
CURRENCY, MARKET = (CODED.index(name) - len(CODED) for name in ("currency", "market"))
"""Columns of the codes, from the end."""
RULES: Final = (
    "usual_min_stay",
    "usual_max_stay",
    "advance_notice_days",
    "booking_window_days",
    "calendar_from",
    "calendar_until",
)
"""Stay rules that are one number a listing (:mod:`search.availability`)."""
USUAL_MIN_STAY: Final = RULES.index("usual_min_stay")
USUAL_MAX_STAY: Final = RULES.index("usual_max_stay")
ADVANCE_NOTICE: Final = RULES.index("advance_notice_days")
BOOKING_WINDOW: Final = RULES.index("booking_window_days")
CALENDAR_FROM: Final = RULES.index("calendar_from")
CALENDAR_UNTIL: Final = RULES.index("calendar_until")
FEES: Final = ("cleaning_fee_minor", "extra_guest_fee_minor")
"""What decides the price beside the nights (:func:`search.stay_price.rate_fields`), in minor units."""
RATES: Final = (
    "guests_included",
    "weekly_discount_bps",
    "monthly_discount_bps",
    "service_fee_bps",
    "tax_bps",
    "last_minute_days",
    "last_minute_discount_bps",
    "early_bird_days",
    "early_bird_discount_bps",
)
"""What decides it in small numbers: guests, days, basis points."""
_MERCATOR_NORTH: Final = 85.05112877980659
"""Latitude at which Mercator's square map ends."""
NO_CODE: Final = -1
NO_PRICE: Final = -1


class Places(NamedTuple):
    """Where listings are.

    Attributes
    ----------
    latitude, longitude, north
        (n,) the last one is the latitude on Mercator's map, 0 at its north edge and 1 at its south edge.
    """

    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    north: NDArray[np.float64]


class Nights(NamedTuple):
    """What nights are.

    Attributes
    ----------
    active
        (w,) bits.
    free, closed
        (RING, w) bits: the night is free; no departure that day.
    """

    active: NDArray[np.uint64]
    free: NDArray[np.uint64]
    closed: NDArray[np.uint64]


class StayRules(NamedTuple):
    """How long stays may be, and how far ahead.

    Attributes
    ----------
    numbers
        (n, len(RULES)): what a row is asked of stands side by side, one read from memory instead of one for each.
    odd
        (RING, w) bits: an arrival follows another rule than usual.
    odd_from, odd_count
        (n,) where a listing's part of `odd_rules` begins, and how long it is.
    odd_rules
        Lengths allowed for arrivals that are odd; any one that allows it will do (:data:`PART_MASK`).
    """

    numbers: NDArray[np.int32]
    odd: NDArray[np.uint64]
    odd_from: NDArray[np.int64]
    odd_count: NDArray[np.int64]
    odd_rules: NDArray[np.int64]


class Traits(NamedTuple):
    """What listings are.

    Attributes
    ----------
    codes
        (n, coded facets and :data:`CODED`) codes; :data:`NO_CODE` for null.
    accommodates
        (n,) guests.
    rating
        (n,) NaN for null.
    values
        (values, w) bits: the listing has the value, of the facets that are no codes, one facet after the other.
    """

    codes: NDArray[np.int32]
    accommodates: NDArray[np.int16]
    rating: NDArray[np.float64]
    values: NDArray[np.uint64]


class Prices(NamedTuple):
    """What nights cost.

    Attributes
    ----------
    fees, rates
        (len(FEES), n), (n, len(RATES)).
    usual
        (n,) what a night usually costs; :data:`NO_PRICE` for null.
    nightly
        (RING, n) prices of nights in units of `unit`.
    unit
        (n,) minor units; 0 where no night has a price. Below 0 the prices do not fit in `nightly`, and are row
        ``-1 - unit`` of `large`.
    large
        (r, RING) minor units.
    """

    fees: NDArray[np.int64]
    rates: NDArray[np.int32]
    usual: NDArray[np.int64]
    nightly: NDArray[np.uint16]
    unit: NDArray[np.int64]
    large: NDArray[np.int64]


class Table(NamedTuple):
    """Columns of `n` listings in `w` words of 64.

    Tuples in a tuple, since compiled code takes those apart, and hands on small ones at less cost.

    Attributes
    ----------
    listing_id, popularity, review_count
        (n,) the last two order the results.
    """

    places: Places
    nights: Nights
    stays: StayRules
    traits: Traits
    prices: Prices
    listing_id: NDArray[np.int64]
    popularity: NDArray[np.float64]
    review_count: NDArray[np.int64]


def words_of(listings: int) -> int:
    """Words that hold a bit of each listing."""
    return -(-listings // WORD)


def empty_table(listings: int, *, coded: int, values: int) -> Table:
    """Make a table in which nothing is known and nothing is free.

    Parameters
    ----------
    coded, values
        Columns of `codes`, and bit columns of `values`.
    """
    words = words_of(listings)
    return Table(
        places=Places(*(np.zeros(listings) for _ in Places._fields)),
        nights=Nights(
            active=np.zeros(words, np.uint64),
            free=np.zeros((RING, words), np.uint64),
            closed=np.zeros((RING, words), np.uint64),
        ),
        stays=StayRules(
            numbers=np.zeros((listings, len(RULES)), np.int32),
            odd=np.zeros((RING, words), np.uint64),
            odd_from=np.zeros(listings, np.int64),
            odd_count=np.zeros(listings, np.int64),
            odd_rules=np.zeros(0, np.int64),
        ),
        traits=Traits(
            codes=np.full((listings, coded), NO_CODE, np.int32),
            accommodates=np.zeros(listings, np.int16),
            rating=np.full(listings, np.nan),
            values=np.zeros((values, words), np.uint64),
        ),
        prices=Prices(
            fees=np.zeros((len(FEES), listings), np.int64),
            rates=np.zeros((listings, len(RATES)), np.int32),
            usual=np.full(listings, NO_PRICE, np.int64),
            nightly=np.zeros((RING, listings), np.uint16),
            unit=np.zeros(listings, np.int64),
            large=np.zeros((0, RING), np.int64),
        ),
        listing_id=np.zeros(listings, np.int64),
        popularity=np.full(listings, -np.inf),
        review_count=np.zeros(listings, np.int64),
    )


PART: Final = 9
"""Bits of a part of an odd rule: slots and lengths are below 512."""
PART_MASK: Final = (1 << PART) - 1
"""An odd rule is one number, the first part highest: first slot, last slot, shortest and longest stay."""


def mercator_north(latitude: float) -> float:
    """Latitude on Mercator's square map: 0 at its north edge, 1 at its south edge, which it never goes beyond."""
    held = max(-_MERCATOR_NORTH, min(_MERCATOR_NORTH, latitude))
    return min(max((1.0 - asinh(tan(radians(held))) / pi) / 2.0, 0.0), 1.0 - 2.0**-40)
