"""A worker: a process that runs its lanes of every history, several histories at a time, until it is killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from bench.proof import complaints, inline
from bench.proof.closing import close
from bench.proof.distant import Address, OverHttp
from bench.proof.lanes import Lane, answers, is_away
from bench.proof.log import Entry, Writer
from bench.proof.marks import Marks
from bench.proof.plan import ENDS_AT, LANES, STEPS, Plan
from bench.proof.processor import InProcess, Processor
from bench.proof.turns import Memory, Turn
from lodestay.clock import FixedClock
from lodestay.garbage import rare_collections
from transactional.kit.database import create_engine, session_factory

LOCK_TIMEOUT_MS: Final = 5_000
POOL: Final = 6
TRIES: Final = 20
"""Times that a history is tried to be closed: each restart of the database may cut one short."""
_PAUSE: Final = 0.01


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
    books
        File of the payment processor.
    distant
        Where it is, when it is a process of its own.
    blocking
        Whether a worker does one transaction at a time (:mod:`bench.proof.inline`), or as many as its lanes want.
    """

    folder: Path
    database_url: str
    first_seed: int
    histories: int
    workers: int
    at_a_time: int
    books: Path
    blocking: bool = True
    distant: Address | None = None
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

    def processor(self) -> Processor:
        """The payment processor, here or over HTTP."""
        if self.distant is None:
            return InProcess.open(self.books, seed=self.first_seed)
        return OverHttp.open(self.distant, self.books)

    @property
    def lanes(self) -> Sequence[int]:
        """The lanes that are this worker's, in every history: so each history is worked on by all workers."""
        return range(self.number, LANES, self.workers)

    @property
    def pause(self) -> float:
        """Seconds that a lane gives others; one process that blocks goes by turns, not by time."""
        return 0.0 if self.blocking and self.workers == 1 else 0.002

    def owns(self, place: int) -> bool:
        """Whether this worker closes the history."""
        return place % self.workers == self.number


def main(assignment: Assignment) -> None:
    """Body of the process."""
    complaints.listen()
    with rare_collections():
        uvloop.run(work(assignment))


async def work(assignment: Assignment) -> None:
    """Run every lane that is left; one that was killed has left its marks."""
    processor = assignment.processor()
    log = Writer(assignment.log(assignment.number))
    try:
        async with sessions_of(assignment) as sessions:
            await Worker(assignment, sessions, processor, assignment.marks(), log).run()
    finally:
        await processor.close()
        log.close()


@asynccontextmanager
async def sessions_of(assignment: Assignment) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Sessions as production has them, or those that block."""
    if assignment.blocking:
        asyncio.get_running_loop().set_default_executor(inline.InlineExecutor())
        with inline.open_sessions(assignment.database_url, lock_timeout_ms=LOCK_TIMEOUT_MS) as sessions:
            yield sessions
        return
    engine = create_engine(assignment.database_url, pool_size=POOL, lock_timeout_ms=LOCK_TIMEOUT_MS)
    yield session_factory(engine)
    await engine.dispose()


@dataclass(frozen=True)
class Worker:
    """Runs histories."""

    assignment: Assignment
    sessions: async_sessionmaker[AsyncSession]
    processor: Processor
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
                await self._wait_for_others(place)
                started = self.marks.started
                started[self.assignment.number] = max(started[self.assignment.number], place + 1)
                tasks.create_task(self._history(place)).add_done_callback(lambda _: room.release())

    async def _wait_for_others(self, place: int) -> None:
        """Begin no history long before the others do: they are to meet in it."""
        while place > self.marks.started.min() + 1:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(_PAUSE)

    def _has_nothing_left(self, place: int) -> bool:
        lanes_over = all(self.marks.steps[lane, place] >= STEPS for lane in self.assignment.lanes)
        return lanes_over and (bool(self.marks.closed[place]) or not self.assignment.owns(place))

    async def _history(self, place: int) -> None:
        plan, memory = self.assignment.plan(place), Memory()
        lanes = [
            Lane(
                plan, place, number, memory, self.sessions, self.processor, self.marks, self.log, self.assignment.pause
            )
            for number in self.assignment.lanes
        ]
        await asyncio.gather(*(lane.run() for lane in lanes))
        if self.assignment.owns(place):
            while not self.marks.is_over(place):  # noqa: ASYNC110 (the marks are memory that processes share)
                await asyncio.sleep(_PAUSE)
            await self._close(plan)
            self.marks.closed[place] = 1

    async def _close(self, plan: Plan) -> None:
        """Bring a history to its end, however often the database goes away or is busy meanwhile."""
        for _ in range(TRIES):
            clock, draws = FixedClock(ENDS_AT), plan.draws(LANES, 0)
            turn = Turn(plan, Memory(), self.sessions, clock, draws, draws, self.processor)
            heard = complaints.begin()
            try:
                await close(turn)
            except Exception as error:  # noqa: BLE001 (a fault is a finding, not the end of the harness)
                if is_away(error):
                    await answers(self.sessions)
                    continue
                heard.append(f"{type(error).__name__}: {error}")
            if not heard:
                return
        facts = (plan.seed, LANES, 0, "close")
        self.log.write(Entry(*facts, "fault", "; ".join(heard) or "the database does not stay"))
