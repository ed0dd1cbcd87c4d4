"""What a seed stands for: the places, people, rules and draws of one world. Pure.

Everything that is done in a world follows from its seed and from what the services answer, one operation after the
other, so that the same seed does the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from bench.proof.plan import STARTS_AT
from transactional.users.actors import Actor, Role

HOSTS: Final = 10
GUESTS: Final = 20
AHEAD: Final = 24
"""Nights from today on that most stays begin on: few, so that they meet."""
HOT: Final = 20
"""Listings that half of everything is about."""
_HOST, _GUEST, _ADMIN = 1 << 8, 2 << 8, 3 << 8


@dataclass(frozen=True, slots=True)
class Place:
    """A market."""

    key: str
    country: str
    currency: str
    timezone: str
    latitude: float
    longitude: float
    service_fee_bps: int
    tax_bps: int


PLACES: Final = (
    # Two, no and three digits after the point; zones on both sides of the date line, one a quarter of an hour off.
    Place("lisbon", "PT", "EUR", "Europe/Lisbon", 38.72, -9.14, 1400, 600),
    Place("tokyo", "JP", "JPY", "Asia/Tokyo", 35.68, 139.69, 1000, 1000),
    Place("kuwait", "KW", "KWD", "Asia/Kuwait", 29.37, 47.98, 1200, 0),
    Place("honolulu", "US", "USD", "Pacific/Honolulu", 21.31, -157.86, 1400, 1350),
    Place("kathmandu", "NP", "USD", "Asia/Kathmandu", 27.71, 85.32, 900, 1300),
    Place("kiritimati", "KI", "USD", "Pacific/Kiritimati", 1.87, -157.43, 1100, 0),
)


@dataclass(frozen=True)
class Plan:
    """One world."""

    seed: int
    listings: int

    @property
    def listing_ids(self) -> Sequence[int]:
        """Its listings."""
        return range(1, self.listings + 1)

    def place_of(self, listing_id: int) -> Place:
        """The market of a listing."""
        return PLACES[listing_id % len(PLACES)]

    def host_of(self, listing_id: int) -> Actor:
        """The host of a listing."""
        return Actor(_person(_HOST + listing_id % HOSTS), frozenset({Role.HOST}))

    @property
    def hosts(self) -> Sequence[Actor]:
        """Those who own listings."""
        return [self.host_of(number) for number in range(HOSTS)]

    @property
    def guests(self) -> Sequence[Actor]:
        """Those who want to stay."""
        return [Actor(_person(_GUEST + number), frozenset({Role.GUEST})) for number in range(GUESTS)]

    @property
    def admin(self) -> Actor:
        """Somebody of the platform."""
        return Actor(_person(_ADMIN), frozenset({Role.ADMIN}))

    def draws(self, *of: object) -> Random:
        """Draws of their own for something of this world."""
        return Random(":".join(map(str, (self.seed, *of))))

    def is_booked_at_once(self, listing_id: int) -> bool:
        """Whether guests of a listing need not ask its host."""
        return self.draws("at once", listing_id).random() < 0.8

    def terms_of(self, listing_id: int) -> dict[str, Any]:
        """What a listing's host asks at first: every kind of rule, each of them seldom."""
        rng = self.draws("terms", listing_id)
        return {
            "currency": self.place_of(listing_id).currency,
            "base_price_minor": None if rng.random() < 0.05 else rng.randrange(5_000, 20_000),
            "weekend_price_minor": rng.choice((None, rng.randrange(5_000, 25_000))),
            "guests_included": rng.choice((1, 2, 3)),
            "extra_guest_fee_minor": rng.choice((0, 0, 777)),
            "cleaning_fee_minor": rng.choice((0, 3_333)),
            "weekly_discount_bps": rng.choice((0, 1_000, 1_234)),
            "monthly_discount_bps": rng.choice((0, 2_500)),
            "max_stay": rng.choice((7, 28, 60, 365)),
            "calendar_from": STARTS_AT.date() - timedelta(days=rng.choice((3, 3, 0, -1))),
            "calendar_until": STARTS_AT.date() + timedelta(days=rng.choice((60, 380, 500))),
            **draw_rules(rng),
        }


def draw_rules(rng: Random) -> dict[str, Any]:
    """Stay rules and lead-time discounts of a rate plan."""
    return {
        "min_stay": rng.choice((1, 1, 1, 2, 3, 5)),
        "advance_notice_days": rng.choice((0, 0, 0, 1, 2, 7)),
        "last_booking_hour": rng.choice((24, 24, 24, 12, 18)),
        "preparation_days": rng.choice((0, 0, 0, 1, 2)),
        "booking_window_days": rng.choice((365, 365, 90, 20, 730)),
        "min_gap_nights": rng.choice((0, 0, 0, 2, 3)),
        "fills_gaps": rng.random() < 0.3,
        "last_minute_days": rng.choice((0, 0, 2, 7)),
        "last_minute_discount_bps": rng.choice((500, 1_234)),
        "early_bird_days": rng.choice((0, 0, 10, 60)),
        "early_bird_discount_bps": rng.choice((0, 777)),
    }


def _person(number: int) -> UUID:
    return UUID(int=(1 << 96) | number, version=4)
