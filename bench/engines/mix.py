"""The searches that are fired: seeded, in three classes, as requests and as what they ask over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

import numpy as np

from bench.engines.stock import CITIES, CODES, RATES, Stock
from lodestay.stay import Stay
from search.request import Bounds, Filters, SearchRequest, Sort

CLASSES: Final = {"city": 0.80, "wide": 0.15, "world": 0.05}
"""Kinds of search, and how many of each."""
PAGE: Final = 20
_HALF: Final = {"city": (0.05, 0.2), "wide": (2.0, 8.0)}
"""Half the width of what is looked at, in degrees, from and to; the world has none."""
_ZOOM: Final = {"city": 13, "wide": 8, "world": 4}


@dataclass(frozen=True)
class Asked:
    """A search of the mix."""

    kind: str
    request: SearchRequest

    @property
    def path(self) -> str:
        """The same over HTTP."""
        request, area, stay = self.request, self.request.area, self.request.stay
        filters = request.filters
        if stay is None or filters.max_price_minor is None:
            raise TypeError("searches of the mix have dates and a highest price")
        asked: list[tuple[str, object]] = [
            ("check_in", stay.check_in),
            ("check_out", stay.check_out),
            ("guests", request.guests),
            ("max_price", f"{filters.max_price_minor / 100:.2f}"),
            ("min_bedrooms", filters.min_bedrooms),
            ("map_zoom", request.tile_zoom),
            ("currency", request.currency),
            *(("room_type", value) for value in sorted(filters.room_types)),
            *(("amenity", value) for value in sorted(filters.amenities)),
        ]
        if isinstance(area, Bounds):
            asked.append(("bounds", f"{area.south},{area.west},{area.north},{area.east}"))
        return f"/v1/search?{urlencode(asked)}"


def searches(stock: Stock, *, seed: int) -> Iterator[Asked]:
    """Draw searches without end."""
    rng = np.random.default_rng(seed)
    sizes = np.bincount(stock.city, minlength=CITIES)
    while True:
        kind = str(rng.choice(list(CLASSES), p=list(CLASSES.values())))
        city = int(rng.choice(CITIES, p=sizes / sizes.sum()))
        latitude, longitude = stock.centres[city].tolist()
        area = _around(latitude, longitude, float(rng.uniform(*_HALF[kind]))) if kind in _HALF else None
        check_in = stock.today + timedelta(days=int(rng.integers(3, 250)))
        yield Asked(
            kind,
            SearchRequest(
                text=None,
                market=None,
                area=area,
                centre=None,
                stay=Stay(check_in, check_in + timedelta(days=int(rng.choice([2, 3, 4, 5, 7, 14])))),
                guests=int(rng.integers(1, 5)),
                filters=Filters(
                    room_types=frozenset({"entire_home"}),
                    amenities=frozenset({CODES[int(rng.integers(len(CODES)))]}) if rng.random() < 0.5 else frozenset(),
                    max_price_minor=int(rng.integers(40_000, 250_000)),
                    min_bedrooms=1,
                ),
                sort=Sort.RELEVANCE,
                page=1,
                page_size=PAGE,
                currency="EUR",
                locale="en",
                rates=RATES,
                tile_zoom=_ZOOM[kind],
            ),
        )


def _around(latitude: float, longitude: float, half: float) -> Bounds:
    edges = (latitude - half, max(-180.0, longitude - half), latitude + half, min(180.0, longitude + half))
    return Bounds(*(round(edge, 6) for edge in edges))
