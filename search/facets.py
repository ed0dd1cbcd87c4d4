"""The facets: groups of values that guests tick, and that are counted for them.

A listing has one value of a facet, or several, or it has a number of which a guest may ask for "at least". Every
engine counts by these descriptions; what a listing has is in its document under :attr:`Facet.field`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from typing import Any, Final

from lodestay.vocabulary.amenities import ACCESSIBILITY, ALLOWS
from lodestay.vocabulary.categories import categories
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
        In the answer.
    field
        In the document.
    selected
        The values that a request ticks.
    many
        Whether a listing may have several values.
    all_of
        Whether a result must have every ticked value, or one of them.
    steps
        Of a number: the values that are counted, each with the listings that have at least so much.
    unbounded
        Whether there may be more values than are told (:data:`MAX_VALUES`).
    follows_reviews
        Whether a listing's value changes with what guests say, and may be one that no listing had.
    """

    name: str
    field: str
    selected: Callable[[Filters], frozenset[str]]
    many: bool = False
    all_of: bool = False
    steps: tuple[float, ...] = ()
    unbounded: bool = False
    follows_reviews: bool = False

    def fits(self, asked: frozenset[str], has: frozenset[Any]) -> bool:
        """Whether a listing with these values (:meth:`values`) has what is ticked, at least one value."""
        if self.steps:
            return any(number >= float(least) for least in asked for number in has)
        return asked <= has if self.all_of else bool(asked & has)

    def values(self, value: Any) -> frozenset[Any]:
        """Values that stand in a document's field: numbers where there are steps, else texts; none for null."""
        if value is None:
            return frozenset()
        if self.steps:
            return frozenset([float(value)])
        return frozenset(value) if self.many else frozenset([text(value)])

    def counts(self, filters: Filters, held: Mapping[Any, int]) -> dict[str, int]:
        """Count by the values that are told, from counts by the values that listings have."""
        if not self.steps:
            return dict(held)
        steps = self.asked_steps(filters)
        reached = [0] * (len(steps) + 1)
        for value, count in held.items():
            reached[bisect_right(steps, value)] += count
        at_least = list(accumulate(reversed(reached[1:])))[::-1]
        return {text(step): count for step, count in zip(steps, at_least, strict=True) if count}

    def asked_steps(self, filters: Filters) -> list[float]:
        """The steps, and the number that is asked for if it is none of them."""
        return sorted({*self.steps, *map(float, self.selected(filters))})


def text(value: str | float) -> str:
    """A value as it is told: flags are `true` and `false`, whole numbers have no point."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    return repr(float(value)).removesuffix(".0")


def _one(value: float | None) -> frozenset[str]:
    return frozenset() if value is None else frozenset([text(value)])


_ROOMS: Final = tuple(map(float, range(1, 9)))

FACETS: Final = (
    Facet("room_type", "room_type", lambda f: f.room_types),
    Facet("property_type", "property_type", lambda f: f.property_types),
    Facet("category", "categories", lambda f: f.categories, many=True),
    Facet("amenities", "amenities", lambda f: f.amenities, many=True, all_of=True),
    Facet("accessibility", "accessibility", lambda f: f.accessibility, many=True, all_of=True),
    Facet("allows", "allows", lambda f: f.allows, many=True, all_of=True),
    Facet("host_language", "host_languages", lambda f: f.host_languages, many=True),
    Facet("neighbourhood", "neighbourhood", lambda f: f.neighbourhoods, unbounded=True),
    Facet("cancellation_policy", "cancellation_policy", lambda f: f.cancellation_policies),
    Facet("min_bedrooms", "bedrooms", lambda f: _one(f.min_bedrooms), steps=_ROOMS),
    Facet("min_beds", "beds", lambda f: _one(f.min_beds), steps=_ROOMS),
    Facet("min_bathrooms", "bathrooms", lambda f: _one(f.min_bathrooms), steps=_ROOMS),
    Facet("min_rating", "rating", lambda f: _one(f.min_rating), steps=(4.0, 4.5, 4.8), follows_reviews=True),
    Facet("instant_book", "instant_book", lambda f: _one(f.instant_book)),
    Facet("superhost", "superhost", lambda f: _one(f.superhost)),
)
"""Flags have the values `true` and `false`. A facet is named as what is sent back to tick a value of it, but for
`amenities` (`amenity`): `min_bedrooms` has the value `2`, with the count that `min_bedrooms=2` would leave."""


MAX_VALUES: Final = 300
"""Values of a facet that are told: more than a vocabulary holds or a city has quarters; it cuts those of the world."""


def facet_values(counts: Mapping[str, int], selected: frozenset[str]) -> tuple[FacetValue, ...]:
    """Order the values of a group by count, then by name; what is selected is there even if nothing has it."""
    held = dict.fromkeys(selected, 0) | dict(counts)
    if len(held) > MAX_VALUES:  # numbers are put in order ten times as fast as names are
        least = sorted(held.values(), reverse=True)[MAX_VALUES - 1]
        held = {value: count for value, count in held.items() if count >= least or value in selected}
    every = sorted(held.items())
    every.sort(key=itemgetter(1), reverse=True)  # keeps the order of names where counts are the same
    if len(every) > MAX_VALUES:
        every = every[:MAX_VALUES] + [item for item in every[MAX_VALUES:] if item[0] in selected]
    return tuple([FacetValue(value, count, value in selected) for value, count in every])


DERIVED: Final[Mapping[str, Callable[[str, Collection[str]], list[str]]]] = {
    "categories": categories,
    "accessibility": lambda _, amenities: sorted(ACCESSIBILITY.intersection(amenities)),
    "allows": lambda _, amenities: sorted(ALLOWS[code] for code in ALLOWS.keys() & amenities),
}
"""Fields of a document that follow from a listing's property type and amenities."""


def derived_fields(property_type: str, amenities: Collection[str]) -> dict[str, list[str]]:
    """Build the fields of a document that follow from what a listing is and has."""
    return {name: derive(property_type, amenities) for name, derive in DERIVED.items()}
