"""Whole answers of the engine against the plain search over rows, on a random marketplace."""

from __future__ import annotations

import numpy as np
import pytest

from search import fallback
from search.engine import OpenSearchEngine
from tests.search.comparing import assert_same
from tests.search.conftest import IndexedMarketplace
from tests.search.marketplace import HERE, random_request

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
