"""A lane: one actor of a history, an operation after the other, whatever comes of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.proof import complaints
from bench.proof.log import Entry, Writer
from bench.proof.marks import Marks
from bench.proof.operations import FIRST, OPERATIONS, WEIGHTS
from bench.proof.plan import STEPS, Plan
from bench.proof.processor import set_time
from bench.proof.turns import Memory, Operation, Turn
from lodestay.clock import FixedClock
from lodestay.errors import LodestayError
from simulation.processor.bank import Bank
from transactional.kit.sqlstate import is_away as is_away_code

_PING: Final = text("SELECT 1")
_PAUSE: Final = 0.05


@dataclass(frozen=True)
class Lane:
    """One actor of a history.

    Attributes
    ----------
    place
        The history's place in the run.
    """

    plan: Plan
    place: int
    number: int
    memory: Memory
    sessions: async_sessionmaker[AsyncSession]
    bank: Bank
    marks: Marks
    log: Writer

    async def run(self) -> None:
        """Do what is left of the lane."""
        for step in range(int(self.marks.steps[self.number, self.place]), STEPS):
            await self._step(step)
            self.marks.steps[self.number, self.place] = step + 1

    async def _step(self, step: int) -> None:
        draws = self.plan.draws(self.number, step)
        clock = FixedClock(self.plan.instants[step])
        set_time(clock)
        turn = Turn(self.plan, self.memory, self.sessions, clock, draws, self.bank)
        (operation,) = draws.choices(OPERATIONS, WEIGHTS)
        entry = await self._attempt(operation, turn, step)
        if entry is None:
            entry = await self._attempt(FIRST, turn, step)
        assert entry is not None  # noqa: S101 (there is always something to be quoted)
        self.log.write(entry)
        if entry.outcome == "unknown":
            await answers(self.sessions)

    async def _attempt(self, operation: Operation, turn: Turn, step: int) -> Entry | None:
        """Do it once, as a caller would, and say what came of it; None where there was nothing to do it to."""
        outcome, because = "done", ""
        acknowledged = None
        heard = complaints.begin()
        try:
            acknowledged = await operation.work(turn)
            if acknowledged is None:
                return None
        except LodestayError as refused:
            outcome, because = "refused", refused.slug()
        except Exception as error:  # noqa: BLE001 (a fault is a finding, not the end of the harness)
            outcome, because = ("unknown", "") if is_away(error) else ("fault", f"{type(error).__name__}: {error}")
        if heard and outcome != "unknown":
            outcome, because = "fault", heard[0]
        return Entry(self.plan.seed, self.number, step, operation.name, outcome, because, acknowledged or ())


async def answers(sessions: async_sessionmaker[AsyncSession]) -> None:
    """Wait until the database is there again."""
    while True:
        try:
            async with sessions() as session:
                await session.execute(_PING)
        except (SQLAlchemyError, psycopg.Error, OSError):
            await asyncio.sleep(_PAUSE)
        else:
            return


def is_away(error: Exception) -> bool:
    """Whether the server went away in the middle, wherever that was noticed."""
    if isinstance(error, DBAPIError | psycopg.Error):
        return is_away_code(error)
    return isinstance(error, OSError)
