"""The facets: groups of values that guests tick, and that are counted for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from search.answer import FacetValue
from search.request import Filters

PRICE: Final = "price"
"""The price range, which is counted like a facet."""


@dataclass(frozen=True, slots=True)
class Facet:
    """A group of values.

    Attributes
    ----------
    name
        In the answer, and of the field in the document.
    selected
        The values that a request ticks.
    all_of
        Whether a result must have every ticked value, or one of them.
    """

    name: str
    selected: Callable[[Filters], frozenset[str]]
    all_of: bool = False


def _flag(value: bool | None) -> frozenset[str]:  # noqa: FBT001
    return frozenset() if value is None else frozenset([str(value).lower()])


FACETS: Final = (
    Facet("room_type", lambda f: f.room_types),
    Facet("property_type", lambda f: f.property_types),
    Facet("amenities", lambda f: f.amenities, all_of=True),
    Facet("neighbourhood", lambda f: f.neighbourhoods),
    Facet("cancellation_policy", lambda f: f.cancellation_policies),
    Facet("instant_book", lambda f: _flag(f.instant_book)),
    Facet("superhost", lambda f: _flag(f.superhost)),
)
"""Flags have the values `true` and `false`."""


MAX_VALUES: Final = 1_000
"""Values of a facet that are told; far above what the vocabularies hold: it cuts the neighbourhoods of the world."""


def facet_values(counts: Mapping[str, int], selected: frozenset[str]) -> tuple[FacetValue, ...]:
    """Order the values of a group by count, then by name; what is selected is there even if nothing has it."""
    every = sorted((dict.fromkeys(selected, 0) | dict(counts)).items(), key=lambda item: (-item[1], item[0]))
    told = every[:MAX_VALUES] + [item for item in every[MAX_VALUES:] if item[0] in selected]
    return tuple(FacetValue(value, count, value in selected) for value, count in told)
