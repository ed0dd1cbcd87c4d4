"""Bulkheads: a few places for one kind of work, and a bounded queue in front of them.

Whoever would have to queue where the queue is full is told so at once: an answer that comes too late is
work for nobody, and it keeps those behind it waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from lodestay.errors import ServiceUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class TooBusy(ServiceUnavailable):
    """More is asked for at once than can be done in time."""

    title = "Too busy"

    def __init__(self, what: str) -> None:
        super().__init__(f"Too many are waiting for {what}.", hint="Try again in a moment.")


class Places:
    """A few places on one event loop; whoever comes when all are taken waits, and is turned away by a full queue.

    Parameters
    ----------
    what
        What there are few of, in words for a client.
    places
        Who is let in at once.
    waiting
        Who may wait at once.
    """

    def __init__(self, what: str, *, places: int, waiting: int) -> None:
        self._what = what
        self._room = places + waiting
        self._inside = 0
        self._places = asyncio.Semaphore(places)

    def __len__(self) -> int:
        return self._inside

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Take a place and give it back; :class:`TooBusy` where too many wait for one."""
        if self._inside >= self._room:
            raise TooBusy(self._what)
        self._inside += 1
        try:
            async with self._places:
                yield
        finally:
            self._inside -= 1


class Threads:
    """A few threads and a bounded queue for them.

    Work that nobody waits for any more is not begun; begun work is ended, and keeps its place until then, so that
    threads that hang fill the queue and are not joined by others.

    Parameters
    ----------
    what, waiting
        As of :class:`Places`.
    size
        Number of threads.
    """

    def __init__(self, what: str, *, size: int, waiting: int) -> None:
        self._what = what
        self._room = size + waiting
        self._inside = 0
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(max_workers=size, thread_name_prefix=what)

    def __len__(self) -> int:
        return self._inside

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something in a thread; :class:`TooBusy` where too much waits for one."""
        return await self.admit(lambda: self.submit(partial(work, *args, **kwargs)))

    async def admit(self, hand_over: Callable[[], Future[T]]) -> T:
        """Hand work over if there is room, and wait for it; :class:`TooBusy` where too much waits."""
        with self._lock:
            if self._inside >= self._room:
                raise TooBusy(self._what)
            self._inside += 1
        try:
            job = hand_over()
        except BaseException:
            self._leave(None)
            raise
        job.add_done_callback(self._leave)
        return await asyncio.wrap_future(job)

    async def run_surely(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something in a thread, however much waits: for what must be done."""
        return await asyncio.wrap_future(self.submit(partial(work, *args, **kwargs)))

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Have something done when a thread comes to it, however much waits."""
        return self._executor.submit(work)

    def close(self, *, last: Callable[[], object] | None = None) -> None:
        """Let the threads end once everybody who asked has an answer, and something else is done, `last` of all."""
        if last is not None:
            self._executor.submit(last)
        self._executor.shutdown(wait=False)

    def _leave(self, _done: Future[T] | None) -> None:
        with self._lock:
            self._inside -= 1
