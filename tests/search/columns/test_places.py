"""Rows by where they lie."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from search.columns.places import box_around, cell_keys, joined, runs_of
from search.geography import contains
from search.request import Area, Bounds, Circle, Point
from tests.search.marketplace import random_polygon

latitudes = st.floats(-90, 90) | st.sampled_from([-90.0, 0.0, 90.0])
longitudes = st.floats(-180, 180) | st.sampled_from([-180.0, 0.0, 180.0])
boxes = st.tuples(latitudes, longitudes, latitudes, longitudes).map(
    lambda edges: Bounds(min(edges[0], edges[2]), edges[1], max(edges[0], edges[2]), edges[3])
)
circles = st.builds(Circle, st.builds(Point, latitudes, longitudes), st.floats(0.001, 200))


polygons = st.builds(
    lambda seed, latitude, longitude: random_polygon(np.random.default_rng(seed), Point(latitude, longitude)),
    st.integers(0, 10_000),
    st.floats(-89, 89),
    longitudes,
)


def world() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint32]]:
    """Points everywhere, the poles and the date line among them, in order of their keys."""
    rng = np.random.default_rng(5)
    latitude = np.r_[rng.uniform(-90, 90, 3_000), [90.0, -90.0, 0.0, 0.0], rng.uniform(88, 90, 200)]
    longitude = np.r_[rng.uniform(-180, 180, 3_000), [180.0, -180.0, 180.0, -180.0], rng.uniform(-180, 180, 200)]
    keys = cell_keys(latitude, longitude)
    order = np.argsort(keys, kind="stable")
    return latitude[order], longitude[order], keys[order]


LATITUDE, LONGITUDE, KEYS = world()


@given(area=boxes | circles | polygons)
def test_runs_hold_every_row_of_an_area(area: Area) -> None:
    """No listing that lies in an area is left out of its runs; runs ascend and never overlap."""
    runs = runs_of(area, KEYS)
    held = np.zeros(len(KEYS), np.bool_)
    for first, last in runs.tolist():
        assert first < last
        assert not held[first:last].any()
        held[first:last] = True
    inside = [contains(area, Point(*place)) for place in zip(LATITUDE.tolist(), LONGITUDE.tolist(), strict=True)]
    assert not (np.array(inside) & ~held).any()


def test_runs_of_a_city_are_few_rows() -> None:
    """A city's runs hold little more than the city: that is what the order is for."""
    rng = np.random.default_rng(6)
    latitude, longitude = rng.uniform(40, 60, 200_000), rng.uniform(0, 20, 200_000)
    keys = np.sort(cell_keys(latitude, longitude))
    area = Bounds(50.3, 10.2, 51.7, 12.1)
    inside = ((latitude >= 50.3) & (latitude <= 51.7) & (longitude >= 10.2) & (longitude <= 12.1)).sum()
    runs = runs_of(area, keys)
    assert inside <= (runs[:, 1] - runs[:, 0]).sum() <= 1.5 * inside
    assert len(runs) <= 64


@given(circle=circles)
def test_a_box_around_a_circle_holds_it(circle: Circle) -> None:
    """Points at the circle's edge lie in its box, also near the poles and over the date line."""
    box = box_around(circle)
    latitude, longitude = np.radians(circle.centre.latitude), np.radians(circle.centre.longitude)
    angle = circle.radius_km * 0.999999 / 6371.0088
    bearings = np.linspace(0, 2 * np.pi, 73)
    north = np.arcsin(np.sin(latitude) * np.cos(angle) + np.cos(latitude) * np.sin(angle) * np.cos(bearings))
    east = longitude + np.arctan2(
        np.sin(bearings) * np.sin(angle) * np.cos(latitude), np.cos(angle) - np.sin(latitude) * np.sin(north)
    )
    for at, to in zip(np.degrees(north).tolist(), (np.degrees(east) + 180) % 360 - 180, strict=True):
        assert contains(box, Point(max(-90.0, min(90.0, at)), float(to)))


def test_joined_runs() -> None:
    """Runs that touch or overlap become one, also inside a longer one, and empty ones go."""
    runs = np.array([[0, 4], [4, 6], [7, 7], [8, 20], [9, 12], [15, 22], [30, 31]])
    assert joined(runs).tolist() == [[0, 6], [8, 22], [30, 31]]
