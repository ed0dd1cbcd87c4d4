"""Metrics of ranked lists against scikit-learn, the definition and a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from ml.ranking.evaluate import (
    click_rate_by_position,
    expected_discounts,
    ndcg,
    reciprocal_rank,
    share_below,
    standing,
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


def test_click_rates() -> None:
    """Clicks by showing at each position; none shown, no rate."""
    generator = np.random.default_rng(4)
    position = np.tile(np.arange(1, 11), 20_000)
    clicked = (generator.random(position.size) < 1 / position) & (generator.random(position.size) < 0.3)
    rates = click_rate_by_position(clicked, position, until=12)
    np.testing.assert_allclose(rates[:10], 0.3 / np.arange(1, 11), atol=0.02)
    assert np.isnan(rates[11])


def test_share_below() -> None:
    """The top stands above all, ties share, one row alone stands above nobody."""
    found = share_below(np.array([3.0, 1.0, 2.0, 5.0, 5.0, np.nan, 7.0]), np.array([3, 3, 1]))
    np.testing.assert_allclose(found, [1.0, 0.0, 0.5, 0.75, 0.75, 0.0, np.nan])
    alone = standing(np.array([1.0]), np.array([7.0]), np.array([1]))
    assert (alone.parts.tolist(), alone.weights.tolist()) == ([0.0], [0.0])


def _played(*, in_order_of: np.ndarray, wanted: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Clicks on lists shown in an order: what is wanted is clicked where it is looked at, at place p one time in p."""
    place = np.argsort(np.argsort(-in_order_of, axis=1), axis=1) + 1
    return wanted & (generator.random(wanted.shape) < 1 / place)


def test_random_order_sees_through_positions() -> None:
    """Clicks on lists in random order tell what an order is worth; clicks in the log's own order flatter that one."""
    generator = np.random.default_rng(8)
    shape = (8000, 8)
    wanted = generator.random(shape) < 0.4
    sharp, dull = wanted + generator.normal(size=shape), wanted + 2 * generator.normal(size=shape)
    groups = np.full(shape[0], shape[1])

    def worth(rewards: np.ndarray, scores: np.ndarray) -> float:
        return standing(rewards.ravel().astype(float), scores.ravel(), groups).value

    drawn = _played(in_order_of=generator.random(shape), wanted=wanted, generator=generator)
    for scores in (sharp, dull):
        assert worth(drawn, scores) == pytest.approx(worth(wanted, scores), abs=0.01)
    logged = _played(in_order_of=dull, wanted=wanted, generator=generator)
    assert worth(logged, dull) > worth(wanted, dull) + 0.05
    assert worth(logged, dull) > worth(logged, sharp)
    assert worth(drawn, sharp) > worth(drawn, dull)
