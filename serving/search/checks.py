"""Refuse what a search says and cannot mean: it would find nothing, or be passed over, and nobody would know why.

These are rules for who asks now, not of the schema: a search that was saved before them is still read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from lodestay.vocabulary.amenities import ACCESSIBILITY, ALLOWS, AMENITIES
from lodestay.vocabulary.cancellation import CancellationPolicy
from lodestay.vocabulary.categories import CATEGORIES
from lodestay.vocabulary.property_types import RoomType
from search.request import InvalidSearch
from serving.search.schemas import PlaceQuery

CLOSED: Final[Mapping[str, Sequence[str]]] = {
    "room_type": [kind.value for kind in RoomType],
    "category": [each.code for each in CATEGORIES],
    "amenity": sorted(AMENITIES),
    "accessibility": sorted(ACCESSIBILITY),
    "allows": sorted(ALLOWS.values()),
    "cancellation_policy": [policy.value for policy in CancellationPolicy],
}
"""Every value that a listing can have, by the parameter that asks for it."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
"""Of languages the form alone is known: hosts say them by code, and there are thousands."""
_FEW: Final = 20
"""Values that a sentence can list."""
_RADIUS_KM: Final = PlaceQuery.model_fields["radius_km"].default
"""A radius that says nothing: forms made from the API's description send every default along."""
_SHOWN: Final = 40
"""Characters of a value that are told back."""


def refuse_senseless(query: PlaceQuery) -> None:
    """Refuse values that no listing can have, and a radius around nothing.

    Raises
    ------
    InvalidSearch
        With the parameter, the value and the values that are like it.
    """
    for parameter, known in CLOSED.items():
        for value in getattr(query, parameter):
            if value not in known:
                raise _unknown(parameter, value, known)
    for value in query.host_language:
        if not _LANGUAGE.fullmatch(value):
            raise InvalidSearch(
                f"`host_language` {value[:_SHOWN]!r} is not the code of a language.",
                hint="Send ISO 639-1 codes such as en, pt or de.",
                parameter="host_language",
                value=value,
            )
    if query.radius_km != _RADIUS_KM and query.latitude is None:
        raise InvalidSearch(
            "`radius_km` has no centre to reach around.",
            hint="Send latitude and longitude with it; a place reaches as far as it is known to.",
            parameter="radius_km",
        )


def _unknown(parameter: str, value: str, known: Sequence[str]) -> InvalidSearch:
    near = get_close_matches(value.lower(), known, n=3, cutoff=0.6)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif len(known) <= _FEW:
        hint = f"Send one of {', '.join(known)}."
    else:
        hint = "Send values that `facets` of an answer names."
    return InvalidSearch(
        f"`{parameter}` has no value {value[:_SHOWN]!r}.", hint=hint, parameter=parameter, value=value, near=near
    )
