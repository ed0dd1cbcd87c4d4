"""The time that a search has, as a whole and for each of its steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from lodestay.settings import Settings

T = TypeVar("T")


class Step(StrEnum):
    """What a search does, by the names that metrics and spans know."""

    MARKETS = "markets"
    EMBED = "embed"
    SCAN = "scan"
    TRY_STAYS = "try_stays"
    WORDS = "words"
    RETRIEVE = "retrieve"
    DATABASE = "retrieve_from_database"
    RANK = "rank"
    CONFIRM = "confirm"
    EXPLAIN = "explain"


SHARES: Final[Mapping[Step, float]] = {
    Step.EMBED: 1 / 8,
    Step.SCAN: 3 / 8,
    Step.TRY_STAYS: 5 / 8,
    Step.WORDS: 5 / 16,
    Step.RETRIEVE: 3 / 8,
    Step.RANK: 1 / 8,
    Step.EXPLAIN: 3 / 40,
}
"""Of the whole, where no setting says otherwise: of 800 ms they are 100, 300, 500, 250, 300, 100 and 60."""
KEPT_FOR_CONFIRMING: Final = 3 / 16
"""What no step before it may use up: without PostgreSQL's word there is no answer at all."""
_LAST: Final = (Step.CONFIRM, Step.EXPLAIN)


@dataclass(frozen=True)
class Allowance:
    """What every search may take, in seconds; a step that is not named may take what is left."""

    whole: float
    steps: Mapping[Step, float]

    @classmethod
    def of(cls, settings: Settings) -> Allowance:
        """Read it from settings."""
        whole = settings.search_timeout_ms / 1000
        given = {
            Step.EMBED: settings.search_embedding_ms,
            Step.SCAN: settings.search_columns_ms,
            Step.WORDS: settings.search_words_ms,
            Step.RANK: settings.search_ranking_ms,
            Step.EXPLAIN: settings.search_explaining_ms,
        }
        steps = {
            step: whole * share if (said := given.get(step)) is None else said / 1000 for step, share in SHARES.items()
        }
        return cls(whole, steps)


@dataclass(frozen=True)
class Budget:
    """What is left of one search's time.

    Attributes
    ----------
    time
        A clock in seconds that only goes forward: the event loop's.
    """

    allowance: Allowance
    ends_at: float
    time: Callable[[], float]

    @classmethod
    def start(cls, allowance: Allowance, time: Callable[[], float]) -> Budget:
        """Begin to count."""
        return cls(allowance, time() + allowance.whole, time)

    def left(self, step: Step) -> float:
        """Seconds that a step may take from now on; none where it is 0 or less."""
        left = self.ends_at - self.time()
        if step not in _LAST:
            left -= KEPT_FOR_CONFIRMING * self.allowance.whole
        return min(left, self.allowance.steps.get(step, left))


_left_alone: Final[set[asyncio.Task[Any]]] = set()


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Wait for some work, and no longer than it may take.

    Work that is late is told to stop and not waited for: to stop may take a network as long as the work itself.

    Raises
    ------
    TimeoutError
        It is late.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=max(seconds, 0.0))
        if not task.done():
            raise TimeoutError
    finally:
        if not task.done():
            leave_alone(task)
    return task.result()


def leave_alone(task: asyncio.Task[Any]) -> None:
    """Tell a task to stop, and do not wait for it."""
    task.cancel()
    _left_alone.add(task)
    task.add_done_callback(_forget)


def _forget(task: asyncio.Task[Any]) -> None:
    _left_alone.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody warns of it
