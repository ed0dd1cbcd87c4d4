"""The facets: groups of values that guests tick, and that are counted for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from search.request import Filters


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
