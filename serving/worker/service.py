"""The loop of the worker: take the sagas that are due, move each in a task of its own, do what falls due between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.errors import LodestayError
from serving.worker.jobs import Job
from transactional.sagas.records import SagaRecord
from transactional.sagas.runner import Runner
from transactional.sagas.service import claim_due

AT_ONCE = 8
"""Sagas that one worker moves at the same time: most of their time is the processor's."""
POLL_SECONDS = 0.2
MAX_BACKOFF_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass
class Worker:
    """Moves sagas and does jobs, one round at a time; any number of workers may run beside each other.

    Whatever it is doing when it is killed is done by another worker: a saga once its lease is over, a job
    in its next round.
    """

    sessions: async_sessionmaker[AsyncSession]
    runner: Runner
    jobs: Sequence[Job]
    clock: Clock
    _due: dict[str, datetime] = field(default_factory=dict, init=False)
    _moving: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _slow: dict[str, asyncio.Task[None]] = field(default_factory=dict, init=False)

    async def step(self) -> bool:
        """Do a round; say whether there was anything to do, so that there may be more."""
        return any([await self._take_sagas(), await self._do_jobs()])

    async def settle(self) -> None:
        """Wait for the sagas that are being moved; a slow job is broken off, its claims run out."""
        while self._moving:
            await asyncio.gather(*self._moving)
        for task in self._slow.values():
            task.cancel()
        await asyncio.gather(*self._slow.values(), return_exceptions=True)

    async def _take_sagas(self) -> bool:
        free = AT_ONCE - len(self._moving)
        if free <= 0:
            return False
        async with self.sessions.begin() as session:
            taken = await claim_due(session, self.clock, limit=free)
        for saga in taken:
            task = asyncio.create_task(self._move(saga))
            self._moving.add(task)
            task.add_done_callback(self._moving.discard)
        return bool(taken)

    async def _move(self, saga: SagaRecord) -> None:
        try:
            moved = await self.runner.advance(saga)
        except (SQLAlchemyError, OSError) as error:  # the database is away; the lease will end
            log.warning("left a saga to its lease", saga_id=str(saga.saga_id), reason=in_short(error))
        else:
            log.info("moved a saga", saga_id=str(saga.saga_id), kind=saga.kind, status=moved.status, step=moved.step)

    async def _do_jobs(self) -> bool:
        busy = False
        for job in self.jobs:
            now = self.clock.now()
            if self._due.get(job.name, now) > now:
                continue
            if job.is_slow:
                self._begin(job)
                self._due[job.name] = now + job.every
                continue
            done = await _round(job)
            busy = busy or done > 0
            self._due[job.name] = now if done else now + job.every
        return busy

    def _begin(self, job: Job) -> None:
        if job.name not in self._slow:
            task = asyncio.create_task(self._do_slowly(job))
            self._slow[job.name] = task
            task.add_done_callback(lambda _: self._slow.pop(job.name, None))

    async def _do_slowly(self, job: Job) -> None:
        try:
            while await _round(job):
                pass
        except (SQLAlchemyError, OSError) as error:  # the database is away; the loop that waits for it says so too
            log.warning("broke a job off", job=job.name, reason=in_short(error))


async def _round(job: Job) -> int:
    """Do a job once; what it meets of ours is its own, since the others must not wait for it."""
    try:
        done = await job.run()
    except LodestayError as error:
        log.warning("a job failed", job=job.name, reason=error.detail)
        return 0
    if done:
        log.info("did a job", job=job.name, count=done)
    return done


async def run(worker: Worker, stop: asyncio.Event) -> None:
    """Do rounds until `stop` is set, then end what was begun; when the database is away, wait for it."""
    failures = 0
    while not stop.is_set():
        try:
            busy = await worker.step()
        except (SQLAlchemyError, OSError) as error:
            failures += 1
            pause = min(MAX_BACKOFF_SECONDS, POLL_SECONDS * 2**failures)
            log.warning("waiting for the database", reason=in_short(error), seconds=round(pause, 2), attempt=failures)
        else:
            if failures:
                log.info("back at work", attempts=failures)
            failures = 0
            pause = 0.0 if busy else POLL_SECONDS
        await _sleep(pause, stop)
    await worker.settle()


def in_short(error: Exception) -> str:
    """One line of an error: the traceback of an absent service says nothing more."""
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text[:200]}"


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
