"""Metrics of ranked lists against scikit-learn, the definition and a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from ml.ranking.evaluate import (
    click_rate_by_position,
    counterfactual,
    examination,
    expected_discounts,
    ndcg,
    reciprocal_rank,
)

LISTS = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=2, max_size=12), min_size=1, max_size=5
)


@given(lists=LISTS, k=st.integers(1, 15))
def test_ndcg_is_that_of_scikit_learn(lists: list[list[tuple[int, int]]], k: int) -> None:
    """Every list with a gain, ties included, has scikit-learn's value; one without any is NaN."""
    gains = np.array([gain for rows in lists for gain, _ in rows], dtype=float)
    scores = np.array([score for rows in lists for _, score in rows], dtype=float)
    found = ndcg(gains, scores, np.array([len(rows) for rows in lists]), k=k)
    for rows, value in zip(lists, found, strict=True):
        gain, score = (np.array([column], dtype=float) for column in zip(*rows, strict=True))
        if gain.sum() == 0:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(ndcg_score(gain, score, k=k))


def test_ndcg_edges() -> None:
    """Empty lists and single rows are allowed; a NaN score comes last."""
    found = ndcg(np.array([1.0, 0.0, 1.0]), np.array([np.nan, 0.1, 5.0]), np.array([0, 2, 1]), k=3)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(1 / np.log2(3))
    assert found[2] == 1.0


def test_tied_scores_share_their_places() -> None:
    """Three equal scores: each gets the mean of the first three discounts."""
    shared = expected_discounts(np.zeros(3), np.array([3]), k=2)
    np.testing.assert_allclose(shared, (1 + 1 / np.log2(3)) / 3)


def test_reciprocal_rank() -> None:
    """The first relevant row counts, ties stand before it, a list without one is NaN."""
    relevant = np.array([False, True, True, False, False])
    found = reciprocal_rank(relevant, np.array([3.0, 2.0, 1.0, 1.0, 0.0]), np.array([3, 2]))
    assert found[0] == 0.5
    assert np.isnan(found[1])


def test_examination_recovers_what_was_played() -> None:
    """From clicks on a random order, the chance of a look at each position comes out within a few points."""
    generator = np.random.default_rng(4)
    position = np.tile(np.arange(1, 11), 20_000)
    clicked = (generator.random(position.size) < 1 / position) & (generator.random(position.size) < 0.3)
    np.testing.assert_allclose(examination(clicked, position), 1 / np.arange(1, 11), atol=0.03)
    rates = click_rate_by_position(clicked, position, until=12)
    assert rates[0] == pytest.approx(0.3, abs=0.02)
    assert np.isnan(rates[11])


def test_the_counterfactual_sees_through_positions() -> None:
    """Two orders of equal true worth on paper: the naive reward favours the shown order, the weighted one does not.

    Half the rows are wanted; the order under test is the truth, then its reverse. The estimate of each is
    within two points of what full knowledge gives.
    """
    generator = np.random.default_rng(8)
    searches, shown = 4000, 8
    wanted = generator.random((searches, shown)) < 0.4
    position = np.tile(np.arange(1, shown + 1), searches)
    looked = generator.random(position.size) < 1 / position
    clicked = wanted.ravel() & looked
    groups = np.full(searches, shown)
    propensity = examination(clicked, position)
    scores = -position.astype(float)  # the order as shown: as good as any, since it was random
    estimate = counterfactual(clicked.astype(float), position, scores, groups, propensity=propensity, k=shown).value
    truth = counterfactual(
        wanted.ravel().astype(float), position, scores, groups, propensity=np.ones(shown), k=shown
    ).value
    naive = counterfactual(clicked.astype(float), position, scores, groups, propensity=np.ones(shown), k=shown).value
    assert estimate == pytest.approx(truth, abs=0.02)
    assert naive > truth + 0.1
