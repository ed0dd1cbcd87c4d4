"""How alike two listings are: in what they say, where they lie, what they cost and what they are. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Final

from ml.ranking.reasons import Reason

WEIGHTS: Final = {"meaning": 0.4, "place": 0.25, "price": 0.2, "type": 0.15}
"""What each likeness counts; those that are not known count nothing, and the others the more."""
FAR_KM: Final = 5.0
"""A distance at which places are 1/e alike."""
_SAME_PRICE: Final = 0.03
"""Share up to which a difference of prices is not worth a word."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What is compared, beside the meaning and the distance.

    Attributes
    ----------
    nightly_minor
        What a night usually costs, in one currency for both; None where it is not known.
    """

    room_type: str
    property_type: str
    accommodates: int
    nightly_minor: int | None


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike, from 0 to 1, and why: the weightiest reason first."""

    score: float
    reasons: tuple[Reason, ...]


def likeness(own: Traits, other: Traits, *, cosine: float | None, distance_km: float) -> Likeness:
    """Compare a listing with another.

    Parameters
    ----------
    cosine
        Of what the two are about, in [-1, 1]; None where it is not known.
    """
    parts = {
        "place": (exp(-distance_km / FAR_KM), f"{distance_km:.1f} km away"),
        "type": _type(own, other),
    }
    if cosine is not None:
        parts["meaning"] = (max(0.0, cosine), f"{max(0, round(100 * cosine))} % alike in what it says of itself")
    if own.nightly_minor and other.nightly_minor:
        parts["price"] = _price(own.nightly_minor, other.nightly_minor)
    whole = sum(WEIGHTS[code] for code in parts)
    reasons = [Reason(code, sentence, WEIGHTS[code] * value / whole) for code, (value, sentence) in parts.items()]
    reasons.sort(key=lambda reason: (-reason.contribution, reason.code))
    return Likeness(sum(reason.contribution for reason in reasons), tuple(reasons))


def _price(own: int, other: int) -> tuple[float, str]:
    """Half the price is as far off as twice the price."""
    change = other / own - 1
    if abs(change) < _SAME_PRICE:
        words = "A night costs about the same"
    else:
        words = f"A night costs {round(100 * abs(change))} % {'more' if change > 0 else 'less'}"
    return exp(-abs(log(other / own))), words


def _type(own: Traits, other: Traits) -> tuple[float, str]:
    """Half by the kind of room, a quarter each by the kind of property and the number of guests."""
    fewer, more = sorted((own.accommodates, other.accommodates))
    is_room, is_property = own.room_type == other.room_type, own.property_type == other.property_type
    value = 0.5 * is_room + 0.25 * is_property + 0.25 * fewer / more
    kind = other.property_type.replace("_", " ")
    also = "Also" if is_room and is_property else "Another kind:"
    return value, f"{also} {kind} for {other.accommodates}"
