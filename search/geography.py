"""Distances of points, and what lies in an area."""

from __future__ import annotations

from lodestay import geography
from search.polygon import holds, lifted
from search.request import Area, Circle, Point, Polygon


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance."""
    return geography.distance_km(a.latitude, a.longitude, b.latitude, b.longitude)


def contains(area: Area, point: Point) -> bool:
    """Whether a point lies in an area, its edge included."""
    if isinstance(area, Circle):
        return distance_km(area.centre, point) <= area.radius_km
    if isinstance(area, Polygon):
        longitude = lifted(point.longitude, min(area.longitudes))
        return holds(area.latitudes, area.longitudes, point.latitude, longitude)
    east_of, west_of = point.longitude >= area.west, point.longitude <= area.east
    across = area.west > area.east
    return area.south <= point.latitude <= area.north and ((east_of or west_of) if across else (east_of and west_of))
