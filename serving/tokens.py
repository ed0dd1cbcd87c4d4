"""Tokens that have verified, remembered until they expire: a guest's next call costs no signature."""

from __future__ import annotations

from lodestay.clock import Clock
from serving.auth import verify_until
from transactional.users.actors import Actor

REMEMBERED = 10_000
"""Tokens at most; the one remembered longest goes first."""


class VerifiedTokens:
    """Says who tokens speak for.

    Only success is remembered, and by the whole token: another text is another token, and one that has
    expired is verified again, and refused.
    """

    def __init__(self, *, key: str, clock: Clock, size: int = REMEMBERED) -> None:
        self._key = key
        self._clock = clock
        self._size = size
        self._known: dict[str, tuple[Actor, int]] = {}

    def actor_of(self, token: str) -> Actor:
        """Say who a token speaks for, or raise :class:`~serving.auth.InvalidToken`."""
        known = self._known.get(token)
        if known is not None and self._clock.now().timestamp() <= known[1]:
            return known[0]
        actor, until = verify_until(token, key=self._key, clock=self._clock)
        if known is None and len(self._known) >= self._size:
            del self._known[next(iter(self._known))]
        self._known[token] = actor, until
        return actor
