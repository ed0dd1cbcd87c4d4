"""The benchmark's brute force and the columns agree, and its comparison finds what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import islice

import pytest

from bench.engines.documents import documents
from bench.engines.drafts import drafted, pool_of
from bench.engines.drive import differences
from bench.engines.mix import searches
from bench.engines.stock import Stock, draw_stock
from bench.engines.truth import MOST_VALUES, brute_force
from search.columns.engine import retrieve
from search.columns.merging import in_memory, merged
from search.columns.store import ColumnStore
from search.today import Today

TODAY = date(2026, 11, 27)


@pytest.fixture(scope="module")
def stock() -> Stock:
    """Some hundred listings."""
    return draw_stock(600, today=TODAY, seed=5)


def test_columns_answer_as_brute_force_does(stock: Stock) -> None:
    """Count, facets, histogram and totals: two ways that share nothing but the rules."""
    store, found = ColumnStore(lambda: documents(stock)), 0
    for asked in islice(searches(stock, seed=1), 12):
        request = replace(asked.request, area=None, tile_zoom=None)
        truth, answer = brute_force(stock, request), retrieve(request, store, today=Today(TODAY))
        assert answer.total_count == truth.total_count
        assert {each.from_minor: each.count for each in answer.histogram if each.count} == truth.histogram
        for name, right in truth.facets.items():
            told = {each.value: each.count for each in answer.facets[name] if each.count}
            assert told.items() <= right.items()
            assert len(told) >= min(len(right), MOST_VALUES)
        assert {each.listing_id for each in answer.candidates} <= truth.totals.keys()
        found += answer.total_count
    assert found > 100


def test_a_wrong_answer_is_found(stock: Stock) -> None:
    """Whatever of an answer is changed, the comparison names it."""
    request = replace(next(searches(stock, seed=1)).request, area=None, tile_zoom=None)
    truth = brute_force(stock, request)
    right = {
        "degraded": [],
        "total_count": truth.total_count,
        "histogram": [{"low": {"minor": low}, "count": count} for low, count in truth.histogram.items()],
        "facets": {
            name: [{"value": value, "count": count} for value, count in counts.items()]
            for name, counts in truth.facets.items()
        },
        "results": [
            {"listing_id": listing_id, "price": {"total": {"minor": total}}}
            for listing_id, total in list(truth.totals.items())[:20]
        ],
    }
    assert list(differences(right, truth)) == []
    wrong = {
        "degraded": ["something"],
        "total_count": truth.total_count + 1,
        "histogram": [],
        "facets": {name: [] for name in truth.facets},
        "results": [{"listing_id": 0, "price": {"total": {"minor": 1}}}],
    }
    for name, value in wrong.items():
        assert list(differences({**right, name: value}, truth)), name


def test_columns_without_documents_are_those_of_documents(stock: Stock) -> None:
    """What a lean marketplace answers from is, search by search, what its documents would have been read into."""
    pool = pool_of(stock)
    drawn = [drafted(stock, rows, pool) for rows in (slice(0, 250), slice(250, len(stock)))]
    lean, read = ColumnStore(merged(drawn, in_memory)), ColumnStore(lambda: documents(stock))
    found = 0
    for asked in islice(searches(stock, seed=2), 60):
        answer = retrieve(asked.request, read, today=Today(TODAY))
        assert retrieve(asked.request, lean, today=Today(TODAY)) == answer
        found += answer.total_count
    assert found > 100
