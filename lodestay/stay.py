"""The stay: half-open nights ``[check_in, check_out)`` of dates in the listing's time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from lodestay.errors import InvalidInput

MAX_NIGHTS = 365
"""Longest stay that can be asked for."""


class InvalidStay(InvalidInput):
    """Dates that make no stay."""

    title = "Invalid stay"


@dataclass(frozen=True, slots=True)
class Stay:
    """Nights from `check_in` up to, and without, `check_out`.

    Two stays that share only a day of change (one checks out as the other checks in) do not overlap.
    """

    check_in: date
    check_out: date

    def __post_init__(self) -> None:
        if self.check_out <= self.check_in:
            raise InvalidStay(
                f"Check-out {self.check_out} is not after check-in {self.check_in}.", hint="Send at least one night."
            )
        if self.nights > MAX_NIGHTS:
            raise InvalidStay(f"{self.nights} nights are more than {MAX_NIGHTS}.", hint="Ask for a shorter stay.")

    @property
    def nights(self) -> int:
        """Number of nights, by date arithmetic: never 24-hour spans."""
        return (self.check_out - self.check_in).days

    def __iter__(self) -> Iterator[date]:
        """The date of each night."""
        return (self.check_in + timedelta(days=n) for n in range(self.nights))
