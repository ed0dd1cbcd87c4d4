"""Which tiles of the map an area touches."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.ask import TileAsk
from search.columns.places import box_of
from search.columns.table import mercator_north
from search.request import MAX_TILES, Area, Bounds, InvalidSearch

WORLD: Final = Bounds(-90.0, -180.0, 90.0, 180.0)


NO_TILES: Final = TileAsk(0, 0, 0, 0, 0)


def tile_window(area: Area | None, zoom: int) -> TileAsk:
    """Tiles of a zoom that an area touches; None is the world.

    Raises
    ------
    InvalidSearch
        They are more than :data:`search.request.MAX_TILES`.
    """
    box = WORLD if area is None else box_of(area)
    side = 1 << zoom
    west, east = (min(int((longitude / 360.0 + 0.5) * side), side - 1) for longitude in (box.west, box.east))
    columns = east - west + 1 if box.west <= box.east else min(side, side - west + east + 1)
    first, last = (int(mercator_north(latitude) * side) for latitude in (box.north, box.south))
    window = TileAsk(zoom, west, first, columns, last - first + 1)
    if window.columns * window.lines > MAX_TILES:
        raise InvalidSearch(
            f"The area has {window.columns * window.lines:,} map tiles of zoom {zoom}, more than {MAX_TILES:,}.",
            hint="Ask for a smaller area or a lower zoom.",
        )
    return window


def around(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> Bounds:
    """Smallest box that holds at least one point, over the date line where that is shorter."""
    ascending = np.sort(longitude)
    gaps = np.diff(ascending, append=ascending[0] + 360.0)
    widest = int(np.argmax(gaps))
    west, east = ascending[(widest + 1) % len(ascending)], ascending[widest]
    return Bounds(float(latitude.min()), float(west), float(latitude.max()), float(east))
