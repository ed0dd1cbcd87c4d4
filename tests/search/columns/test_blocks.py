"""However many rows a pass has in hand at a time, it counts the same."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from search.columns.asking import ask_of
from search.columns.block import ROOM
from search.columns.reading import retrieved
from search.columns.scan import scan
from search.columns.sharing import joined, scanned
from search.columns.store import ColumnStore
from search.columns.tally import empty_tally
from tests.search.marketplace import HERE, documents_of, make_request, random_request, random_supply

COPIES = 60
FEW = 40
"""Rows of a small pass: fewer than a word has."""


@pytest.fixture(scope="module")
def store() -> ColumnStore:
    """Each of a hundred listings sixty times: more rows than two blocks have room for."""
    drawn = documents_of(random_supply(np.random.default_rng(20260711), listings=100), np.random.default_rng(1))
    copies = [
        document | {"listing_id": document["listing_id"] + 1_000 * copy} for copy in range(COPIES) for document in drawn
    ]
    store = ColumnStore(lambda: copies)
    assert len(store) > 2 * ROOM
    return store


def test_many_rows_count_as_few_at_a_time_do(store: ColumnStore) -> None:
    """Count, facets, histogram, tiles, what filters keep out and the best: blocks lose no row and take none twice.

    Small passes are held to the rules themselves elsewhere (``test_answers.py``).
    """
    rng = np.random.default_rng(8)
    most = 0
    for request in (make_request(), *(random_request(rng) for _ in range(60))):
        ask = ask_of(request, store, today=HERE)
        whole = scanned(store.table, store.derived, ask)
        parts = [
            scanned(store.table, store.derived, ask._replace(runs=np.array([[first, min(first + FEW, last)]])))
            for low, last in ask.runs.tolist()
            for first in range(low, last, FEW)
        ]
        if not parts:
            continue
        assert retrieved(request, ask, whole, store) == retrieved(request, ask, reduce(joined, parts), store)
        most = max(most, int(whole.results.found[0]))
    assert most > 255, "no byte was near its end"


def test_a_pass_that_is_interrupted_goes_on_where_it_was(store: ColumnStore) -> None:
    """A flag that rises in the middle (what is counted there is one) ends the pass; the rest of it counts the rest."""
    rng = np.random.default_rng(9)
    interrupted = 0
    for request in (make_request(), *(random_request(rng) for _ in range(60))):
        ask = ask_of(request, store, today=HERE)
        tally, place = empty_tally(ask), np.zeros(2, np.int64)
        if not scan(store.table, store.derived, ask, tally, place, tally.results.found, 1):
            interrupted += 1
            assert tally.results.found[0] > 0
            assert scan(store.table, store.derived, ask, tally, place, np.zeros(1, np.int64), 1)
        assert retrieved(request, ask, tally, store) == retrieved(
            request, ask, scanned(store.table, store.derived, ask), store
        )
    assert interrupted > 3
