"""Distances on the Earth, taken as a sphere: one radius for rules, features, queries and the simulator."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM: Final = 6371.0088
"""Mean radius (IUGG), the search engine's own."""
KM_PER_DEGREE: Final = radians(1) * EARTH_RADIUS_KM
"""Of latitude; of longitude times the cosine of the latitude."""


def distance_km(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance between two points in degrees, by the haversine formula."""
    north, east = radians(to_latitude - latitude) / 2, radians(to_longitude - longitude) / 2
    half_chord = sin(north) ** 2 + cos(radians(latitude)) * cos(radians(to_latitude)) * sin(east) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half_chord)))


def distances_km(
    latitude: ArrayLike, longitude: ArrayLike, to_latitude: ArrayLike, to_longitude: ArrayLike
) -> NDArray[np.float64]:
    """:func:`distance_km` over arrays that broadcast; NaN where a coordinate is not known."""
    north = np.radians(np.subtract(to_latitude, latitude)) / 2
    east = np.radians(np.subtract(to_longitude, longitude)) / 2
    half_chord = np.sin(north) ** 2 + np.cos(np.radians(latitude)) * np.cos(np.radians(to_latitude)) * np.sin(east) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1.0, np.sqrt(half_chord))), dtype=np.float64)
