"""What stands between searches and the things that they ask: time, breakers and bulkheads, one of each in a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lodestay.crowding import Places, Threads
from lodestay.settings import Settings
from serving.observability.metrics import Metrics
from serving.search.breaker import Breaker, State
from serving.search.budget import Allowance, Step

BROKEN_OFF: Final = (Step.EMBED, Step.WORDS, Step.RETRIEVE, Step.RANK, Step.EXPLAIN)
"""Steps with a breaker.

Columns need none: they fail at once or have a queue that says no. PostgreSQL has none, since there is no answer without
it and its own pool says no.
"""
EMBEDDERS, EMBEDDINGS_WAITING = 2, 8
CONFIRMING, CONFIRMATIONS_WAITING = 6, 64
"""Searches that are at PostgreSQL, of the eight connections that bookings need too, and that wait to be."""
ROWS_READ, ROW_READERS_WAITING = 1, 2
"""Searches that PostgreSQL answers whole: each is hundreds of times a confirmation's work."""


@dataclass(frozen=True)
class Guards:
    """Of a process.

    Attributes
    ----------
    embedding
        Threads of the embedder alone: where it hangs, it hangs there.
    confirming, reading
        Places at PostgreSQL: to confirm a page, and to answer without columns and OpenSearch.
    """

    allowance: Allowance
    breakers: Mapping[Step, Breaker]
    embedding: Threads
    confirming: Places
    reading: Places

    @classmethod
    def of(cls, settings: Settings, metrics: Metrics, *, clock: Callable[[], float] = time.monotonic) -> Guards:
        """Put them up, and have the metrics show the breakers."""
        guards = cls(
            allowance=Allowance.of(settings),
            breakers={step: Breaker(clock) for step in BROKEN_OFF},
            embedding=Threads("the embedding of words", size=EMBEDDERS, waiting=EMBEDDINGS_WAITING),
            confirming=Places("the database", places=CONFIRMING, waiting=CONFIRMATIONS_WAITING),
            reading=Places("the database", places=ROWS_READ, waiting=ROW_READERS_WAITING),
        )
        for step, breaker in guards.breakers.items():
            metrics.shut.labels(step).set_function(_shut(breaker))
        return guards

    def close(self) -> None:
        """Let the threads go."""
        self.embedding.close()


def _shut(breaker: Breaker) -> Callable[[], float]:
    return lambda: float(breaker.state is not State.CLOSED)
