"""What a world came to: how much was done, and every promise that was broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

SHOWN_THOUGH_REFUSED: Final = "what is shown is not refused"
MISSING: Final = "what can be booked is found"
STALE: Final = "what is refused is not found"
TOTAL: Final = "totals are exact"
KEPT: Final = "the lookout's own truth is PostgreSQL's"
FAULT: Final = "nothing fails"
RULES: Final = (SHOWN_THOUGH_REFUSED, MISSING, STALE, TOTAL, KEPT, FAULT)
MOST: Final = 50
"""Findings of a world that are kept; the others are counted."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken.

    Attributes
    ----------
    seed, step
        Of the world; and how many operations and requests had been counted.
    """

    rule: str
    seed: int
    step: int
    what: str


@dataclass
class Outcome:
    """What came of some worlds.

    Attributes
    ----------
    operations
        By name and outcome.
    requests
        By kind.
    judged
        Listings that were held to the truth in requests.
    found
        Results that the requests found, that the comparison means something.
    other_day
        Of the listings that were judged those whose date was another than that where the guest looked.
    kills, exports
        Columns killed and started again; times that documents were made anew.
    broken
        Violations by rule, all of them; `violations` are the first.
    """

    operations: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    judged: int = 0
    found: int = 0
    other_day: int = 0
    kills: int = 0
    exports: int = 0
    days: float = 0.0
    worlds: int = 0
    seconds: float = 0.0
    broken: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Operations and requests."""
        return self.operations.total() + self.requests.total()

    def report(self, rule: str, seed: int, what: str) -> None:
        """Note a broken promise."""
        self.broken[rule] += 1
        if len(self.violations) < MOST:
            self.violations.append(Violation(rule, seed, self.steps, what))

    def add(self, other: Outcome) -> None:
        """Take another's in."""
        self.operations.update(other.operations)
        self.requests.update(other.requests)
        self.refusals.update(other.refusals)
        self.broken.update(other.broken)
        for name in ("judged", "found", "other_day", "kills", "exports", "days", "worlds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.violations += other.violations[: MOST - len(self.violations)]
