"""Changes that flow in while searches are answered: nights blocked and given back, as an import of a calendar does."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

import numpy as np
import psycopg

from bench.engines.stock import Stock
from lodestay.errors import ServiceUnavailable
from transactional.outbox.topics import Topic

FURTHEST_STAY = 320
"""Days ahead from which nobody has booked: nights there are free to be blocked."""
LEAST = 0.95
"""Of the changes that are due, what must have been made."""
_BLOCK = """
    WITH changed AS (
        INSERT INTO occupancy (listing_id, stay, kind) VALUES (%(listing)s, daterange(%(night)s, %(next)s), 'imported')
        RETURNING listing_id
    )
    INSERT INTO outbox (topic, market_key, listing_id, payload)
    SELECT %(topic)s, market_key, listing_id, '{}' FROM changed JOIN listings USING (listing_id)
"""


class Changes:
    """Writes changes at a rate from a thread of its own, until the block ends.

    A change is one statement, so that what is measured is the search that takes it in, not whoever makes it.

    Raises
    ------
    ServiceUnavailable
        At the end: fewer were made than the rate asks for, and what was measured is something else.
    """

    def __init__(self, address: str, stock: Stock, *, rate: float) -> None:
        self._address, self._stock, self._rate = address, stock, rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.made = 0
        self._begun = 0.0

    def __enter__(self) -> Self:
        self._begun = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        due = self._rate * (time.perf_counter() - self._begun)
        self._stop.set()
        self._thread.join()
        if error is None and self.made < LEAST * due:
            raise ServiceUnavailable(
                f"Only {self.made} of {due:.0f} changes were made.", hint="Measure where less else is going on."
            )

    def _write(self) -> None:
        rng = np.random.default_rng(int(time.time()))
        with psycopg.connect(self._address, autocommit=True) as connection:
            begun = time.perf_counter()
            while self._rate and not self._stop.is_set():
                if self.made / self._rate > time.perf_counter() - begun:
                    self._stop.wait(0.005)
                    continue
                night = self._stock.today + timedelta(days=int(rng.integers(FURTHEST_STAY, FURTHEST_STAY + 40)))
                values = {
                    "listing": int(rng.integers(1, len(self._stock) + 1)),
                    "night": night,
                    "next": night + timedelta(days=1),
                    "topic": Topic.CALENDAR_CHANGED.value,
                }
                try:
                    connection.execute(_BLOCK, values)
                except psycopg.errors.ExclusionViolation:
                    continue  # that night is blocked already
                self.made += 1
