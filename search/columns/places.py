"""Where rows lie: an order in which neighbours on Earth are neighbours in memory, and the rows of an area.

The order is Morton's (G. M. Morton, "A computer oriented geodetic data base", IBM 1966): the bits of latitude
and longitude in turn, 16 of each, so a cell is some 300 by 600 metres at the equator.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, degrees, radians
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lodestay.geography import EARTH_RADIUS_KM, KM_PER_DEGREE
from search.request import Area, Bounds, Circle, Polygon

_BITS: Final = 16
_CELLS: Final = 1 << _BITS
_MOST_RUNS: Final = 64
"""Cells that an area is covered with, at most: more of them lie closer round it, and cost more to look up."""

_HAIR: Final = 1e-6
"""Degrees, some ten centimetres: what rounding might cost a circle's box."""

Cell = tuple[int, int, int]
"""Level (0: the world, 16: the smallest), and its row from the south and column from the west on that level."""


def cell_keys(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Key of the smallest cell that holds each point; keys sort in Morton's order."""
    return _interleaved(_step(latitude + 90.0, 180.0), _step(longitude + 180.0, 360.0))


def runs_of(area: Area, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Find the runs of rows that may lie in an area: all that do, and few that do not.

    Parameters
    ----------
    keys
        Of the rows, ascending.

    Returns
    -------
    NDArray
        (runs, 2) first row and the one after the last, ascending, apart.
    """
    spans = np.concatenate([_cover(box) for box in _boxes(area)])
    spans = spans[np.argsort(spans[:, 0])]
    firsts = np.searchsorted(keys, spans[:, 0].astype(np.uint32), side="left")
    lasts = np.searchsorted(keys, spans[:, 1].astype(np.uint32), side="right")
    return joined(np.stack([firsts, lasts], axis=1).astype(np.int64))


def joined(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join runs that touch or overlap, and drop empty ones; `runs` ascend by their first row."""
    runs = runs[runs[:, 1] > runs[:, 0]]
    if not len(runs):
        return runs
    reached = np.maximum.accumulate(runs[:, 1])
    begins = np.flatnonzero(np.r_[True, runs[1:, 0] > reached[:-1]])
    return np.stack([runs[begins, 0], reached[np.r_[begins[1:] - 1, len(runs) - 1]]], axis=1)


def _step(value: NDArray[np.float64], width: float) -> NDArray[np.uint32]:
    return np.clip(value / width * _CELLS, 0, _CELLS - 1).astype(np.uint32)


def _interleaved(rows: NDArray[np.uint32], columns: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return _spread(rows) << np.uint32(1) | _spread(columns)


def _spread(bits: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Put a zero before each of 16 bits."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | bits << np.uint32(shift)) & np.uint32(mask)
    return bits


def _boxes(area: Area) -> Iterator[Bounds]:
    """Boxes that do not cross the date line and together hold the area."""
    box = box_of(area)
    if box.west <= box.east:
        yield box
    else:
        yield Bounds(box.south, box.west, box.north, 180.0)
        yield Bounds(box.south, -180.0, box.north, box.east)


def box_of(area: Area) -> Bounds:
    """Smallest box that holds an area."""
    if isinstance(area, Circle):
        return box_around(area)
    return area.bounds if isinstance(area, Polygon) else area


def box_around(circle: Circle) -> Bounds:
    """Smallest box that holds a circle; one that reaches over a pole takes in every longitude."""
    tall = circle.radius_km / KM_PER_DEGREE + _HAIR
    south, north = circle.centre.latitude - tall, circle.centre.latitude + tall
    if south <= -90.0 or north >= 90.0:  # noqa: PLR2004
        return Bounds(max(south, -90.0), -180.0, min(north, 90.0), 180.0)
    # Widest where the circle touches a meridian, which is poleward of its centre.
    sine = np.sin(circle.radius_km / EARTH_RADIUS_KM) / cos(radians(circle.centre.latitude))
    wide = degrees(np.arcsin(min(1.0, float(sine)))) + _HAIR
    west, east = circle.centre.longitude - wide, circle.centre.longitude + wide
    if east - west >= 360.0:  # noqa: PLR2004
        return Bounds(south, -180.0, north, 180.0)
    return Bounds(south, (west + 180.0) % 360.0 - 180.0, north, (east + 180.0) % 360.0 - 180.0)


def _cover(box: Bounds) -> NDArray[np.int64]:
    """Spans of keys of the cells that cover a box: those at its edge are cut up until there would be too many."""
    edges = np.array([box.south, box.north]), np.array([box.west, box.east])
    (south, north), (west, east) = _step(edges[0] + 90.0, 180.0).tolist(), _step(edges[1] + 180.0, 360.0).tolist()
    done: list[Cell] = []
    edge: list[Cell] = [(0, 0, 0)]
    while edge and len(done) + 4 * len(edge) <= _MOST_RUNS:
        inside: list[Cell] = []
        for level, row, column in edge:
            if level == _BITS:
                done.append((level, row, column))
                continue
            inside += [(level + 1, 2 * row + up, 2 * column + right) for up in (0, 1) for right in (0, 1)]
        edge = []
        for cell in inside:
            low, high, left, right = _extent(cell)
            if low > north or high < south or left > east or right < west:
                continue
            whole = south <= low and high <= north and west <= left and right <= east
            (done if whole else edge).append(cell)
    cells = np.array([*done, *edge], np.int64).reshape(-1, 3)
    shift = 2 * (_BITS - cells[:, 0])
    first = _interleaved(cells[:, 1].astype(np.uint32), cells[:, 2].astype(np.uint32)).astype(np.int64) << shift
    return np.stack([first, first + (1 << shift) - 1], axis=1)


def _extent(cell: Cell) -> tuple[int, int, int, int]:
    """Lowest and highest row, leftmost and rightmost column of the smallest cells in it."""
    level, row, column = cell
    shift = _BITS - level
    return row << shift, (row + 1 << shift) - 1, column << shift, (column + 1 << shift) - 1
