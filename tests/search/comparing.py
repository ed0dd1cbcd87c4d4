"""Holding one answer to another."""

from __future__ import annotations

import pytest

from search.answer import Retrieved
from search.request import SearchRequest


def assert_same(answer: Retrieved, plain: Retrieved, request: SearchRequest, *, within_km: float) -> None:
    """Compare everything but scores; distances up to a difference."""
    assert answer.total_count == plain.total_count, request
    assert answer.facets == plain.facets, request
    assert answer.histogram == plain.histogram, request
    facts = [(c.listing_id, c.currency, c.total_minor, c.nightly_price_minor) for c in answer.candidates]
    expected = [(c.listing_id, c.currency, c.total_minor, c.nightly_price_minor) for c in plain.candidates]
    assert facts == expected, request
    for mine, theirs in zip(answer.candidates, plain.candidates, strict=True):
        assert (mine.distance_km is None) == (theirs.distance_km is None)
        assert mine.distance_km == pytest.approx(theirs.distance_km, abs=within_km)
    assert answer.degraded == ()
