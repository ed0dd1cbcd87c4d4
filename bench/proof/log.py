"""What the workers say they did: a line each time an answer would have reached its caller.

A line is one `write` to a file of the worker's own, so it is there whole when the worker is killed the
moment after. What it acknowledges must be in the database whatever happens then.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import orjson


class Acknowledged(NamedTuple):
    """A row that an answer has promised: an event of a booking (`number` is its place) or another row by its key."""

    what: str
    key: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation.

    Attributes
    ----------
    outcome
        "done", "refused", "unknown" (the connection broke: it may have happened) or "fault".
    because
        The refusal's slug, or the fault.
    acknowledged
        What must not be lost any more.
    """

    seed: int
    lane: int
    step: int
    operation: str
    outcome: str
    because: str
    acknowledged: tuple[Acknowledged, ...] = ()

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        acknowledged = [list(each) for each in self.acknowledged]
        facts = [self.seed, self.lane, self.step, self.operation, self.outcome, self.because, acknowledged]
        return orjson.dumps(facts) + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """The entry of a line."""
        seed, lane, step, operation, outcome, because, acknowledged = orjson.loads(line)
        said = tuple(Acknowledged(*each) for each in acknowledged)
        return cls(seed, lane, step, operation, outcome, because, said)


class Writer:
    """Appends entries to a worker's file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, entry: Entry) -> None:
        """Append one entry."""
        os.write(self._file, entry.line)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Reader:
    """Reads what was appended since it read last; a line that is not whole yet waits for the rest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def fresh(self) -> Iterator[Entry]:
        """Entries that are new."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                yield Entry.read(line)
