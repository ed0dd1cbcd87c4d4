"""An event loop whose time passes only while nothing is left to do: waiting costs none, and is measured exactly."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Where the loop would wait for its next timer, it is that time at once."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for nothing but for threads, and for those only where no timer is set."""
        if timeout is not None and timeout > 0:
            self.passed += timeout
            timeout = 0
        return super().select(timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def pass_by(self, seconds: float) -> None:
        """Let time pass while something is done."""
        self._jumping.passed += seconds

    def time(self) -> float:
        """Seconds that were waited, since the loop was made."""
        return self._jumping.passed


def run(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """Do some work; with what came of it, the seconds that it waited."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work), loop.time()
    finally:
        loop.run_until_complete(_end(loop))
        loop.close()


async def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Wait for what was told to stop."""
    others = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
