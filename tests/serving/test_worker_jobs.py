"""Jobs of the worker: what waits for others' servers keeps nobody waiting."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from lodestay.clock import FixedClock
from lodestay.errors import ServiceUnavailable
from serving.worker.jobs import Job
from serving.worker.service import Worker

OFTEN = timedelta(seconds=1)


async def test_a_slow_job_is_done_beside_the_others_and_once_at_a_time(clock: FixedClock) -> None:
    """While it waits the others have their rounds; it is begun again only when it has ended, and broken off at last."""
    began, ended, quick = [], asyncio.Event(), []

    async def wait() -> int:
        began.append(clock.now())
        await ended.wait()
        return 0

    async def hurry() -> int:
        quick.append(clock.now())
        return 0

    jobs = (Job("slow", OFTEN, wait, is_slow=True), Job("quick", OFTEN, hurry))
    worker = Worker(None, None, jobs, clock)  # type: ignore[arg-type]
    for _ in range(3):
        assert not await worker._do_jobs()
        await asyncio.sleep(0)
        clock.advance(OFTEN)
    assert (len(began), len(quick)) == (1, 3)
    ended.set()
    await asyncio.sleep(0.01)
    ended.clear()
    await worker._do_jobs()
    await asyncio.sleep(0)
    assert len(began) == 2
    await worker.settle()
    assert worker._slow == {}


async def test_a_slow_job_goes_on_while_there_is_more_and_ends_with_a_fault(clock: FixedClock) -> None:
    """Rounds follow each other until one finds nothing; an absent database ends them without ending the worker."""
    outcomes: list[int | Exception] = [3, 2, 0, OSError("away"), ServiceUnavailable("away"), 0]

    async def run() -> int:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    worker = Worker(None, None, (Job("slow", OFTEN, run, is_slow=True),), clock)  # type: ignore[arg-type]
    left = []
    for _ in range(3):
        await worker._do_jobs()
        await asyncio.sleep(0.01)
        left.append(len(outcomes))
        clock.advance(OFTEN)
    assert left == [3, 2, 1]
