"""Property types and room types: the taxonomy, and the words that mean each.

Sources join both in one phrase ("Private room in bed and breakfast", "Entire rental unit"), and older
ones name the building alone ("Apartment", "Bed & Breakfast").
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final


class RoomType(StrEnum):
    """How much of the place a guest has."""

    ENTIRE_HOME = "entire_home"
    PRIVATE_ROOM = "private_room"
    SHARED_ROOM = "shared_room"
    HOTEL_ROOM = "hotel_room"


class PropertyType(StrEnum):
    """What the building is."""

    APARTMENT = "apartment"
    LOFT = "loft"
    SERVICED_APARTMENT = "serviced_apartment"
    HOUSE = "house"
    TOWNHOUSE = "townhouse"
    VILLA = "villa"
    BUNGALOW = "bungalow"
    COTTAGE = "cottage"
    CABIN = "cabin"
    TINY_HOUSE = "tiny_house"
    GUESTHOUSE = "guesthouse"
    BED_AND_BREAKFAST = "bed_and_breakfast"
    HOTEL = "hotel"
    APARTHOTEL = "aparthotel"
    HOSTEL = "hostel"
    RESORT = "resort"
    FARM_STAY = "farm_stay"
    CASTLE = "castle"
    BOAT = "boat"
    CAMPING = "camping"
    UNUSUAL = "unusual"
    OTHER = "other"


_PROPERTIES: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        # A longer phrase stands before the word it holds.
        (PropertyType.SERVICED_APARTMENT, r"serviced (apartment|flat)"),
        (PropertyType.APARTHOTEL, r"apart-?hotel"),
        (PropertyType.BED_AND_BREAKFAST, r"bed (and|&) breakfast|\bb ?& ?b\b"),
        (PropertyType.HOSTEL, r"hostel|dorm"),
        (PropertyType.TINY_HOUSE, r"tiny (house|home)"),
        (PropertyType.TOWNHOUSE, r"town ?house"),
        (PropertyType.GUESTHOUSE, r"guest ?house|guest suite|in-law|pension|ryokan|minsu|kezhan|casa particular"),
        (PropertyType.BOAT, r"boat|yacht|barge"),
        (PropertyType.FARM_STAY, r"farm|ranch|\bbarn|agriturismo"),
        (PropertyType.RESORT, r"resort|holiday park|nature lodge"),
        (PropertyType.HOTEL, r"hotel|\binn\b|heritage hotel"),
        (
            PropertyType.UNUSUAL,
            (
                r"tree ?house|dome|earth(en)? ?(house|home)|lighthouse|houseplace|cave|tower|windmill|"
                r"igloo|island|train|plane|bus\b|shipping container|religious|trullo|riad|cycladic|dammuso"
            ),
        ),
        (PropertyType.VILLA, r"villa"),
        (PropertyType.BUNGALOW, r"bungalow"),
        (PropertyType.COTTAGE, r"cottage"),
        (PropertyType.CABIN, r"cabin|chalet|\bhut\b|lodge"),
        (PropertyType.CASTLE, r"castle|palace"),
        (PropertyType.CAMPING, r"tent\b|tipi|yurt|camp|\brv\b|caravan"),
        (PropertyType.LOFT, r"loft"),
        (PropertyType.APARTMENT, r"apartment|condo|rental unit|flat\b|studio"),
        (PropertyType.HOUSE, r"house|\bhome\b"),
    )
)

_ROOMS: Final = (
    (RoomType.SHARED_ROOM, re.compile(r"shared room")),
    (RoomType.HOTEL_ROOM, re.compile(r"hotel room|^room in (a )?((boutique|heritage) )?(hotel|aparthotel|resort)")),
    (RoomType.PRIVATE_ROOM, re.compile(r"private room|^room in")),
    (RoomType.ENTIRE_HOME, re.compile(r"entire|home/apt")),
)


@lru_cache(maxsize=4096)
def property_type(phrase: str) -> PropertyType:
    """Place a source's phrase in the taxonomy; what nothing matches is `OTHER`."""
    words = " ".join(phrase.lower().split())
    return next((kind for kind, pattern in _PROPERTIES if pattern.search(words)), PropertyType.OTHER)


@lru_cache(maxsize=4096)
def room_type(room: str, property_phrase: str) -> RoomType | None:
    """Say how much of the place is let.

    The source's own room type counts, but for a hotel's room that it files under private rooms.

    Returns
    -------
    RoomType or None
        None where neither phrase says it.
    """
    phrases = (property_phrase.lower().strip(), room.lower().strip())
    if _ROOMS[1][1].search(phrases[0]) and "private room" in phrases[1]:
        return RoomType.HOTEL_ROOM
    for phrase in reversed(phrases):
        for kind, pattern in _ROOMS:
            if pattern.search(phrase):
                return kind
    return None
