"""Polygons: what is one, what lies in it, and how it is cut at the date line."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from search.geography import contains
from search.polygon import holds, parts
from search.request import InvalidSearch, Point, Polygon
from tests.search.marketplace import random_polygon

seeds = st.integers(0, 100_000)
offsets = st.floats(-0.15, 0.15)
CENTRE = Point(59.33, 18.06)


def turned(polygon: Polygon, degrees: float) -> Polygon:
    """The same polygon further round the Earth."""
    return Polygon(tuple(Point(point.latitude, wrapped(point.longitude + degrees)) for point in polygon.points))


def wrapped(longitude: float) -> float:
    """A longitude of -180 up to 180."""
    return (longitude + 180) % 360 - 180


def near_edge(polygon: Polygon, latitude: float, longitude: float) -> bool:
    """Whether a point is so near an edge that rounding decides."""
    ring = shapely.LinearRing(zip(polygon.longitudes, polygon.latitudes, strict=True))
    return bool(ring.distance(shapely.Point(longitude, latitude)) < 1e-9)


@given(seed=seeds, north=offsets, east=offsets)
def test_inside_is_what_a_geometry_library_says(seed: int, north: float, east: float) -> None:
    """A point lies in a polygon, bays and all, where shapely says that it covers it."""
    polygon = random_polygon(np.random.default_rng(seed), CENTRE)
    point = Point(CENTRE.latitude + north, CENTRE.longitude + east)
    assume(not near_edge(polygon, point.latitude, point.longitude))
    area = shapely.Polygon(zip(polygon.longitudes, polygon.latitudes, strict=True))
    assert contains(polygon, point) == area.covers(shapely.Point(point.longitude, point.latitude))


@given(seed=seeds, north=offsets, east=offsets, turn=st.floats(-180, 180), start=st.integers(0, 40))
def test_inside_is_the_same_wherever_the_date_line_runs(
    seed: int, north: float, east: float, turn: float, start: int
) -> None:
    """Turned round the Earth, begun at another corner, walked the other way or closed: the polygon is the same."""
    polygon = random_polygon(np.random.default_rng(seed), CENTRE)
    assume(not near_edge(polygon, CENTRE.latitude + north, CENTRE.longitude + east))
    expected = contains(polygon, Point(CENTRE.latitude + north, CENTRE.longitude + east))
    other = turned(polygon, turn)
    begin = start % len(other.points)
    point = Point(CENTRE.latitude + north, wrapped(CENTRE.longitude + east + turn))
    around = (*other.points[begin:], *other.points[:begin])
    for points in (around, tuple(reversed(around)), (*around, around[0])):
        assert contains(Polygon(points), point) == expected
    assert abs(Polygon(around).centre.latitude - polygon.centre.latitude) < 1e-6


@given(seed=seeds, north=offsets, east=offsets, longitude=st.floats(179.8, 180) | st.floats(-180, -179.8))
def test_parts_hold_what_the_whole_holds(seed: int, north: float, east: float, longitude: float) -> None:
    """Cut at the date line, a polygon's parts keep to longitudes of -180 to 180 and together hold the same points."""
    polygon = random_polygon(np.random.default_rng(seed), Point(CENTRE.latitude, longitude))
    cut = list(parts(polygon.latitudes, polygon.longitudes))
    assert all(-180 <= each <= 180 for ring in cut for _, each in ring)
    point = Point(CENTRE.latitude + north, wrapped(longitude + east))
    west = min(polygon.longitudes)
    lifted = point.longitude + 360 if point.longitude < west else point.longitude
    assume(not near_edge(polygon, point.latitude, lifted))
    held = [holds(*zip(*ring, strict=True), point.latitude, point.longitude) for ring in cut]
    assert any(held) == contains(polygon, point)


def test_the_edge_is_inside() -> None:
    """Corners and points between them count, as the edges of bounds do, and a corner on a straight edge is fine."""
    square = ring((0, 0), (0, 1), (0, 2), (2, 2), (2, 0))
    for place in ((0, 0), (0, 1), (1, 2), (2, 1), (1, 0), (0, 0.25)):
        assert contains(square, Point(*place))
    assert not contains(square, Point(0, 2.000001))
    assert square.bounds.east == 2
    assert square.centre == Point(1, 1)


def test_the_date_line_is_no_edge() -> None:
    """Fiji's islands are on both sides of it; the box around them crosses it."""
    fiji = ring((-16, 177), (-16, -179), (-19, -179), (-19, 177))
    assert contains(fiji, Point(-17, 180))
    assert contains(fiji, Point(-17, -180))
    assert contains(fiji, Point(-17, -179.5))
    assert not contains(fiji, Point(-17, 0))
    assert (fiji.bounds.west, fiji.bounds.east, fiji.centre) == (177, -179, Point(-17.5, 179))


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([], "0 points"),
        ([(0, 0), (1, 1)], "2 points"),
        ([(0, 0), (1, 1), (0, 0)], "2 points"),
        ([(0.0, float(n) / 10) for n in range(101)], "101 points"),
        ([(0, 0), (0, 0), (1, 1), (1, 0)], "twice in a row"),
        ([(0, 0), (1, 1), (2, 2)], "crosses or touches itself"),
        ([(0, 0), (2, 2), (2, 0), (0, 2)], r"crosses or touches itself at \(1, 1\)"),
        ([(0, 179), (2, -179), (2, 179), (0, -179)], r"crosses or touches itself at \(1, -180\)"),
        ([(0, 0), (0, 2), (1, 1), (2, 2), (2, 0), (1, 1)], "crosses or touches itself"),
        ([(0, 0), (0, 2), (0, 1), (1, 1)], "crosses or touches itself"),
        ([(60, 0), (60, 120), (60, -120)], "240 degrees wide"),
        ([(0, -95), (0, 0), (0, 95), (10, 0)], "190 degrees wide"),
        ([(91, 0), (0, 1), (1, 1)], "no place on Earth"),
        ([(0, 181), (0, 1), (1, 1)], "no place on Earth"),
        ([(float("nan"), 0), (0, 1), (1, 1)], "no place on Earth"),
    ],
)
def test_what_is_no_polygon(points: list[tuple[float, float]], words: str) -> None:
    """Each says what is wrong with it."""
    with pytest.raises(InvalidSearch, match=words) as refused:
        ring(*points)
    assert refused.value.hint


def ring(*points: tuple[float, float]) -> Polygon:
    """Make a polygon."""
    return Polygon(tuple(Point(*point) for point in points))
