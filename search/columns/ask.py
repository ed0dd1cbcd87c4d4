"""A search in numbers: what the pass compares listings with."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

ANYWHERE, BOX, CIRCLE, POLYGON = range(4)
"""Kinds of area."""
NO_ORDER, BY_POPULARITY, BY_PRICE, BY_PRICE_DOWN, BY_RATING, BY_DISTANCE = range(6)
"""Kinds of order."""
NO_DISCOUNT: Final = -1


class AreaAsk(NamedTuple):
    """Where to look.

    Attributes
    ----------
    kind
        One of :data:`ANYWHERE`, :data:`BOX`, :data:`CIRCLE`, :data:`POLYGON`.
    south, west, north, east
        Of a circle the centre is (`south`, `west`); a polygon lies in the box, which is unrolled as it is.
    latitudes, longitudes
        (points,) of a polygon (:mod:`search.polygon`); none for other kinds.
    """

    kind: int
    south: float
    west: float
    north: float
    east: float
    radius_km: float
    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]


class StayAsk(NamedTuple):
    """A stay, or none.

    Attributes
    ----------
    nights
        (n,) slots; none without a stay.
    departure, check_in, check_out
        Slot of the check-out; the days as ordinals.
    today
        (markets + 1,) by code of market: the date there as an ordinal; the last one is for none, whose code is -1.
    length_discount
        Column of the rates, or :data:`NO_DISCOUNT`.
    """

    nights: NDArray[np.int64]
    departure: int
    check_in: int
    check_out: int
    today: NDArray[np.int64]
    length_discount: int
    guests: int


class BitAsk(NamedTuple):
    """What is asked of facets whose values are bit columns.

    Attributes
    ----------
    first_bit
        (facets + 1,) where a facet's columns begin, and the last one's end.
    ticked
        The facets with a value that is ticked.
    asked, first_asked
        Bit columns of the values that are ticked, and where a facet's begin in them (facets + 1,).
    unknown, all_of
        (facets,) how many values that are ticked have no column, since no listing has them; whether a result must have
        all that are ticked, or one.
    """

    first_bit: NDArray[np.int64]
    ticked: NDArray[np.int64]
    asked: NDArray[np.int64]
    first_asked: NDArray[np.int64]
    unknown: NDArray[np.int64]
    all_of: NDArray[np.bool_]


class GroupAsk(NamedTuple):
    """What a guest may take back: coded facets, facets of bits, the price; a group's number is its place among them.

    Attributes
    ----------
    first_code
        (coded facets + 1,) where the codes of a facet begin; the place before it is for null.
    allowed
        (codes,) whether a value is ticked.
    ticked
        The coded facets with a value that is ticked: few, and every row is asked about them.
    bits
        What is asked of the other facets.
    """

    first_code: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    ticked: NDArray[np.int64]
    bits: BitAsk


class PriceAsk(NamedTuple):
    """How prices are read, and which are asked for.

    Attributes
    ----------
    low, high
        Of the price in the guest's currency; `low` is NaN where none is asked for.
    factors
        By code of currency: the guest's minor units for one of it; NaN where there is no rate.
    edges, bins
        Of the histogram, and how a price's is found (:func:`search.columns.price_bins.bins_of`).
    """

    low: float
    high: float
    factors: NDArray[np.float64]
    edges: NDArray[np.float64]
    bins: NDArray[np.int64]


class OrderAsk(NamedTuple):
    """What results are ordered by: one of the kinds here, and the point that distances are from."""

    kind: int
    latitude: float
    longitude: float


class TileAsk(NamedTuple):
    """A rectangle of map tiles to count in; its columns go on over the date line, and none are asked for by 0."""

    zoom: int
    first_x: int
    first_y: int
    columns: int
    lines: int


class Ask(NamedTuple):
    """A search.

    Attributes
    ----------
    runs
        (r, 2) rows that may fit: first, and after the last.
    market
        A code, or :data:`search.columns.table.NO_CODE` for any.
    """

    runs: NDArray[np.int64]
    market: int
    area: AreaAsk
    stay: StayAsk
    groups: GroupAsk
    price: PriceAsk
    tiles: TileAsk
    order: OrderAsk
