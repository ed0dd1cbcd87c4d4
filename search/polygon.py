"""Rings on the Earth: which can be searched, and what lies inside one.

A ring's edges are straight on a map of degrees, and each goes the shorter way round the Earth. So that one over
the date line is a ring like any other, its longitudes are unrolled: they go on beyond 180 instead of jumping.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import shapely

MAX_WIDTH: Final = 180.0
"""Degrees from the westernmost point of a ring to its easternmost one."""
_HALF, _TURN = 180.0, 360.0


def unrolled(longitudes: Sequence[float]) -> list[float]:
    """Unroll the longitudes of a ring: none differs from the one before by more than half a turn.

    The westernmost stays as it is, so the others lie to the east of it, some beyond 180.
    """
    turns = [0]
    for before, after in pairwise(longitudes):
        step = after - before
        turns.append(turns[-1] + (1 if step < -_HALF else -1 if step > _HALF else 0))
    straight = [longitude + _TURN * turn for longitude, turn in zip(longitudes, turns, strict=True)]
    shift = turns[straight.index(min(straight))]
    return [longitude + _TURN * (turn - shift) for longitude, turn in zip(longitudes, turns, strict=True)]


def crossing(latitudes: Sequence[float], longitudes: Sequence[float]) -> tuple[float, float] | None:
    """Latitude and unrolled longitude where a ring crosses, touches or runs back over itself; None where nowhere.

    A ring without an area runs back over itself.
    """
    reason = shapely.is_valid_reason(shapely.Polygon(zip(longitudes, latitudes, strict=True)))
    if "[" not in reason:
        return None
    longitude, latitude = map(float, reason.rpartition("[")[2].rstrip("]").split())
    return latitude, longitude


def centroid(latitudes: Sequence[float], longitudes: Sequence[float]) -> tuple[float, float]:
    """Latitude and unrolled longitude of the centre of a ring's area; outside it where it is bent like a horseshoe."""
    centre = shapely.Polygon(zip(longitudes, latitudes, strict=True)).centroid
    return centre.y, centre.x


def lifted(longitude: float, west: float) -> float:
    """A longitude as a ring whose westernmost point is at `west` counts it."""
    return longitude + 360.0 if longitude < west else longitude


def holds(latitudes: Sequence[float], longitudes: Sequence[float], latitude: float, longitude: float) -> bool:
    """Whether a point lies in a ring, its edge included: a line east from it crosses the ring an odd number of times.

    The one definition of inside: rules call it as it is, the columns compile it.

    Parameters
    ----------
    latitudes, longitudes
        (n,) the ring, unrolled.
    longitude
        As :func:`lifted` gives it.
    """
    inside = False
    before = len(latitudes) - 1
    for after in range(len(latitudes)):
        from_latitude, to_latitude = latitudes[before], latitudes[after]
        from_longitude, to_longitude = longitudes[before], longitudes[after]
        before = after
        # Positive to the left of the edge, none on the line that it lies on.
        side = (to_longitude - from_longitude) * (latitude - from_latitude) - (to_latitude - from_latitude) * (
            longitude - from_longitude
        )
        if (
            side == 0
            and min(from_latitude, to_latitude) <= latitude <= max(from_latitude, to_latitude)
            and min(from_longitude, to_longitude) <= longitude <= max(from_longitude, to_longitude)
        ):
            return True
        passes = (from_latitude > latitude) != (to_latitude > latitude)
        if passes and (side > 0) == (to_latitude > from_latitude):
            inside = not inside
    return inside


def parts(latitudes: Sequence[float], longitudes: Sequence[float]) -> Iterator[list[tuple[float, float]]]:
    """Cut a ring at the date line, for an engine that knows longitudes of -180 to 180: rings of latitude, longitude."""
    ring = list(zip(latitudes, longitudes, strict=True))
    if max(longitudes) <= _HALF:
        yield ring
        return
    if min(longitudes) < _HALF:
        yield _cut(ring, west=True)
        ring = _cut(ring, west=False)
    yield [(latitude, longitude - _TURN) for latitude, longitude in ring]


def _cut(ring: list[tuple[float, float]], *, west: bool) -> list[tuple[float, float]]:
    """The part of a ring on one side of the date line (Sutherland and Hodgman, 1974)."""
    kept = []
    for before, after in zip([ring[-1], *ring[:-1]], ring, strict=True):
        was, is_now = ((point[1] <= _HALF) if west else (point[1] >= _HALF) for point in (before, after))
        if was != is_now:
            share = (_HALF - before[1]) / (after[1] - before[1])
            kept.append((before[0] + share * (after[0] - before[0]), _HALF))
        if is_now:
            kept.append(after)
    return kept
