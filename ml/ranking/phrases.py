"""What to say of the features that moved a score: a sentence with the candidate's own figures.

Each function takes the candidate's values by feature (NaN where not known) and the effect of its group
on the score: above zero it lifted the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

import numpy as np

Values = Mapping[str, float]

_HALF = 0.5
_NOTABLE_GAP = 0.05
_A_FEW_BOOKINGS = 2
_ANSWERS_NEARLY_ALL = 0.95
_A_HAIR = 1e-4
"""Of a percent: what shares of whole numbers may lose as floats."""


def price(values: Values, effect: float) -> str:
    """Against the other results first, else against comparable places."""
    rank, level = values["price_rank"], values["price_to_comparables"]
    if effect > 0 and rank <= 0:
        return "Costs the least of the results"
    if effect < 0 and rank >= 1:
        return "Costs the most of the results"
    if effect > 0 and rank <= _HALF:
        return f"Costs less than {_percent_below_all(1 - rank)} of the results"
    if effect < 0 and rank > _HALF:
        return f"Costs more than {_percent_below_all(rank)} of the results"
    if np.isfinite(level) and abs(level - 1) >= _NOTABLE_GAP:
        return f"Asks {_percent(abs(level - 1))} {'more' if level > 1 else 'less'} than comparable places"
    return "Good value for what it is" if effect > 0 else "Others offer more for the price"


def distance(values: Values, effect: float) -> str:
    """From where the guest looks, else from the centre."""
    if np.isfinite(values["distance_km"]):
        return f"{values['distance_km']:.1f} km from the centre of your search"
    if np.isfinite(values["centre_km"]):
        return f"{values['centre_km']:.1f} km from the centre"
    return "Well placed" if effect > 0 else "Less well placed"


def text(_values: Values, effect: float) -> str:
    """How the words fit."""
    return "Fits your words" if effect > 0 else "Fits your words less than others"


def rating(values: Values, _effect: float) -> str:
    """Stars and how many gave them."""
    count = values["review_count"]
    if np.isfinite(values["rating"]) and count > 0:
        return f"Rated {values['rating']:.2f} by {int(count):,} guest{'' if count == 1 else 's'}"
    return "New, without ratings yet"


def popularity(values: Values, effect: float) -> str:
    """What other guests did."""
    if effect > 0 and values["bookings_90"] >= _A_FEW_BOOKINGS:
        return f"Booked {int(values['bookings_90'])} times in the last three months"
    if effect > 0 and values["occupancy_90"] >= _HALF:
        return "In demand: most of the next three months is taken"
    return "Often chosen by guests" if effect > 0 else "Chosen less often by guests"


def host(values: Values, effect: float) -> str:
    """Who lets it."""
    if effect > 0 and values["is_superhost"] > 0:
        return "Hosted by a superhost"
    if effect > 0 and values["host_response_rate"] >= _ANSWERS_NEARLY_ALL:
        return "The host answers nearly every request"
    return "An experienced host" if effect > 0 else "The host answers less than others"


def space(values: Values, effect: float) -> str:
    """Places against the party."""
    if effect > 0 and np.isfinite(values["accommodates"]):
        return f"Sleeps {int(values['accommodates'])}" + (", just your party" if values["spare_guests"] == 0 else "")
    return "Suits your party" if effect > 0 else "Suits your party less"


AMENITIES = {
    "has_pool": "a pool",
    "has_free_parking": "free parking",
    "has_washer": "a washer",
    "has_air_conditioning": "air conditioning",
    "has_kitchen": "a kitchen",
    "has_workspace": "a workspace",
    "has_self_check_in": "self check-in",
    "has_pets_allowed": "room for pets",
    "has_wifi": "wifi",
}
"""Feature → words, the rarer first."""


def amenities(values: Values, effect: float) -> str:
    """Up to three that it has."""
    has = [words for name, words in AMENITIES.items() if values[name] > 0][:3]
    if effect > 0 and has:
        return "Has " + " and ".join(part for part in (", ".join(has[:-1]), has[-1]) if part)
    return "Well equipped" if effect > 0 else "Fewer amenities than others"


def flexibility(values: Values, effect: float) -> str:
    """Rules of the stay."""
    if effect > 0 and values["instant_book"] > 0:
        return "Can be booked at once"
    return "Flexible stay rules" if effect > 0 else "Stricter stay rules than others"


KINDS = {
    "is_entire_home": "An entire home",
    "is_private_room": "A private room",
    "is_shared_room": "A shared room",
    "is_hotel_room": "A hotel room",
}


def kind(values: Values, _effect: float) -> str:
    """How much of the place one has."""
    return next((words for name, words in KINDS.items() if values[name] > 0), "A place to stay")


def _percent_below_all(share: float) -> str:
    """Whole percent that are surely reached, and never all: all is said in words, of the very first and last."""
    return f"{min(99, floor(100 * share + _A_HAIR))} %"


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"
