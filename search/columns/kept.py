"""Answers of the columns that are kept and given again, for as long as nothing that they depend on has changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.answer import Retrieved
from search.request import SearchRequest
from search.today import Today

HIT, CHANGED, ABSENT = "answered", "changed", "absent"
"""What became of looking for an answer."""

_NOT_ASKED_OF_COLUMNS: Final = frozenset({"text", "text_vector", "page", "page_size", "locale", "rates"})
"""Parts of a request that change nothing in what columns answer; the rates are in the key in another form."""
_REMEMBERED: Final = 1 << 16
"""Changed rows that are remembered: some minutes' at a hundred a second. What was kept before the oldest is gone."""
_BYTES_A_CANDIDATE, _BYTES_A_COUNT, _BYTES_A_RUN, _BYTES = 250, 110, 16, 1_000
"""About what an answer's parts take in memory."""

Told = Callable[[str, float | None], None]
"""Hears what became of looking for an answer, and the seconds that have passed since the one found was made."""


def key_of(request: SearchRequest, today: Today) -> Hashable:
    """Everything that the columns' answer depends on but the listings: two searches with one key have one answer.

    What is not known to change nothing is part of it, so that a new field of a request cannot be forgotten.
    """
    asked = tuple(getattr(request, field.name) for field in fields(request) if field.name not in _NOT_ASKED_OF_COLUMNS)
    return asked, frozenset(request.rates.items()), today.here, frozenset(today.elsewhere.items())


class ChangedRows:
    """The rows that changed last, in order: what came after a moment can be looked through."""

    def __init__(self) -> None:
        self._rows = np.zeros(_REMEMBERED, np.int64)
        self._lock = threading.Lock()
        self._count = 0

    @property
    def count(self) -> int:
        """How many rows have changed up to now, for :meth:`since`."""
        return self._count

    def add(self, rows: NDArray[np.int64]) -> None:
        """Note rows that have changed: after they have, and before anybody is told."""
        with self._lock:
            self._count += len(rows)
            remembered = rows[-_REMEMBERED:]
            self._rows[np.arange(self._count - len(remembered), self._count) % _REMEMBERED] = remembered

    def since(self, count: int) -> NDArray[np.int64] | None:
        """Rows that have changed since there were so many; None where not all of them are remembered."""
        with self._lock:
            if self._count - count > _REMEMBERED:
                return None
            return self._rows[np.arange(count, self._count) % _REMEMBERED]


@dataclass(slots=True)
class _Kept:
    """An answer, the runs of rows that it was made of, and how many changes there were when it was last known right."""

    answer: Retrieved
    runs: NDArray[np.int64]
    changes: int
    made_at: float
    size: int


class KeptAnswers:
    """Holds the answers asked for last, up to some memory. For one thread; changes may come from another.

    An answer depends on the rows that its pass looked at and on no others, so it holds until one of those changes.

    Parameters
    ----------
    capacity
        Bytes, about; 0 keeps nothing.
    time
        A clock in seconds that only goes forward.
    """

    def __init__(self, capacity: int, *, time: Callable[[], float], told: Told) -> None:
        self.changed = ChangedRows()
        self._capacity = capacity
        self._time = time
        self._told = told
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes in use, about."""
        return self._size

    def find(self, key: Hashable) -> Retrieved | None:
        """Give an answer that is still right, or None."""
        kept = self._kept.get(key)
        if kept is None:
            self._told(ABSENT, None)
            return None
        changes = self.changed.count
        rows = self.changed.since(kept.changes)
        if rows is None or _any_in(rows, kept.runs):
            self._drop(key)
            self._told(CHANGED, None)
            return None
        kept.changes = changes  # it is known right up to here, which the next look need not go through again
        self._kept.move_to_end(key)
        self._told(HIT, self._time() - kept.made_at)
        return kept.answer

    def keep(self, key: Hashable, answer: Retrieved, runs: NDArray[np.int64], changes: int) -> None:
        """Keep an answer.

        Parameters
        ----------
        runs
            (r, 2) the rows that were looked at, ascending.
        changes
            :attr:`ChangedRows.count` when it was made.
        """
        kept = _Kept(answer, runs, changes, self._time(), _size_of(answer, runs))
        if kept.size > self._capacity:
            return
        if key in self._kept:
            self._drop(key)
        self._kept[key] = kept
        self._size += kept.size
        while self._size > self._capacity:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        self._size -= self._kept.pop(key).size


def _any_in(rows: NDArray[np.int64], runs: NDArray[np.int64]) -> bool:
    """Whether any of the rows lies in one of the runs."""
    if not len(rows) or not len(runs):
        return False
    run = np.searchsorted(runs[:, 0], rows, side="right") - 1
    return bool(np.any((run >= 0) & (rows < runs[run, 1])))


def _size_of(answer: Retrieved, runs: NDArray[np.int64]) -> int:
    counts = sum(map(len, answer.facets.values())) + len(answer.histogram)
    counts += len(answer.tiles or ()) + len(answer.regained or ())
    stays = answer.best_stays
    if stays is not None:
        counts += len(stays.stays) + 3 * stays.listing_ids.nbytes // _BYTES_A_COUNT
    return _BYTES + _BYTES_A_CANDIDATE * len(answer.candidates) + _BYTES_A_COUNT * counts + _BYTES_A_RUN * len(runs)
