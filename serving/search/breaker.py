"""Circuit breakers: what has failed again and again is not asked for a while.

A guest then does not wait for what will not come, and what is down is not kept from coming up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import Final

FAILURES: Final = 5
"""Failures in a row that open a circuit: one slow answer does not."""
FORGOTTEN_SECONDS: Final = 30.0
"""A failure longer ago is in no row with the next one: where few ask, an hour may lie between two slow answers."""
OPEN_SECONDS: Final = 2.0
"""How long it is open before one search tries: a restarted node is found soon, and a dead one costs one guest."""


class State(StrEnum):
    """Of a circuit."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is remembered of something that may fail. Times are seconds of any clock that only goes forward.

    Attributes
    ----------
    failures
        In a row, up to now.
    shut_until
        Nobody asks before this; None while all may ask.
    failed_at
        When the last of them was.
    """

    failures: int = 0
    shut_until: float | None = None
    failed_at: float = -inf

    def state(self, now: float) -> State:
        """Closed: all may ask; open: nobody; half-open: the next one may try."""
        if self.shut_until is None:
            return State.CLOSED
        return State.OPEN if now < self.shut_until else State.HALF_OPEN

    def tried(self, now: float) -> Circuit:
        """After somebody began to ask: in a half-open circuit nobody else does until the answer, or as long again."""
        if self.state(now) is State.CLOSED:
            return self
        return replace(self, shut_until=now + OPEN_SECONDS)

    def succeeded(self) -> Circuit:
        """After an answer."""
        return Circuit()

    def failed(self, now: float) -> Circuit:
        """After no answer."""
        failures = self.failures + 1 if now - self.failed_at <= FORGOTTEN_SECONDS else 1
        return Circuit(failures, now + OPEN_SECONDS if failures >= FAILURES else None, now)


class Breaker:
    """Holds a circuit for everybody in a process."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._circuit = Circuit()

    @property
    def state(self) -> State:
        """Whether it may be asked now."""
        return self._circuit.state(self._time())

    def admits(self) -> bool:
        """Whether the caller may ask; whoever may, does, and tells how it went."""
        now = self._time()
        if self._circuit.state(now) is State.OPEN:
            return False
        self._circuit = self._circuit.tried(now)
        return True

    def succeed(self) -> None:
        """Say that it answered."""
        self._circuit = self._circuit.succeeded()

    def fail(self) -> None:
        """Say that it did not."""
        self._circuit = self._circuit.failed(self._time())
