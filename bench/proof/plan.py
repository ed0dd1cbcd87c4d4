"""What a seed stands for: the places, people, instants and draws of one history. Pure.

Everything of a history follows from its seed, so that the same seed makes the same operations at the same
instants again, in whatever run. How the operations of its lanes interleave is the machine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Final
from uuid import UUID

from transactional.users.actors import Actor, Role

LANES: Final = 4
"""Actors of a history that work at the same time."""
STEPS: Final = 25
"""Operations of a lane."""
LISTINGS: Final = 2
GUESTS: Final = 3
AHEAD: Final = 12
"""Nights from today on that stays begin on: few, so that they meet."""
STARTS_AT: Final = datetime(2027, 1, 4, 9, tzinfo=UTC)
ENDS_AT: Final = STARTS_AT + timedelta(days=6)
"""Every history lies between these: no clock of one is ever past the instant at which another is closed."""
FIRST_NIGHT: Final = STARTS_AT.date() + timedelta(days=1)
_LAST_STEP: Final = ENDS_AT - timedelta(hours=1)
_HOST, _ADMIN, _GUEST = 1, 2, 16


@dataclass(frozen=True)
class Plan:
    """One history."""

    seed: int

    @property
    def listing_ids(self) -> tuple[int, ...]:
        """Its listings, nobody else's: the first is booked at once, the second mostly by request."""
        return tuple(range(self.seed * LISTINGS, self.seed * LISTINGS + LISTINGS))

    @property
    def host(self) -> Actor:
        """The host of both listings."""
        return Actor(self._person(_HOST), frozenset({Role.HOST}))

    @property
    def admin(self) -> Actor:
        """Somebody of the platform."""
        return Actor(self._person(_ADMIN), frozenset({Role.ADMIN}))

    @property
    def guests(self) -> tuple[Actor, ...]:
        """Those who want to stay."""
        return tuple(Actor(self._person(_GUEST + n), frozenset({Role.GUEST})) for n in range(GUESTS))

    @cached_property
    def instants(self) -> tuple[datetime, ...]:
        """The instant of each step, the same in every lane: mostly minutes apart, now and then a day or two."""
        rng, now, found = Random(f"{self.seed}:instants"), STARTS_AT, []
        for _ in range(STEPS):
            found.append(min(now, _LAST_STEP))
            draw = rng.random()
            minutes = rng.uniform(0, 3) if draw < 0.8 else rng.uniform(5, 40) if draw < 0.92 else rng.uniform(600, 3600)
            now += timedelta(minutes=minutes)
        return tuple(found)

    def draws(self, lane: int, step: int) -> Random:
        """The draws of one operation."""
        return Random(f"{self.seed}:{lane}:{step}")

    def common_draws(self, step: int) -> Random:
        """Draws that all lanes have in common at a step: so that they want the same."""
        return Random(f"{self.seed}:common:{step}")

    def _person(self, number: int) -> UUID:
        return UUID(int=(self.seed << 16) | number, version=4)


def seed_of(listing_id: int) -> int:
    """The history that a listing belongs to."""
    return listing_id // LISTINGS
