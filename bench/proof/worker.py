"""A worker: a process that runs its lanes of every history, several histories at a time, until it is killed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
import uvloop
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.proof import complaints
from bench.proof.closing import close
from bench.proof.lanes import Lane, answers, is_away
from bench.proof.log import Writer
from bench.proof.marks import Marks
from bench.proof.plan import ENDS_AT, LANES, STEPS, Plan
from bench.proof.processor import open_bank
from bench.proof.turns import Memory, Turn
from lodestay.clock import FixedClock
from simulation.processor.bank import Bank
from transactional.kit.database import create_engine, session_factory

LOCK_TIMEOUT_MS: Final = 5_000
POOL: Final = 6


@dataclass(frozen=True)
class Assignment:
    """What a worker needs to know; all of a run have the same but for `number`.

    Attributes
    ----------
    folder
        Of the run: marks and logs.
    first_seed, histories
        The seeds are those that follow the first.
    at_a_time
        Histories under way in one worker.
    """

    folder: Path
    database_url: str
    first_seed: int
    histories: int
    workers: int
    at_a_time: int
    number: int = 0

    def plan(self, place: int) -> Plan:
        """The history at a place of the run."""
        return Plan(self.first_seed + place)

    def marks(self) -> Marks:
        """Shared marks of the run."""
        return Marks.open(self.folder / "marks", histories=self.histories, workers=self.workers)

    def log(self, number: int) -> Path:
        """File of a worker's log."""
        return self.folder / f"worker-{number}.log"

    @property
    def books(self) -> Path:
        """File of the payment processor."""
        return self.folder / "processor.sqlite"

    @property
    def lanes(self) -> Sequence[int]:
        """The lanes that are this worker's, in every history: so each history is worked on by all workers."""
        return range(self.number, LANES, self.workers)

    def owns(self, place: int) -> bool:
        """Whether this worker closes the history."""
        return place % self.workers == self.number


def main(assignment: Assignment) -> None:
    """Body of the process."""
    gc.set_threshold(50_000, 20, 50)  # many small objects that die young
    gc.freeze()
    complaints.listen()
    uvloop.run(work(assignment))


async def work(assignment: Assignment) -> None:
    """Run every lane that is left; one that was killed has left its marks."""
    engine = create_engine(assignment.database_url, pool_size=POOL, lock_timeout_ms=LOCK_TIMEOUT_MS)
    bank = open_bank(assignment.books, seed=assignment.first_seed)
    log = Writer(assignment.log(assignment.number))
    try:
        await Worker(assignment, session_factory(engine), bank, assignment.marks(), log).run()
    finally:
        bank.store.close()
        log.close()
        await engine.dispose()


@dataclass(frozen=True)
class Worker:
    """Runs histories."""

    assignment: Assignment
    sessions: async_sessionmaker[AsyncSession]
    bank: Bank
    marks: Marks
    log: Writer

    async def run(self) -> None:
        """Resume what was begun, then begin the others, in order."""
        room = asyncio.Semaphore(self.assignment.at_a_time)
        async with asyncio.TaskGroup() as tasks:
            for place in range(self.assignment.histories):
                if self._has_nothing_left(place):
                    continue
                await room.acquire()
                self.marks.started[self.assignment.number] = place + 1
                tasks.create_task(self._history(place)).add_done_callback(lambda _: room.release())

    def _has_nothing_left(self, place: int) -> bool:
        lanes_over = all(self.marks.steps[lane, place] >= STEPS for lane in self.assignment.lanes)
        return lanes_over and (bool(self.marks.closed[place]) or not self.assignment.owns(place))

    async def _history(self, place: int) -> None:
        plan, memory = self.assignment.plan(place), Memory()
        lanes = [
            Lane(plan, place, number, memory, self.sessions, self.bank, self.marks, self.log)
            for number in self.assignment.lanes
        ]
        await asyncio.gather(*(lane.run() for lane in lanes))
        if self.assignment.owns(place):
            while not self.marks.is_over(place):  # noqa: ASYNC110 (the marks are memory that processes share)
                await asyncio.sleep(0.02)
            await self._close(plan)
            self.marks.closed[place] = 1

    async def _close(self, plan: Plan) -> None:
        """Bring a history to its end, however often the database goes away meanwhile."""
        while True:
            clock, draws = FixedClock(ENDS_AT), plan.draws(LANES, 0)
            try:
                return await close(Turn(plan, Memory(), self.sessions, clock, draws, self.bank))
            except (DBAPIError, psycopg.Error, OSError) as error:
                if not is_away(error):
                    raise
                await answers(self.sessions)
