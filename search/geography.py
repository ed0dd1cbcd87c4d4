"""Distances and areas on the sphere."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final

from search.request import Bounds, Circle, Point

EARTH_RADIUS_KM: Final = 6371.0088
"""Mean radius (IUGG), the engine's own."""


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance by the haversine formula."""
    north, east = radians(b.latitude - a.latitude) / 2, radians(b.longitude - a.longitude) / 2
    half_chord = sin(north) ** 2 + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(east) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half_chord)))


def contains(area: Bounds | Circle, point: Point) -> bool:
    """Whether a point lies in an area, its edge included."""
    if isinstance(area, Circle):
        return distance_km(area.centre, point) <= area.radius_km
    east_of, west_of = point.longitude >= area.west, point.longitude <= area.east
    across = area.west > area.east
    return area.south <= point.latitude <= area.north and ((east_of or west_of) if across else (east_of and west_of))
