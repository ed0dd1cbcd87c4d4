"""Past searches that many made, as suggestions look for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import log1p

import numpy as np
import pyarrow as pa

from search.beginnings import Beginnings
from search.places import folded


@dataclass(frozen=True, slots=True)
class PopularSearch:
    """What many asked for in a market.

    Attributes
    ----------
    asked
        As :func:`search.asked.asked_of` writes it.
    guests
        How many did.
    """

    market: str
    asked: str
    guests: int


class PopularSearches:
    """Past searches by the beginnings of their words."""

    def __init__(self, searches: Collection[PopularSearch]) -> None:
        self._table = Beginnings(
            np.arange(len(searches), dtype=np.int64),
            pa.array([one.asked for one in searches], pa.string()),
            pa.array([one.market for one in searches], pa.string()),
            np.asarray([log1p(one.guests) for one in searches], dtype=np.float32),
        )

    def __len__(self) -> int:
        return len(self._table)

    def find(self, typed: str, *, market: str | None, limit: int) -> tuple[list[str], int]:
        """Find what was asked for, the guest's market first, each wish once however it was accented and wherever."""
        rows, slipped = self._table.find(typed, market=market, limit=8 * limit)
        told = (self._table.text(row) for row in rows)
        once: dict[str, str] = {}
        for text in told:
            once.setdefault(folded(text), text)
        return list(once.values())[:limit], slipped
