"""A mutant: one guard of the booking core, taken out of one file, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class DoesNotApply(Exception):
    """The text that a mutant replaces is not in its file exactly once: the code has moved on without it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault that somebody could make.

    Attributes
    ----------
    name
        What is wrong with the code then, in a few words.
    guards
        The boundary bug it lets in ("B7"), or what else it breaks.
    file
        Path from the project's root.
    old, new
        The guard, and what stands in its place.
    tests
        What pytest is given; the mutant is caught when they fail.
    """

    name: str
    guards: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied_to(self, source: str) -> str:
        """The file's text with the guard taken out, or :class:`DoesNotApply`."""
        if source.count(self.old) != 1:
            message = f"{self.name}: {self.file} has its text {source.count(self.old)} times, not once."
            raise DoesNotApply(message)
        return source.replace(self.old, self.new)

    def path(self, root: Path) -> Path:
        """The file in a tree."""
        return root / self.file
