"""A search in numbers: what the pass compares listings with."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

ANYWHERE, BOX, CIRCLE, POLYGON = range(4)
"""Kinds of area."""
NO_DISCOUNT: Final = -1


class AreaAsk(NamedTuple):
    """Where to look: one of :data:`ANYWHERE`, :data:`BOX`, :data:`CIRCLE`, whose centre is (`south`, `west`), or :data:`POLYGON`.

    Attributes
    ----------
    latitudes, longitudes
        (points,) the polygon, unrolled, and the four edges the box that it lies in; none for other kinds.
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
    departure, check_in, check_out, notice, until
        Slot of the check-out; the days as ordinals; days from today to them.
    length_discount
        Row of the price terms, or :data:`NO_DISCOUNT`.
    """

    nights: NDArray[np.int64]
    departure: int
    check_in: int
    check_out: int
    notice: int
    until: int
    length_discount: int
    guests: int


class GroupAsk(NamedTuple):
    """What a guest may take back.

    Attributes
    ----------
    allowed
        (coded facets, codes) whether a value is ticked; the last column stands for null.
    ticked
        (coded facets,)
    amenities, amenities_known
        Bits that a result must have, and whether all that were asked for are among the bits.
    least
        (len(LEAST),) NaN where nothing is asked; that of the party is no group and never asked here.
    """

    allowed: NDArray[np.bool_]
    ticked: NDArray[np.bool_]
    amenities: NDArray[np.uint64]
    amenities_known: bool
    least: NDArray[np.float64]


class PriceAsk(NamedTuple):
    """How prices are read, and which are asked for.

    Attributes
    ----------
    low, high
        Of the price in the guest's currency; `low` is NaN where none is asked for.
    factors
        By code of currency: the guest's minor units for one of it; NaN where there is no rate.
    edges
        Of the histogram.
    """

    low: float
    high: float
    factors: NDArray[np.float64]
    edges: NDArray[np.float64]


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
