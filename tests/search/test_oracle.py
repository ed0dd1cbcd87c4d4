"""Whole answers of the engine against the plain search over rows, on a random marketplace."""

from __future__ import annotations

import numpy as np
import pytest

from search import fallback
from search.answer import Retrieved
from search.engine import OpenSearchEngine
from search.request import SearchRequest
from tests.search.conftest import IndexedMarketplace
from tests.search.marketplace import TODAY, random_request

pytestmark = pytest.mark.opensearch


async def test_whole_answers_agree(searches: OpenSearchEngine, marketplace: IndexedMarketplace) -> None:
    """Order, totals, distances, count, facets and histogram of 400 random searches are the plain search's, exactly."""
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(400):
        request = random_request(rng)
        answer = await searches.retrieve(request, today=TODAY)
        plain = fallback.retrieve(request, marketplace.supply, today=TODAY, reason="")
        assert_same(answer, plain, request)
        found += answer.total_count
    assert found > 2_000, "the searches must find something for the comparison to mean anything"


def assert_same(answer: Retrieved, plain: Retrieved, request: SearchRequest) -> None:
    """Compare everything but scores; distances to the metre (the engine rounds coordinates to a centimetre)."""
    assert answer.total_count == plain.total_count, request
    assert answer.facets == plain.facets, request
    assert answer.histogram == plain.histogram, request
    facts = [(c.listing_id, c.currency, c.total_minor, c.nightly_price_minor) for c in answer.candidates]
    expected = [(c.listing_id, c.currency, c.total_minor, c.nightly_price_minor) for c in plain.candidates]
    assert facts == expected, request
    for mine, theirs in zip(answer.candidates, plain.candidates, strict=True):
        assert (mine.distance_km is None) == (theirs.distance_km is None)
        assert mine.distance_km == pytest.approx(theirs.distance_km, abs=0.001)
    assert answer.degraded == ()
