"""Homes: where they stand, what they are, what they have, and how good they really are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lodestay.vocabulary.amenities import AMENITIES
from lodestay.vocabulary.property_types import PropertyType, RoomType
from simulation.cities import City
from simulation.draws import Bools, Floats, Ints, Texts, happens, pick
from simulation.geography import cells, distance_km, scatter
from simulation.hosts import Hosts

_ENTIRE, _PRIVATE, _SHARED, _HOTEL = (
    RoomType.ENTIRE_HOME,
    RoomType.PRIVATE_ROOM,
    RoomType.SHARED_ROOM,
    RoomType.HOTEL_ROOM,
)

# (property type, share of the supply, shares of entire home, private, shared and hotel room)
_KINDS: Final = (
    (PropertyType.APARTMENT, 0.61, (0.79, 0.205, 0.005, 0.0)),
    (PropertyType.LOFT, 0.06, (0.92, 0.08, 0.0, 0.0)),
    (PropertyType.HOUSE, 0.08, (0.68, 0.31, 0.01, 0.0)),
    (PropertyType.TOWNHOUSE, 0.04, (0.72, 0.28, 0.0, 0.0)),
    (PropertyType.VILLA, 0.02, (0.90, 0.10, 0.0, 0.0)),
    (PropertyType.SERVICED_APARTMENT, 0.03, (0.95, 0.0, 0.0, 0.05)),
    (PropertyType.GUESTHOUSE, 0.05, (0.35, 0.65, 0.0, 0.0)),
    (PropertyType.BED_AND_BREAKFAST, 0.03, (0.05, 0.85, 0.0, 0.10)),
    (PropertyType.HOTEL, 0.04, (0.02, 0.08, 0.0, 0.90)),
    (PropertyType.APARTHOTEL, 0.02, (0.55, 0.05, 0.0, 0.40)),
    (PropertyType.HOSTEL, 0.02, (0.0, 0.45, 0.55, 0.0)),
)
_GUESTS_OF_HOMES: Final = {1: 0.02, 2: 0.34, 3: 0.12, 4: 0.29, 5: 0.07, 6: 0.10, 8: 0.04, 10: 0.015, 14: 0.005}
_ROOMS: Final = (_ENTIRE, _PRIVATE, _SHARED, _HOTEL)

# code: (share of homes that have it, how much more likely one standard deviation of quality makes it)
_AMENITIES: Final[dict[str, tuple[float, float]]] = {
    "wifi": (0.97, 0.3),
    "fast_wifi": (0.18, 0.3),
    "workspace": (0.42, 0.2),
    "tv": (0.72, 0.1),
    "streaming": (0.25, 0.2),
    "kitchen": (0.86, 0.0),
    "refrigerator": (0.80, 0.1),
    "stove": (0.66, 0.1),
    "oven": (0.52, 0.1),
    "microwave": (0.62, 0.1),
    "dishwasher": (0.30, 0.3),
    "coffee_maker": (0.60, 0.3),
    "kettle": (0.66, 0.1),
    "washer": (0.58, 0.1),
    "dryer": (0.24, 0.2),
    "iron": (0.68, 0.2),
    "hair_dryer": (0.75, 0.3),
    "essentials": (0.92, 0.3),
    "bed_linen": (0.70, 0.3),
    "hot_water": (0.85, 0.1),
    "toiletries": (0.62, 0.3),
    "bathtub": (0.26, 0.1),
    "heating": (0.74, 0.1),
    "air_conditioning": (0.48, 0.2),
    "fireplace": (0.05, 0.2),
    "smoke_alarm": (0.70, 0.3),
    "carbon_monoxide_alarm": (0.40, 0.2),
    "fire_extinguisher": (0.48, 0.3),
    "first_aid_kit": (0.46, 0.3),
    "safe": (0.14, 0.1),
    "self_check_in": (0.38, 0.0),
    "smart_lock": (0.14, 0.1),
    "luggage_dropoff": (0.36, 0.2),
    "reception": (0.08, 0.1),
    "breakfast": (0.09, 0.2),
    "pets_allowed": (0.22, 0.0),
    "smoking_allowed": (0.06, -0.3),
    "long_stays": (0.52, 0.0),
    "family_friendly": (0.34, 0.1),
    "crib": (0.26, 0.2),
    "high_chair": (0.22, 0.2),
    "childrens_toys": (0.09, 0.2),
    "board_games": (0.14, 0.2),
    "books": (0.18, 0.2),
    "elevator": (0.34, 0.0),
    "step_free": (0.08, 0.0),
    "gym": (0.07, 0.2),
    "pool": (0.08, 0.3),
    "hot_tub": (0.03, 0.3),
    "sauna": (0.03, 0.2),
    "balcony": (0.34, 0.2),
    "garden": (0.16, 0.2),
    "barbecue": (0.09, 0.2),
    "city_view": (0.20, 0.2),
    "sea_view": (0.14, 0.3),
    "free_parking": (0.14, 0.0),
    "paid_parking": (0.24, 0.0),
    "free_street_parking": (0.16, 0.0),
    "ev_charger": (0.04, 0.2),
    "bikes": (0.06, 0.1),
    "private_entrance": (0.28, 0.0),
}
CODES: Final = tuple(_AMENITIES)
"""Amenities that a synthetic home may have: the columns of :attr:`Homes.has`."""


@dataclass(frozen=True)
class Homes:
    """The homes of a city as columns of n rows.

    Attributes
    ----------
    neighbourhood
        Row in the city's neighbourhoods.
    has
        (n, len(CODES)) bool.
    quality
        How good the home is, standard normal or so: what a guest finds out on the spot.
    appeal
        How good it looks in a list of results; follows quality, but photos flatter some.
    """

    neighbourhood: Ints
    latitude: Floats
    longitude: Floats
    centre_km: Floats
    property_type: Texts
    room_type: Texts
    accommodates: Ints
    bedrooms: Ints
    beds: Ints
    bathrooms: Floats
    shared_bathroom: Bools
    has: Bools
    quality: Floats
    appeal: Floats


def make_homes(rng: np.random.Generator, city: City, hosts: Hosts) -> Homes:
    """Draw a home for each listing of the hosts."""
    count = len(hosts.of_listing)
    neighbourhood, latitude, longitude = _places(rng, city, count)
    property_type, room_type = _kinds(rng, count)
    quality = 0.55 * hosts.quality[hosts.of_listing] + 0.83 * rng.standard_normal(count)
    entire = room_type == _ENTIRE
    accommodates = _sizes(rng, entire, property_type == PropertyType.VILLA)
    bedrooms = np.where(entire, np.maximum(1, np.round(accommodates / 2.3)), 1).astype(np.int64)
    beds = np.maximum(bedrooms, np.round(accommodates * rng.uniform(0.45, 0.75, count))).astype(np.int64)
    more_baths = rng.binomial(np.maximum(bedrooms - 1, 0), 0.5) + 0.5 * happens(rng, 0.12, count)
    shared_bathroom = (room_type == _SHARED) | ((room_type == _PRIVATE) & happens(rng, 0.58, count))
    return Homes(
        neighbourhood=neighbourhood,
        latitude=latitude,
        longitude=longitude,
        centre_km=distance_km(latitude, longitude, to=(city.facts.latitude, city.facts.longitude)),
        property_type=property_type,
        room_type=room_type,
        accommodates=accommodates,
        bedrooms=bedrooms,
        beds=beds,
        bathrooms=1.0 + np.where(shared_bathroom, 0.0, more_baths),
        shared_bathroom=shared_bathroom,
        has=_amenities(rng, city, quality, room_type=room_type),
        quality=quality,
        appeal=0.65 * quality + 0.76 * rng.standard_normal(count),
    )


def _places(rng: np.random.Generator, city: City, count: int) -> tuple[Ints, Floats, Floats]:
    shares = np.array([n.share for n in city.neighbourhoods])
    neighbourhood = rng.choice(len(shares), size=count, p=shares / shares.sum())
    points = np.empty((count, 2))
    for row, (place, polygon) in enumerate(zip(city.neighbourhoods, cells(city), strict=True)):
        inside = neighbourhood == row
        points[inside] = scatter(rng, polygon, (place.longitude, place.latitude), int(inside.sum()))
    points = np.round(points, 6)
    return neighbourhood, points[:, 1], points[:, 0]


def _kinds(rng: np.random.Generator, count: int) -> tuple[Texts, Texts]:
    shares = np.array([share for _, share, _ in _KINDS])
    kind = rng.choice(len(_KINDS), size=count, p=shares / shares.sum())
    rooms = np.cumsum([split for _, _, split in _KINDS], axis=1)
    room = np.minimum((rng.random((count, 1)) > rooms[kind]).sum(axis=1), len(_ROOMS) - 1)
    return np.array([str(k) for k, _, _ in _KINDS])[kind], np.array([str(r) for r in _ROOMS])[room]


def _sizes(rng: np.random.Generator, entire: Bools, villa: Bools) -> Ints:
    count = len(entire)
    whole = pick(rng, _GUESTS_OF_HOMES, count)
    room = pick(rng, {1: 0.22, 2: 0.66, 3: 0.08, 4: 0.04}, count)
    return np.where(entire, whole + 3 * villa, room).astype(np.int64)


def _amenities(rng: np.random.Generator, city: City, quality: Floats, *, room_type: Texts) -> Bools:
    share, slope = np.array(list(_AMENITIES.values())).T
    share = np.tile(share, (len(quality), 1))
    share[room_type != _ENTIRE, CODES.index("kitchen")] = 0.35
    share[room_type == _HOTEL, CODES.index("reception")] = 0.85
    share[:, CODES.index("sea_view")] *= 1.0 if city.coastal else 0.0
    odds = share / (1 - share) * np.exp(slope * quality[:, None])
    has: Bools = happens(rng, odds / (1 + odds), share.shape)
    for code in CODES:
        wider = AMENITIES[code].implies
        if wider in CODES:
            has[:, CODES.index(wider)] |= has[:, CODES.index(code)]
    return has
