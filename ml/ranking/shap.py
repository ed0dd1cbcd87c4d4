"""Exact SHAP values of a forest, leaf by leaf, for the few rows of a page while a guest waits.

A leaf speaks on its path alone: each feature there is either within the leaf's bounds for a row, or not. So its part
of the Shapley values follows from those bits and from the shares of the training rows that each split sent along the
path (Lundberg et al., "Consistent Individualized Feature Attribution for Tree Ensembles", 2018, algorithm 2). LightGBM
walks each tree anew for each row and keeps a path at each node; here what a leaf gives for every set of its features
that a row is within is worked out once, when a model is loaded, and looked up for each row: the same values in a
fraction of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats
from ml.ranking.forest import Node, missing_goes_left, trees_of
from search.columns.compiled import compiled

Ints = NDArray[np.int64]

MOST_FEATURES: Final = 12
"""On one path: a leaf of so many has 4,096 sets of them, and 400 KB to keep."""


MOST_GIVEN: Final = 4_000_000
"""Numbers that are kept of a model, 32 MB."""


class LeafPaths(NamedTuple):
    """The leaves of a forest and the features on their paths, each feature once a leaf.

    Attributes
    ----------
    first
        (leaves + 1,) where the bounds of each begin.
    feature, low, high
        (bounds,) a row is within where ``low < value <= high``.
    takes_missing
        (bounds,) whether a value that is not known is within.
    first_given
        (leaves,) where what the leaf gives begins.
    given
        What each leaf gives to each of its features: a line for every set of them that a row may be within, the set
        being the bits of the line's number.
    """

    first: Ints
    feature: Ints
    low: Floats
    high: Floats
    takes_missing: NDArray[np.bool_]
    first_given: Ints
    given: Floats


class Bound(NamedTuple):
    """What the splits of a path say of one feature.

    Attributes
    ----------
    share
        Of the training rows that came to these splits, those that went along the path.
    """

    low: float
    high: float
    takes_missing: bool
    share: float

    def narrowed(self, split: Node, *, left: bool) -> Bound:
        """Go along one more split."""
        threshold, child = float(split["threshold"]), split["left_child" if left else "right_child"]
        return Bound(
            self.low if left else max(self.low, threshold),
            min(self.high, threshold) if left else self.high,
            self.takes_missing and missing_goes_left(split) == left,
            self.share * _rows(child) / _rows(split),
        )


def leaf_paths(booster: lgb.Booster) -> LeafPaths | None:
    """Lay a model out; None for one that cannot be (:func:`ml.ranking.forest.trees_of`, :data:`MOST_FEATURES`)."""
    trees = trees_of(booster)
    if trees is None:
        return None
    leaves = [leaf for tree in trees for leaf in _leaves(tree, {}) if leaf[1]]
    if max((len(path) for _, path in leaves), default=0) > MOST_FEATURES:
        return None
    bounds = [(feature, *bound) for _, path in leaves for feature, bound in path.items()]
    feature, low, high, missing, share = zip(*bounds, strict=True) if bounds else ((),) * 5
    counts = np.array([len(path) for _, path in leaves], np.int64)
    first, first_given = (np.r_[0, np.cumsum(sizes)] for sizes in (counts, counts << counts))
    if first_given[-1] > MOST_GIVEN:
        return None
    given = np.empty(first_given[-1])
    _work_out(np.array([value for value, _ in leaves], np.float64), np.array(share, np.float64), first, given)
    return LeafPaths(
        first=first,
        feature=np.array(feature, np.int64),
        low=np.array(low, np.float64),
        high=np.array(high, np.float64),
        takes_missing=np.array(missing, np.bool_),
        first_given=first_given[:-1],
        given=given,
    )


def shap_values(paths: LeafPaths, matrix: Floats) -> Floats:
    """What each feature adds to the score of each row.

    Parameters
    ----------
    matrix
        (n, features) the model's own; NaN where a value is not known.

    Returns
    -------
    (n, features)
        With the model's mean they sum to its score.
    """
    values = np.zeros(matrix.shape)
    _look_up(*paths, np.ascontiguousarray(matrix.T), values)
    return values


def _leaves(node: Node, path: dict[int, Bound]) -> Iterator[tuple[float, dict[int, Bound]]]:
    """The leaves below a node, with what their whole paths say of each feature."""
    if "leaf_value" in node:
        yield float(node["leaf_value"]), path
        return
    feature = int(node["split_feature"])
    before = path.get(feature, Bound(-np.inf, np.inf, takes_missing=True, share=1.0))
    yield from _leaves(node["left_child"], {**path, feature: before.narrowed(node, left=True)})
    yield from _leaves(node["right_child"], {**path, feature: before.narrowed(node, left=False)})


def _rows(node: Node) -> int:
    """Training rows that came to a node."""
    return int(node["leaf_count" if "leaf_value" in node else "internal_count"])


@compiled
def _look_up(  # noqa: PLR0917 - compiled code takes them by place
    first: Ints,
    feature: Ints,
    low: Floats,
    high: Floats,
    takes_missing: NDArray[np.bool_],
    first_given: Ints,
    given: Floats,
    matrix: Floats,
    values: Floats,
) -> None:
    """Add what every leaf gives to every row: `matrix` has a line for each feature, `values` one for each row."""
    within = np.empty(values.shape[0], np.int64)
    for leaf in range(first_given.size):
        begin, count = first[leaf], first[leaf + 1] - first[leaf]
        within[:] = 0
        for place in range(count):
            bound = begin + place
            _mark(matrix[feature[bound]], low[bound], high[bound], takes_missing[bound], 1 << place, within)
        for row in range(within.size):
            line = first_given[leaf] + within[row] * count
            for place in range(count):
                values[row, feature[begin + place]] += given[line + place]


@compiled
def _mark(  # noqa: PLR0917
    column: Floats, low: float, high: float, takes_missing: np.bool_, bit: int, within: Ints
) -> None:
    for row in range(within.size):
        value = column[row]
        is_in = (low < value) & (value <= high) | takes_missing & (value != value)  # noqa: PLR0124 - only NaN is not itself
        within[row] |= bit if is_in else 0


@compiled
def _work_out(value: Floats, share: Floats, first: Ints, given: Floats) -> None:
    """Write what every leaf gives for every set of its features."""
    at = 0
    for leaf in range(value.size):
        begin, count = first[leaf], first[leaf + 1] - first[leaf]
        weights = np.empty(count + 1)
        for within in range(1 << count):
            _weigh(weights, share[begin : begin + count], within)
            for place in range(count):
                one, apart = np.float64(within >> place & 1), share[begin + place]
                given[at] = _without(weights, one, apart) * (one - apart) * value[leaf]
                at += 1


@compiled
def _weigh(weights: Floats, share: Floats, within: int) -> None:
    """Weight of all sets of so many features of a path that are known, by how many: the others take their share."""
    weights[0] = 1.0
    for place in range(share.size):
        one, size = np.float64(within >> place & 1), place + 2
        weights[place + 1] = one * weights[place] * (place + 1) / size
        for held in range(place, 0, -1):
            kept = share[place] * weights[held] * (place + 1 - held)
            weights[held] = (one * weights[held - 1] * held + kept) / size
        weights[0] = share[place] * weights[0] * (place + 1) / size


@compiled
def _without(weights: Floats, one: float, share: float) -> float:
    """Sum of the weights as they would be without one of the features."""
    total, count = 0.0, weights.size - 1
    if one == 0.0:
        for held in range(count):
            total += weights[held] * (count + 1) / (share * (count - held))
        return total
    following = weights[count]
    for held in range(count - 1, -1, -1):
        part = following * (count + 1) / (held + 1)
        total += part
        following = weights[held] - part * share * (count - held) / (count + 1)
    return total
