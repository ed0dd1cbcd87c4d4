"""The comparison of two engines explains itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.scale import differences
from search.answer import Candidate, FacetValue, HistogramBin, Retrieved
from search.facets import FACETS

ANSWER = Retrieved(
    candidates=tuple(
        Candidate(
            listing_id=listing_id,
            currency="EUR",
            total_minor=70_000,
            nightly_price_minor=10_000,
            text_score=None,
            vector_score=None,
            distance_km=None,
        )
        for listing_id in (7, 9)
    ),
    total_count=2,
    facets={facet.name: (FacetValue("a", 2, False),) for facet in FACETS},
    histogram=(HistogramBin(63_000, 80_000, 2),),
    degraded=(),
)


def test_equal_answers_differ_in_nothing() -> None:
    """Nothing is said of an answer beside itself."""
    assert list(differences(ANSWER, replace(ANSWER))) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(ANSWER, total_count=3), "count, at place 0 of 1 and 1: 2 and 3"),
        (replace(ANSWER, facets=ANSWER.facets | {"superhost": ()}), "facet superhost, at place 0 of 1 and 0"),
        (replace(ANSWER, histogram=(HistogramBin(63_000, 80_000, 1),)), "count=2) and HistogramBin"),
        (replace(ANSWER, candidates=ANSWER.candidates[:1]), "the best, at place 1 of 2 and 1: (9, 70000) and None"),
        (replace(ANSWER, degraded=("slow",)), "OpenSearch says slow"),
    ],
    ids=["count", "facet", "histogram", "the best", "degraded"],
)
def test_the_part_that_differs_is_named_with_its_values(other: Retrieved, said: str) -> None:
    """One part is changed, that part is told and no other."""
    (told,) = differences(ANSWER, other)
    assert said in told
