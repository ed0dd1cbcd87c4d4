"""Guests: who they are, what they love and can pay, and the trips they look for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import numpy as np

from lodestay.ids import pseudonym
from simulation.draws import Floats, happens, make_uuids
from simulation.market import WANTED, Market
from simulation.prose import LANGUAGES, grammar
from simulation.reviews import TRAVELLERS

_LOCAL = 0.33
"""Share of guests from the country itself."""
_TYPES = 0.3
"""Share of guests who type words, and do not only pick dates."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of guest.

    Attributes
    ----------
    party
        Least and most guests.
    nights, lead_days
        Means of the length of stay and of the days between search and check-in.
    budget
        Log of the price a night they have in mind, over the market's usual one for a party of two.
    price, quality, location
        How much these weigh, against a choice noise of one.
    alone
        How much having the place alone is worth.
    weekend
        Factor on arrivals on Thursdays and Fridays.
    wants
        Chance of each amenity to matter.
    """

    name: str
    share: float
    party: tuple[int, int]
    nights: float
    lead_days: float
    budget: float
    price: float
    quality: float
    location: float
    alone: float
    weekend: float
    wants: dict[str, float]


SEGMENTS: Final = (
    Segment(
        name="city break",
        share=0.34,
        party=(2, 2),
        nights=2.8,
        lead_days=38,
        budget=0.05,
        price=1.6,
        quality=0.9,
        location=0.9,
        alone=0.7,
        weekend=2.6,
        wants={"balcony": 0.2, "breakfast": 0.12, "sea_view": 0.1},
    ),
    Segment(
        name="family",
        share=0.2,
        party=(3, 6),
        nights=6.0,
        lead_days=75,
        budget=0.0,
        price=1.8,
        quality=0.7,
        location=0.4,
        alone=1.4,
        weekend=1.3,
        wants={"family_friendly": 0.6, "kitchen": 0.5, "pool": 0.3, "free_parking": 0.3},
    ),
    Segment(
        name="work",
        share=0.16,
        party=(1, 1),
        nights=2.4,
        lead_days=14,
        budget=0.25,
        price=1.0,
        quality=0.9,
        location=1.2,
        alone=0.6,
        weekend=0.3,
        wants={"workspace": 0.6, "elevator": 0.15, "air_conditioning": 0.2},
    ),
    Segment(
        name="backpack",
        share=0.14,
        party=(1, 2),
        nights=3.2,
        lead_days=24,
        budget=-0.5,
        price=2.1,
        quality=0.4,
        location=0.6,
        alone=-0.2,
        weekend=1.0,
        wants={"kitchen": 0.3},
    ),
    Segment(
        name="friends",
        share=0.1,
        party=(4, 8),
        nights=3.2,
        lead_days=55,
        budget=0.0,
        price=1.9,
        quality=0.5,
        location=0.8,
        alone=1.2,
        weekend=3.0,
        wants={"balcony": 0.3, "garden": 0.15, "sauna": 0.1, "pool": 0.2},
    ),
    Segment(
        name="long stay",
        share=0.06,
        party=(1, 2),
        nights=32.0,
        lead_days=40,
        budget=-0.2,
        price=2.0,
        quality=1.0,
        location=0.3,
        alone=1.4,
        weekend=1.0,
        wants={"workspace": 0.6, "kitchen": 0.7, "pets_allowed": 0.2},
    ),
)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody with tastes, who may come back.

    Attributes
    ----------
    budget_minor
        What the guest has in mind for a night, in the market's currency.
    scale_km
        Distance at which a place begins to feel far.
    wants
        (len(WANTED),) worth of each amenity.
    """

    guest_id: UUID
    guest_key: str
    segment: Segment
    language: str
    budget_minor: float
    price: float
    quality: float
    location: float
    scale_km: float
    wants: Floats


@dataclass(frozen=True, slots=True)
class Trip:
    """What a guest types into the search."""

    check_in: date
    nights: int
    guests: int
    spot: tuple[float, float]
    radius_km: float
    text: str | None


def new_guest(rng: np.random.Generator, market: Market, *, usual_minor: float) -> Guest:
    """Draw a guest who thinks of a market where a night for two usually costs `usual_minor`."""
    shares = np.array([segment.share for segment in SEGMENTS])
    segment = SEGMENTS[int(rng.choice(len(SEGMENTS), p=shares / shares.sum()))]
    tastes = np.exp(0.35 * rng.standard_normal(4))
    chances = np.array([segment.wants.get(code, 0.03) for code in WANTED])
    wants = happens(rng, chances, len(WANTED)) * rng.uniform(0.3, 1.1, len(WANTED))
    guest_id = make_uuids(rng, 1)[0]
    return Guest(
        guest_id=guest_id,
        guest_key=pseudonym("simulation", str(guest_id)),
        segment=segment,
        language=_language(rng, market),
        budget_minor=usual_minor * float(np.exp(segment.budget + 0.35 * rng.standard_normal())),
        price=segment.price * float(tastes[0]),
        quality=segment.quality * float(tastes[1]),
        location=segment.location * float(tastes[2]),
        scale_km=0.9 * float(tastes[3]),
        wants=wants,
    )


def query_text(rng: np.random.Generator, guest: Guest) -> str | None:
    """Put what a guest wants most into words of the guest's language, where the guest types any."""
    if guest.language not in LANGUAGES or not happens(rng, _TYPES, 1)[0]:
        return None
    words = grammar(guest.language)
    noun = words["nouns"]["apartment"][0]
    wanted = WANTED[int(guest.wants.argmax())]
    traits = words["traits"].get(wanted) if guest.wants.any() else None
    trait = (traits or words["traits"]["any"])[0]
    return f"{trait}{noun}" if guest.language in {"ja", "zh"} else f"{noun} {trait}"


def _language(rng: np.random.Generator, market: Market) -> str:
    if happens(rng, _LOCAL, 1)[0]:
        return market.languages[0]
    shares = np.array(list(TRAVELLERS.values()))
    return list(TRAVELLERS)[int(rng.choice(len(shares), p=shares / shares.sum()))]
