"""The column engine: one thread that asks the columns and writes to them, in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Final

import numpy as np

from search.answer import Retrieved
from search.columns.asking import ask_of
from search.columns.reading import retrieved
from search.columns.scan import scan
from search.columns.store import ColumnStore
from search.columns.tally import empty_tally
from search.request import Filters, SearchRequest, Sort

_ANYTHING: Final = SearchRequest(
    text=None,
    market=None,
    area=None,
    centre=None,
    stay=None,
    guests=1,
    filters=Filters(),
    sort=Sort.RELEVANCE,
    page=1,
    page_size=1,
    currency="EUR",
    locale="en",
    rates={},
)


class ColumnEngine:
    """Searches listings in memory; words of a text are not looked at.

    Every search sees each change whole, since one thread does both in turn.
    """

    def __init__(self, store: ColumnStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="columns")

    def __len__(self) -> int:
        return len(self._store)

    async def retrieve(self, request: SearchRequest, *, today: date) -> Retrieved:
        """Find the best candidates and count the whole filtered set.

        Raises
        ------
        InvalidSearch
            It asks for too many map tiles.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._retrieve, request, today)

    async def prepare(self, *, today: date) -> None:
        """Have the pass compiled before the first guest asks: that takes some seconds where no process did it yet."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._prepare, today)

    async def update(self, changes: Mapping[int, Mapping[str, Any]]) -> int:
        """Replace parts of listings (:meth:`search.columns.store.ColumnStore.update`)."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._store.update, changes)

    def close(self) -> None:
        """Let the thread end once everybody who asked has an answer."""
        self._thread.shutdown(wait=False)

    def _prepare(self, today: date) -> None:
        ask = ask_of(_ANYTHING, self._store, today=today)._replace(runs=np.zeros((0, 2), np.int64))
        scan(self._store.table, ask, empty_tally(ask))

    def _retrieve(self, request: SearchRequest, today: date) -> Retrieved:
        return retrieve(request, self._store, today=today)


def retrieve(request: SearchRequest, store: ColumnStore, *, today: date) -> Retrieved:
    """Answer a search from columns."""
    ask = ask_of(request, store, today=today)
    tally = empty_tally(ask)
    scan(store.table, ask, tally)
    return retrieved(request, ask, tally, store)
