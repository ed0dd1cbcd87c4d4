"""Bulkheads: few places, a short queue, and a clear word to the others."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterable

import pytest

from lodestay.crowding import Places, Threads, TooBusy


def outcomes(results: Iterable[object]) -> Counter[str]:
    """How many came to what."""
    return Counter(type(result).__name__ for result in results)


async def test_a_full_queue_turns_away_and_empties() -> None:
    """Two at work and three waiting; the sixth is told so at once, and there is room again when they are done."""
    places = Places("the database", places=2, waiting=3)
    gate = asyncio.Event()
    at_work, most = 0, 0

    async def work() -> int:
        nonlocal at_work, most
        async with places.place():
            at_work, most = at_work + 1, max(most, at_work + 1)
            await gate.wait()
            at_work -= 1
        return 1

    tasks = [asyncio.create_task(work()) for _ in range(6)]
    with pytest.raises(TooBusy):
        await tasks[5]
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert outcomes(results) == {"int": 5, "TooBusy": 1}
    assert (most, len(places)) == (2, 0)
    assert await work() == 1


async def test_whoever_stops_waiting_gives_up_their_place() -> None:
    """A guest who has gone takes no place, at work or in the queue."""
    places = Places("the database", places=1, waiting=1)

    async def hold() -> None:
        async with places.place():
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(hold()) for _ in range(2)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(places) == 0
    async with places.place():
        pass


async def test_threads_that_hang_fill_the_queue_and_nothing_else() -> None:
    """Work given up in the queue leaves it; work that hangs in a thread keeps its place until it ends."""
    threads = Threads("embedding", size=1, waiting=1)
    let_go = threading.Event()
    hanging = asyncio.create_task(threads.run(let_go.wait, 60))
    waiting = asyncio.create_task(threads.run(int, "7"))
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await threads.run(int, "8")
    surely = asyncio.create_task(threads.run_surely(int, "9"))
    for task in (hanging, waiting):
        task.cancel()
    await asyncio.gather(hanging, waiting, return_exceptions=True)
    assert len(threads) == 1, "the thread is still at it"
    let_go.set()
    assert await surely == 9
    assert len(threads) == 0
    assert await threads.run(int, "10") == 10
    threads.close()
