"""Whole answers of the engine against the plain search over rows, on a random marketplace."""

from __future__ import annotations

import numpy as np
import pytest

from search import fallback
from search.engine import OpenSearchEngine
from search.request import Filters
from tests.search.comparing import assert_same
from tests.search.conftest import IndexedMarketplace
from tests.search.marketplace import HERE, NEIGHBOURHOODS, make_request, random_request

pytestmark = pytest.mark.opensearch


async def test_whole_answers_agree(searches: OpenSearchEngine, marketplace: IndexedMarketplace) -> None:
    """Order, totals, distances, count, facets and histogram of 400 random searches are the plain search's, exactly."""
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(400):
        request = random_request(rng)
        answer = await searches.retrieve(request, today=HERE)
        plain = fallback.retrieve(request, marketplace.supply, today=HERE, reason="")
        assert_same(answer, plain, request, within_km=0.001)  # the engine rounds coordinates to a centimetre
        found += answer.total_count
    assert found > 1_500, "the searches must find something for the comparison to mean anything"


async def test_ticked_values_are_counted_however_many_are_more_common(
    searches: OpenSearchEngine, marketplace: IndexedMarketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a facet is cut, both searches keep the same values, and of those that are ticked beyond it the counts."""
    monkeypatch.setattr("search.query.MAX_VALUES", 1)
    monkeypatch.setattr("search.facets.MAX_VALUES", 1)
    for neighbourhood in filter(None, NEIGHBOURHOODS):
        request = make_request(filters=Filters(neighbourhoods=frozenset({neighbourhood})))
        answer = await searches.retrieve(request, today=HERE)
        plain = fallback.retrieve(request, marketplace.supply, today=HERE, reason="")
        assert_same(answer, plain, request, within_km=0.001)
        (ticked,) = [value for value in answer.facets["neighbourhood"] if value.selected]
        assert ticked.count == answer.total_count > 0
