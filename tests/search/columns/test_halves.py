"""A pass by two threads counts what one counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.columns import halves
from search.columns.asking import ask_of
from search.columns.halves import scanned
from search.columns.reading import retrieved
from tests.search.columns.test_answers import store_of
from tests.search.marketplace import HERE, random_request, random_supply

LENGTHS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 200)), min_size=1, max_size=6)


@given(LENGTHS)
def test_halves_are_the_whole(gaps: list[tuple[int, int]]) -> None:
    """Every row is in one half, once, in its order, and the halves differ by one row at most."""
    edges = np.cumsum(np.array(gaps).ravel()).reshape(-1, 2)
    first, second = halves.halves(edges)
    rows = [[row for low, high in runs.tolist() for row in range(low, high)] for runs in (edges, first, second)]
    assert rows[1] + rows[2] == rows[0]
    assert 0 <= len(rows[2]) - len(rows[1]) <= 1


def test_two_threads_answer_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count, facets, histogram, tiles, what filters keep out, and the best, of all kinds of searches."""
    store = store_of(random_supply(np.random.default_rng(20260616), listings=150))
    monkeypatch.setattr(halves, "MANY", 2)
    rng = np.random.default_rng(5)
    found = 0
    with ThreadPoolExecutor(1) as beside:
        for _ in range(120):
            request = random_request(rng)
            ask = ask_of(request, store, today=HERE)
            alone, together = (scanned(store.table, ask, beside=helper) for helper in (None, beside))
            assert retrieved(request, ask, together, store) == retrieved(request, ask, alone, store)
            found += int(together.results.found[0])
    assert found > 100
