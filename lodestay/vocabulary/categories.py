"""Categories: what kind of stay a listing is, so that guests can look around before they know where to.

A listing is in each category that its property type or one of its amenities is evidence of, in any number and
maybe in none. What only a text or a picture could tell ("design", "luxury") is no category here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from lodestay.vocabulary.property_types import PropertyType


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of stay.

    Attributes
    ----------
    code
        Stable name in the index and the API.
    label
        Name in English.
    evidence
        Property types and codes of :mod:`lodestay.vocabulary.amenities`, which share none; each of them is enough.
    """

    code: str
    label: str
    evidence: frozenset[str]


def _of_types(code: str, label: str, *types: PropertyType) -> Category:
    return Category(code, label, frozenset(kind.value for kind in types))


def _having(code: str, label: str, *amenities: str) -> Category:
    return Category(code, label, frozenset(amenities))


CATEGORIES: Final = (
    _having("beach", "By the beach", "beach_access"),
    _having("waterfront", "On the water's edge", "waterfront"),
    _having("views", "Great views", "sea_view", "water_view", "nature_view"),
    _having("skiing", "Ski-in/ski-out", "ski_in"),
    _having("pools", "Pools", "pool"),
    _having("hot_tubs", "Hot tubs and saunas", "hot_tub", "sauna"),
    _having("family", "For families", "family_friendly", "crib", "high_chair", "playground"),
    _having("work", "For working", "workspace"),
    _of_types("countryside", "Countryside", PropertyType.FARM_STAY, PropertyType.COTTAGE, PropertyType.CABIN),
    _of_types("cabins", "Cabins", PropertyType.CABIN),
    _of_types("tiny_homes", "Tiny homes", PropertyType.TINY_HOUSE),
    _of_types("farms", "Farms", PropertyType.FARM_STAY),
    _of_types("castles", "Castles", PropertyType.CASTLE),
    _of_types("boats", "Boats", PropertyType.BOAT),
    _of_types("camping", "Camping", PropertyType.CAMPING),
    _of_types("lofts", "Lofts", PropertyType.LOFT),
    _of_types("villas", "Villas", PropertyType.VILLA),
    _of_types("bed_and_breakfasts", "Bed and breakfast", PropertyType.BED_AND_BREAKFAST),
    _of_types("unusual", "Unusual: tree houses, domes, caves …", PropertyType.UNUSUAL),
)
"""Every category."""


def categories(property_type: str, amenities: Collection[str]) -> list[str]:
    """Codes of the categories that a listing is in, in the order of :data:`CATEGORIES`."""
    evidence = {property_type, *amenities}
    return [each.code for each in CATEGORIES if not evidence.isdisjoint(each.evidence)]
