"""The neighbourhoods: names from the list, boundaries from the GeoJSON, repaired where they cross themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.geometry import GeometryCollection, MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from lodestay.snapshot import Reject
from transactional.imports.errors import UnreadableSource
from transactional.imports.inside_airbnb import values
from transactional.imports.inside_airbnb.files import csv_rows, read_text

HINT: Final = "Download the city's neighbourhoods.geojson again."


@dataclass(frozen=True)
class Neighbourhoods:
    """Parts of the city by name, as rows of ``lodestay.snapshot.NEIGHBOURHOODS``."""

    rows: list[dict[str, Any]]
    repaired: int
    rejects: list[Reject]


def read_neighbourhoods(
    boundaries: Path | None, names: Path | None, *, used: Iterable[tuple[str, str | None]]
) -> Neighbourhoods:
    """Read every neighbourhood that a file or a listing names.

    Parameters
    ----------
    used
        Name and group in the listings.

    Raises
    ------
    UnreadableSource
        A file is cut off or of another kind, or names none of the neighbourhoods that the listings name.
    """
    groups: dict[str, str | None] = dict(used)
    named = set(groups)
    polygons, repaired, rejects = _polygons(boundaries) if boundaries else ({}, 0, [])
    if polygons and named and not named & polygons.keys():
        raise UnreadableSource(
            boundaries or Path(), "of another city: no neighbourhood of the listings is in it.", hint=HINT
        )
    for name, (group, _) in polygons.items():
        groups[name] = groups.get(name) or group
    if names is not None:
        for name, group in _listed(names):
            groups[name] = groups.get(name) or group
    rows = [
        {"name": name, "group_name": group, "boundary": polygons[name][1] if name in polygons else None}
        for name, group in sorted(groups.items())
    ]
    return Neighbourhoods(rows=rows, repaired=repaired, rejects=rejects)


def _listed(path: Path) -> list[tuple[str, str | None]]:
    header, rows = csv_rows(path, ("neighbourhood",), hint=HINT)
    records = [dict(zip(header, row, strict=False)) for _, row in rows]
    named = [(values.text(record.get("neighbourhood")), record.get("neighbourhood_group")) for record in records]
    return [(name, values.text(group)) for name, group in named if name]


def _polygons(path: Path) -> tuple[dict[str, tuple[str | None, str]], int, list[Reject]]:
    try:
        features = json.loads(read_text(path))["features"]
    except (json.JSONDecodeError, KeyError, TypeError, RecursionError) as broken:
        raise UnreadableSource(path, "not GeoJSON with features.", hint=HINT) from broken
    if not isinstance(features, list):
        raise UnreadableSource(path, "not GeoJSON with a list of features.", hint=HINT)
    shapes: dict[str, tuple[str | None, list[BaseGeometry]]] = {}
    repaired = 0
    rejects: list[Reject] = []
    for number, feature in enumerate(features, start=1):
        try:
            properties = feature["properties"]
            name = values.text(properties["neighbourhood"])
            group = values.text(properties.get("neighbourhood_group"))
            drawn = shape(feature["geometry"])
        except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError):
            name = group = None
        if name is None:
            rejects.append(Reject(path.name, number, "geometry", "feature without a name or a readable geometry", None))
            continue
        repaired += not drawn.is_valid
        parts = shapes.setdefault(name, (group, []))[1]
        parts.append(drawn)
    merged = {name: (group, _area(parts)) for name, (group, parts) in shapes.items()}
    return (
        {name: (group, shapely.to_geojson(area)) for name, (group, area) in merged.items() if not area.is_empty},
        repaired,
        rejects,
    )


def _area(parts: list[BaseGeometry]) -> MultiPolygon:
    """One valid area of the parts of a neighbourhood, which may come in several features."""
    whole = shapely.union_all([shapely.make_valid(part) for part in parts])
    pieces = whole.geoms if isinstance(whole, GeometryCollection | MultiPolygon) else [whole]
    flat = (inner for piece in pieces for inner in getattr(piece, "geoms", [piece]))
    return MultiPolygon([piece for piece in flat if isinstance(piece, Polygon)])
