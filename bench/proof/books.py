"""What the processor has in its books: asked of its file, not of our tables."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_AUTHORISATIONS: Final = """
    SELECT key, status, amount_minor, captured_minor, refunded_minor FROM authorisations WHERE reference = ?
"""
_PAYOUTS: Final = "SELECT coalesce(sum(amount_minor), 0) FROM payouts WHERE reference = ? AND status = 'paid'"


@dataclass(frozen=True, slots=True)
class Charged:
    """What the processor did for one booking, in minor units.

    Attributes
    ----------
    twice
        Whether one payment of ours was captured more than once.
    reserved_minor
        What is authorised and neither taken nor given up.
    """

    captures: int
    twice: bool
    net_minor: int
    reserved_minor: int
    paid_out_minor: int


class Books:
    """The processor's file, read only."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def charged(self, reference: str) -> Charged:
        """What was done under a reference."""
        rows = self._file.execute(_AUTHORISATIONS, (reference,)).fetchall()
        captured = [key.partition(":")[0] for key, _, _, minor, _ in rows if minor]
        (paid_out,) = self._file.execute(_PAYOUTS, (reference,)).fetchone()
        return Charged(
            captures=len(captured),
            twice=len(set(captured)) < len(captured),
            net_minor=sum(minor - back for _, _, _, minor, back in rows),
            reserved_minor=sum(minor for _, status, minor, _, _ in rows if status in {"authorised", "processing"}),
            paid_out_minor=int(paid_out),
        )
