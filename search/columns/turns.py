"""Whose turn it is on the one thread of the columns: a long search lets short ones pass.

A search of the world takes as long as twenty of a city. Were each to wait until those before it are done, one guest in
twenty would keep all others waiting. So whoever comes rings a bell, a long one leaves off, and the short ones that wait
are answered. Changes are not let pass: what a search has counted stays as it was counted.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from lodestay.crowding import Threads
from search.columns.sharing import Bell, silent

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Search(Protocol[T_co]):
    """What is to be answered, on the thread of the columns."""

    def is_short(self) -> bool:
        """Whether a long one may let it pass."""

    def answer(self, bell: Bell) -> T_co:
        """Answer it.

        Parameters
        ----------
        bell
            To be answered, when it rings, by what is long: others are answered then.
        """


class _Turn(Generic[T]):
    """A search that waits, and what comes of it."""

    def __init__(self, search: Search[T]) -> None:
        self._search = search
        self.answered = Future[T]()

    def is_short(self) -> bool:
        """Whether it may pass; what cannot even say that waits, and fails when its turn comes."""
        try:
            return self._search.is_short()
        except Exception:  # noqa: BLE001 (it is told to whoever asked, by `take`)
            return False

    def take(self, bell: Bell) -> None:
        """Answer, unless nobody waits any more."""
        if not self.answered.set_running_or_notify_cancel():
            return
        try:
            self.answered.set_result(self._search.answer(bell))
        except BaseException as error:  # noqa: BLE001 (who asked hears it)
            self.answered.set_exception(error)


class Turns:
    """The thread, and who waits for it.

    Parameters
    ----------
    what, waiting
        As of :class:`lodestay.crowding.Threads`.
    """

    def __init__(self, what: str, *, waiting: int) -> None:
        self.thread = Threads(what, size=1, waiting=waiting)
        self._waiting = deque[_Turn[Any]]()
        self._long = deque[_Turn[Any]]()
        self._bell = Bell(self._let_pass)

    async def search(self, search: Search[T]) -> T:
        """Answer a search in its turn, or before; :class:`lodestay.crowding.TooBusy` where too many wait."""
        return await self.thread.admit(lambda: self._line_up(search))

    def _line_up(self, search: Search[T]) -> Future[T]:
        turn = _Turn(search)
        self._waiting.append(turn)
        try:
            self.thread.submit(self._next)
        except BaseException:
            turn.answered.cancel()  # and is left out when its turn comes; where somebody let it pass, it has its answer
            raise
        self._bell.ring()
        return turn.answered

    def _next(self) -> None:
        """Answer whoever has waited longest; where all were let pass there is nobody."""
        line = self._long or self._waiting
        if line:
            line.popleft().take(self._bell)

    def _let_pass(self) -> None:
        """Answer the short ones among those that wait now; the others stay in their order."""
        for _ in range(len(self._waiting)):
            turn = self._waiting.popleft()
            if turn.answered.cancelled():
                continue
            if turn.is_short():
                turn.take(silent())
            else:
                self._long.append(turn)
