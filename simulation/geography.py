"""Where things are in a synthetic city: cells of neighbourhoods, points in them, distances."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa

from lodestay.geography import KM_PER_DEGREE
from lodestay.snapshot import NEIGHBOURHOODS
from simulation.cities import City
from simulation.draws import Floats

_REACH_KM = 1.7
_CORNERS = 12


def distance_km(latitude: Floats, longitude: Floats, *, to: tuple[float, float]) -> Floats:
    """Distances in a city, on the plane that touches the Earth there (error below 0.1 % at 50 km)."""
    north = (latitude - to[0]) * KM_PER_DEGREE
    east = (longitude - to[1]) * KM_PER_DEGREE * np.cos(np.radians(to[0]))
    distance: Floats = np.hypot(north, east)
    return distance


def cells(city: City) -> list[Floats]:
    """Cut the city into one convex polygon a neighbourhood: what is near its centre and nearest to it.

    Returns
    -------
    list of (k, 2) arrays
        Longitude and latitude of the corners, anticlockwise, not closed.
    """
    squeeze = np.cos(np.radians(city.facts.latitude))
    to_plane = KM_PER_DEGREE * np.array([squeeze, 1.0])
    sites = np.array([(n.longitude, n.latitude) for n in city.neighbourhoods]) * to_plane
    angles = 2 * np.pi * np.arange(_CORNERS) / _CORNERS
    rim = _REACH_KM * np.column_stack([np.cos(angles), np.sin(angles)])
    polygons = []
    for n, site in enumerate(sites):
        polygon = site + rim
        for other in np.delete(sites, n, axis=0):
            polygon = _nearer(polygon, site, other)
        polygons.append(np.round(polygon / to_plane, 6))
    return polygons


def _nearer(polygon: Floats, site: Floats, other: Floats) -> Floats:
    """The part of a convex polygon that is nearer to `site` than to `other`."""
    beyond = (polygon - (site + other) / 2) @ (other - site)
    kept = []
    for here, there, a, b in zip(polygon, np.roll(polygon, -1, axis=0), beyond, np.roll(beyond, -1), strict=True):
        if a <= 0:
            kept.append(here)
        if a * b < 0:
            kept.append(here + (there - here) * a / (a - b))
    return np.array(kept)


def scatter(rng: np.random.Generator, polygon: Floats, site: tuple[float, float], count: int) -> Floats:
    """Draw points (count, 2) in a convex polygon, denser towards `site` (longitude, latitude)."""
    corner = rng.integers(len(polygon), size=count)
    along = rng.random((count, 1))
    edge = polygon[corner] * along + polygon[(corner + 1) % len(polygon)] * (1 - along)
    centre = np.array(site)
    points: Floats = centre + (edge - centre) * 0.97 * rng.random((count, 1)) ** 0.7
    return points


def neighbourhood_table(city: City) -> pa.Table:
    """Make the city's neighbourhoods, each with its cell as a GeoJSON polygon."""
    names = [n.name for n in city.neighbourhoods]
    boundaries = [_geojson(polygon) for polygon in cells(city)]
    return pa.table([names, pa.nulls(len(names), pa.string()), boundaries], schema=NEIGHBOURHOODS)


def _geojson(polygon: Floats) -> str:
    ring = [*polygon.tolist(), polygon[0].tolist()]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})
