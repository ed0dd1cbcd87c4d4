"""The column engine: one thread that asks the columns and writes to them, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import compress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lodestay.stay import Stay
from search.answer import PriceDay, Retrieved
from search.columns.ask import Ask
from search.columns.asking import ask_of
from search.columns.best_stay import compile_stays, price_days, retrieve_flexible
from search.columns.kept import KeptAnswers, key_of
from search.columns.reading import retrieved
from search.columns.sharing import MANY, Bell, rows_of, scanned
from search.columns.store import ColumnStore
from search.columns.turns import Turns
from search.request import ANYTHING, SearchRequest
from search.today import Today

_ANY_DAY: Final = Today(date(2000, 1, 1))


WAITING: Final = 50
"""Searches that may wait for the thread: more of a city's would not be answered in the time that a search has."""


def nothing_kept() -> KeptAnswers:
    """Make an engine pass over the columns for every search."""
    return KeptAnswers(0, time=time.monotonic, told=lambda _kept, _age: None)


class ColumnEngine:
    """Searches listings in memory; words of a text are not looked at.

    Every search sees each change whole, since one thread does both in turn; a pass over many rows has another one help,
    and lets short ones pass (:mod:`search.columns.turns`).
    What was answered before is answered again from what was kept, while nothing in it has changed.

    Parameters
    ----------
    kept
        Holds answers; default: none.
    """

    def __init__(self, store: ColumnStore, *, kept: KeptAnswers | None = None) -> None:
        self._store = store
        self._kept = kept or nothing_kept()
        self._turns = Turns("the columns", waiting=WAITING)
        self._thread = self._turns.thread
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="the columns beside")

    def __len__(self) -> int:
        return len(self._store)

    def held(self, listing_ids: Collection[int]) -> list[int]:
        """Those of some listings that are held: others wait for the next build."""
        _, is_held = self._store.rows_of(listing_ids)
        return list(compress(listing_ids, is_held.tolist()))

    @property
    def waiting(self) -> int:
        """Searches that are at the columns or wait for them."""
        return len(self._thread)

    @property
    def kept_bytes(self) -> int:
        """Memory of the kept answers, about."""
        return self._kept.size

    async def retrieve(self, request: SearchRequest, *, today: Today) -> Retrieved:
        """Find the best candidates and count the whole filtered set.

        Raises
        ------
        InvalidSearch
            It asks for too many map tiles, or for too many flexible stays in too many listings.
        TooBusy
            Too many searches wait.
        """
        key = key_of(request, today)
        found = self._kept.find(key)
        if found is not None:
            return found
        # How many had changed when it is answered, not now: so the thread that changes them counts.
        search = _Retrieval(request, self._store, today, self._beside, lambda: self._kept.changed.count)
        answer, runs, changes = await self._turns.search(search)
        self._kept.keep(key, answer, runs, changes)
        return answer

    async def price_days(self, request: SearchRequest, stays: Sequence[Stay], *, today: Today) -> tuple[PriceDay, ...]:
        """Say of each stay what a search for it would find (:func:`search.columns.best_stay.price_days`)."""
        return await self._turns.search(_PriceDays(request, tuple(stays), self._store, today, self._beside))

    async def prepare(self) -> None:
        """Have the pass compiled before the first guest asks: that takes some seconds where no process did it yet."""
        await self._thread.run_surely(self._prepare)

    async def update(self, changes: Mapping[int, Mapping[str, Any]]) -> int:
        """Replace parts of listings (:meth:`search.columns.store.ColumnStore.update`)."""
        return await self._thread.run_surely(self._update, changes)

    def close(self) -> None:
        """Let the threads end once everybody who asked has an answer."""
        self._thread.close(last=self._beside.shutdown)

    def _prepare(self) -> None:
        ask = ask_of(ANYTHING, self._store, today=_ANY_DAY)._replace(runs=np.zeros((0, 2), np.int64))
        scanned(self._store.table, self._store.derived, ask)
        compile_stays(self._store, ask)
        self._store.compile_changes()

    def _update(self, changes: Mapping[int, Mapping[str, Any]]) -> int:
        try:
            return self._store.update(changes)
        finally:
            rows, held = self._store.rows_of(changes)
            self._kept.changed.add(rows[held])


@dataclass
class _Retrieval:
    """A search in the columns' line (:class:`search.columns.turns.Search`)."""

    request: SearchRequest
    store: ColumnStore
    today: Today
    beside: Executor
    changes: Callable[[], int]
    _ask: Ask | None = field(default=None, init=False)

    def is_short(self) -> bool:
        """Whether it looks at few rows, and tries few stays in them."""
        ask = ask_of(self.request, self.store, today=self.today)
        # One that waits is put into numbers again in its turn: the vocabularies may have grown by then.
        self._ask = ask if rows_of(ask) * max(1, len(self.request.flexible)) < MANY else None
        return self._ask is not None

    def answer(self, bell: Bell) -> tuple[Retrieved, NDArray[np.int64], int]:
        """Answer; the rows looked at; how many had ever changed by then."""
        changes = self.changes()
        ask = self._ask or ask_of(self.request, self.store, today=self.today)
        found = _answered(self.request, ask, self.store, today=self.today, beside=self.beside, bell=bell)
        return found, ask.runs, changes


@dataclass(frozen=True)
class _PriceDays:
    """A price calendar in the columns' line."""

    request: SearchRequest
    stays: tuple[Stay, ...]
    store: ColumnStore
    today: Today
    beside: Executor

    def is_short(self) -> bool:
        """Whether it tries few stays in few rows."""
        return rows_of(ask_of(self.request, self.store, today=self.today)) * len(self.stays) < MANY

    def answer(self, bell: Bell) -> tuple[PriceDay, ...]:
        """Answer."""
        return price_days(self.request, self.stays, self.store, today=self.today, beside=self.beside, bell=bell)


def retrieve(request: SearchRequest, store: ColumnStore, *, today: Today) -> Retrieved:
    """Answer a search from columns."""
    return _answered(request, ask_of(request, store, today=today), store, today=today, beside=None)


def _answered(
    request: SearchRequest,
    ask: Ask,
    store: ColumnStore,
    *,
    today: Today,
    beside: Executor | None,
    bell: Bell | None = None,
) -> Retrieved:
    if request.flexible:
        return retrieve_flexible(request, store, today=today, beside=beside, bell=bell)
    return retrieved(request, ask, scanned(store.table, store.derived, ask, beside=beside, bell=bell), store)
