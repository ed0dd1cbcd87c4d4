"""A lane: one actor of a history, an operation after the other, whatever comes of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.proof import complaints
from bench.proof.log import Entry, Writer
from bench.proof.marks import Marks
from bench.proof.money import work_on
from bench.proof.operations import FIRST, OPERATIONS, RUSHES, WEIGHTS
from bench.proof.plan import ENDS_AT, STEPS, Plan
from bench.proof.processor import Processor, set_time
from bench.proof.turns import Memory, Operation, Turn
from lodestay.clock import FixedClock
from lodestay.errors import LodestayError
from transactional.kit.sqlstate import is_away as is_away_code

_PING: Final = text("SELECT 1")
LATER: Final = (timedelta(seconds=2), timedelta(seconds=30), timedelta(seconds=90))
"""When a worker comes by while nothing else happens."""
WORKER_IS_UP: Final = 0.8
RUSH: Final = 3
"""At every so manieth step all lanes want the same at the same time: one operation on one stay or one booking."""
LOOKS: Final = 100
"""How often a lane looks whether the others are there to rush with it: one whose worker was killed never is."""
DRAWN: Final = 4
"""Kinds of operation that a step tries until one has something to be done to."""
_PAUSE: Final = 0.05


@dataclass(frozen=True)
class Lane:
    """One actor of a history.

    Attributes
    ----------
    place
        The history's place in the run.
    pause
        Seconds between two looks at the others; none where they all wait for this very lane to pause.
    """

    plan: Plan
    place: int
    number: int
    memory: Memory
    sessions: async_sessionmaker[AsyncSession]
    processor: Processor
    marks: Marks
    log: Writer
    pause: float

    async def run(self) -> None:
        """Do what is left of the lane."""
        for step in range(int(self.marks.steps[self.number, self.place]), STEPS):
            if step % RUSH == 0:
                await self._meet(step)
            await self._step(step)
            self.marks.steps[self.number, self.place] = step + 1
            await asyncio.sleep(0)  # the others' turn, also where nothing else waits

    async def _meet(self, step: int) -> None:
        """Wait until the other lanes are here."""
        for _ in range(LOOKS):
            if (self.marks.steps[:, self.place] >= step).all():
                return
            await asyncio.sleep(self.pause)

    async def _step(self, step: int) -> None:
        draws = self.plan.draws(self.number, step)
        clock = FixedClock(self.plan.instants[step])
        set_time(clock)
        wishes = self.plan.common_draws(step) if step % RUSH == 0 else draws
        turn = Turn(self.plan, self.memory, self.sessions, clock, draws, wishes, self.processor)
        drawn = wishes.choices(RUSHES, k=DRAWN) if wishes is not draws else draws.choices(OPERATIONS, WEIGHTS, k=DRAWN)
        for operation in (*drawn, FIRST):
            if await self._attempt(operation, turn, step):
                break
        while turn.followed_by:
            await self._attempt(turn.followed_by.pop(0), turn, step)
        if self._goes_by(step) and draws.random() < WORKER_IS_UP:
            for later in LATER:
                clock.advance(later)
                for booking_id in sorted(self.memory.at_work):
                    await self._attempt(work_on(booking_id), turn, step)

    def _goes_by(self, step: int) -> bool:
        """Whether so much time goes by after a step that a worker would come by again and again."""
        following = self.plan.instants[step + 1] if step + 1 < STEPS else ENDS_AT
        return following - self.plan.instants[step] > sum(LATER, timedelta())

    async def _attempt(self, operation: Operation, turn: Turn, step: int) -> bool:
        """Do it once, as a caller would, and note what came of it; False where there was nothing to do it to."""
        outcome, because = "done", ""
        acknowledged = None
        heard = complaints.begin()
        try:
            acknowledged = await operation.work(turn)
            if acknowledged is None:
                return False
        except LodestayError as refused:
            outcome, because = "refused", refused.slug()
        except Exception as error:  # noqa: BLE001 (a fault is a finding, not the end of the harness)
            outcome, because = ("unknown", "") if is_away(error) else ("fault", f"{type(error).__name__}: {error}")
        if heard and outcome != "unknown":
            outcome, because = "fault", heard[0]
        facts = (self.plan.seed, self.number, step, operation.name)
        self.log.write(Entry(*facts, outcome, because, acknowledged or ()))
        if outcome == "unknown":
            await answers(self.sessions)
        return True


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
