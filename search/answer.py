"""What a search answers, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listing that fits, as the engine found it, before ranking.

    Attributes
    ----------
    total_minor
        Total of the stay in the listing's currency; None without dates.
    text_score, vector_score
        How well the text fits: BM25, and cosine in [-1, 1]; None where not asked.
    distance_km
        From the request's centre; None without one.
    """

    listing_id: int
    currency: str
    total_minor: int | None
    text_score: float | None
    vector_score: float | None
    distance_km: float | None


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet and how many results it would leave."""

    value: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """Results with a price in ``[from_minor, to_minor)`` of the request's currency."""

    from_minor: int
    to_minor: int
    count: int


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What an engine found: the best candidates, and counts over the whole filtered set.

    Attributes
    ----------
    facets
        By name; each group is counted without its own filter, under all others.
    degraded
        What had to be left out, in words a client can show; empty when all is well.
    """

    candidates: tuple[Candidate, ...]
    total_count: int
    facets: dict[str, tuple[FacetValue, ...]]
    histogram: tuple[HistogramBin, ...]
    degraded: tuple[str, ...]
