"""What a search answers, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lodestay.stay import Stay


class Candidate(NamedTuple):
    """A listing that fits, as the engine found it, before ranking.

    A tuple, since an answer has five hundred of them, and the ranker reads them by column.

    Attributes
    ----------
    total_minor
        Total of the stay in the listing's currency; None without dates.
    nightly_price_minor
        What a night usually costs there, without fees; None where it is not known.
    text_score, vector_score
        How well the text fits: BM25 (0: no word of it), and cosine in [-1, 1]; None where not asked, or
        where the listing has no vector.
    distance_km
        From the request's origin; None without one.
    stay
        The best of the request's flexible stays; None where its dates are not flexible.
    """

    listing_id: int
    currency: str
    total_minor: int | None
    nightly_price_minor: int | None
    text_score: float | None
    vector_score: float | None
    distance_km: float | None
    stay: Stay | None = None


@dataclass(frozen=True)
class BestStays:
    """Which of some flexible stays is the best one in each of n listings, and what it costs.

    Attributes
    ----------
    listing_ids
        (n,) ascending.
    places, totals
        (n,) place among `stays`, and the total in the listing's currency.
    """

    stays: tuple[Stay, ...]
    listing_ids: NDArray[np.int64]
    places: NDArray[np.int64]
    totals: NDArray[np.int64]

    def given_to(self, candidate: Candidate) -> Candidate | None:
        """Return a candidate with its best stay; None where it has none."""
        at = int(np.searchsorted(self.listing_ids, candidate.listing_id))
        if at == len(self.listing_ids) or self.listing_ids[at] != candidate.listing_id:
            return None
        return candidate._replace(stay=self.stays[self.places[at]], total_minor=int(self.totals[at]))


class FacetValue(NamedTuple):
    """A value of a facet and how many results it would leave.

    A tuple, since an answer has some two hundred of them: they are made three times as fast.
    """

    value: str
    count: int  # type: ignore[assignment]  # a tuple's method of that name is not asked here
    selected: bool


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """Results with a price in ``[from_minor, to_minor)`` of the request's currency."""

    from_minor: int
    to_minor: int
    count: int


@dataclass(frozen=True, slots=True)
class Tile:
    """Results in a tile of the map.

    Attributes
    ----------
    zoom, x, y
        Of the tile, as web maps count: at zoom 0 the world is one, x from the date line east, y from the north.
    cheapest_minor
        Lowest price in the request's currency; None where none is known.
    """

    zoom: int
    x: int
    y: int
    count: int
    cheapest_minor: int | None


@dataclass(frozen=True, slots=True)
class Regained:
    """Results that taking one filter back would add.

    Attributes
    ----------
    filter
        Name of a facet, ``price``, or a number asked for: ``min_bedrooms``, ``min_beds`` …
    value
        One of several values of which a result must have all (amenities, say), and which can be taken back by itself;
        else None: the whole filter.
    """

    filter: str
    value: str | None
    more: int


@dataclass(frozen=True, slots=True)
class PriceDay:
    """What a day of arrival offers.

    Attributes
    ----------
    count
        Listings that take the stay.
    cheapest_minor
        Lowest total in the request's currency; None where none is known.
    """

    stay: Stay
    count: int
    cheapest_minor: int | None

    @classmethod
    def of(cls, stay: Stay, count: int, cheapest: float) -> PriceDay:
        """Make one; infinity stands for no price."""
        return cls(stay, count, None if cheapest == np.inf else int(cheapest))


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What an engine found: the best candidates, and counts over the whole filtered set.

    Attributes
    ----------
    facets
        By name, the most frequent value first. Each group is counted without its own filter, under all
        others; but of amenities, accessibility and what is allowed a result must have all, so they are counted under
        those selected too.
    histogram
        Bins without gaps, from the cheapest result to the dearest, counted without the price filter.
    degraded
        What had to be left out, in words a client can show; empty when all is well.
    tiles
        Those with results; None where they were not asked for or not counted.
    regained
        For each filter in use what it keeps out by itself, the most first; filters that keep nothing out are not there.
        None where that was not counted.
    best_stays
        Of every result, where the dates are flexible and columns answered.
    """

    candidates: tuple[Candidate, ...]
    total_count: int
    facets: dict[str, tuple[FacetValue, ...]]
    histogram: tuple[HistogramBin, ...]
    degraded: tuple[str, ...]
    tiles: tuple[Tile, ...] | None = None
    regained: tuple[Regained, ...] | None = None
    best_stays: BestStays | None = field(default=None, compare=False, repr=False)
