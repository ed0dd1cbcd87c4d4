"""What was written decides before the ranker does, which orders what fits alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from serving.search import wording
from serving.search.wording import STEPS
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY
from tests.serving.test_search import search

SCORES = st.lists(st.tuples(st.none() | st.floats(0, 40), st.none() | st.floats(-1, 1)), min_size=1, max_size=60)


def candidate(text_score: float | None, vector_score: float | None = None) -> tuple[float | None, float | None]:
    """One of which nothing but its fit counts."""
    return text_score, vector_score


def bands(candidates: Sequence[tuple[float | None, float | None]]) -> NDArray[np.int64] | None:
    """How well each fits; None is not known."""
    words, meaning = np.array(candidates, np.float64).reshape(-1, 2).T
    return wording.bands(words, meaning)


@given(SCORES)
def test_one_that_fits_better_in_both_never_stands_in_a_worse_band(
    scores: list[tuple[float | None, float | None]],
) -> None:
    """Bands go by the fit alone, from 0 to the number of steps; where they are known the best is in the first."""
    fit = bands([candidate(*each) for each in scores])
    if fit is None:
        return
    assert fit.min() == 0
    assert fit.max() <= len(STEPS)
    known = [(words, meaning) for words, meaning in scores if words is not None and meaning is not None]
    places = {each: int(band) for each, band in zip(scores, fit, strict=True)}
    for one in known:
        for other in known:
            if one[0] >= other[0] and one[1] >= other[1]:
                assert places[one] <= places[other]


def test_words_count_by_their_share_of_the_best_and_meaning_by_what_it_is_above_the_least() -> None:
    """The nearness that all vectors have to one another is none to what was written."""
    fit = bands([candidate(20.0, 0.80), candidate(16.0, 0.82), candidate(8.0, 0.80), candidate(0.0, 0.84)])
    assert fit is not None
    assert fit.tolist() == [0, 1, 3, 4]
    by_meaning = bands([candidate(0.0, 0.80), candidate(0.0, 0.90), candidate(0.0, 0.86), candidate(0.0)])
    assert by_meaning is not None
    assert by_meaning.tolist() == [4, 0, 2, 4]


@pytest.mark.parametrize("scores", [(None, None), (0.0, None), (0.0, 0.5)])
def test_where_nothing_is_known_of_the_words_they_do_not_count(scores: tuple[float | None, float | None]) -> None:
    """The words' engine is down, or finds none of them and no meaning nearer than another: the ranker decides alone."""
    assert bands([candidate(*scores)] * 3) is None
    assert bands([]) is None


@pytest.mark.opensearch
def test_a_title_that_is_typed_is_found_first(searching: TestClient, marketplace: Marketplace) -> None:
    """Whatever the ranker likes better; the answer says what ordered it, and why the first stands there."""
    asked = {
        "Studio under the roof": marketplace.studio,
        "House with a garden": marketplace.house_of_other_host,
        "Loft by the river": marketplace.loft,
    }
    for title, listing_id in asked.items():
        answer = search(searching, text=title, **STAY)
        assert answer["ranker"] == "baseline+words"
        first, *others = answer["results"]
        assert first["listing_id"] == listing_id
        assert first["reasons"][0]["code"] == "text"
        assert not [reason for other in others for reason in other["reasons"] if reason["contribution"] == 0.0]
