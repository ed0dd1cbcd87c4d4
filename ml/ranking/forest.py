"""Scores of a forest for all candidates of a search at once.

LightGBM walks each tree for each row. Here each split of a tree is compared with all rows before the next one, which a
processor does several at a time, and strikes out the leaves on its other side; what is left of a row's leaves begins
with the one that it falls into (Lucchese et al., "QuickScorer", 2015). The same splits, the same leaves, and the same
order of adding them up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats
from search.columns.compiled import compiled, trailing_zeros

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Node = Mapping[str, Any]

SUMS: Final = frozenset({"lambdarank", "rank_xendcg", "regression"})
"""Objectives whose score is the sum of the leaves."""
MOST_LEAVES: Final = 64
"""Of a tree: each is a bit of a word."""


class Forest(NamedTuple):
    """The splits and leaves of all trees.

    Attributes
    ----------
    first_split, first_leaf
        (trees + 1,) where those of each tree begin.
    feature
        (splits,) the column looked at, plus the number of columns where a value that is not known goes right.
    threshold
        (splits,) a row goes left where its value is not more.
    right
        (splits,) the leaves that are left to a row that goes right, as bits.
    leaves
        (leaves,) what each adds, from the leftmost on.
    """

    first_split: Ints
    first_leaf: Ints
    feature: Ints
    threshold: Floats
    right: Words
    leaves: Floats


def trees_of(booster: lgb.Booster) -> list[Node] | None:
    """The roots of a model's trees, whose leaves add up to its score.

    None for another kind of model: one that averages its trees, transforms their sum or has several scores; and where
    trees are of another kind: with categories, zeros that mean missing, or a line in a leaf.
    """
    model = booster.dump_model()
    trees = [tree["tree_structure"] for tree in model["tree_info"]]
    adds_up = model.get("objective") in SUMS and model["num_tree_per_iteration"] == 1 and not model["average_output"]
    return trees if adds_up and all(_is_plain(tree) for tree in trees) else None


def missing_goes_left(split: Node) -> bool:
    """Whether a value that is not known goes left; LightGBM takes it for 0 where training met none of the kind."""
    return bool(split["default_left"]) if split["missing_type"] == "NaN" else float(split["threshold"]) >= 0.0


def forest_of(booster: lgb.Booster) -> Forest | None:
    """Lay a model out; None for one that cannot be (:func:`trees_of`, :data:`MOST_LEAVES`)."""
    trees, columns = trees_of(booster), booster.num_feature()
    if trees is None:
        return None
    leaves = [list(_leaves(tree)) for tree in trees]
    if max(map(len, leaves), default=0) > MOST_LEAVES:
        return None
    splits = [list(_splits(tree, 0, columns)) for tree in trees]
    feature, threshold, right = (
        zip(*(split for tree in splits for split in tree), strict=True) if any(splits) else ((),) * 3
    )
    return Forest(
        first_split=np.cumsum([0, *map(len, splits)], dtype=np.int64),
        first_leaf=np.cumsum([0, *map(len, leaves)], dtype=np.int64),
        feature=np.array(feature, np.int64),
        threshold=np.array(threshold, np.float64),
        right=np.array(right, np.uint64),
        leaves=np.array([leaf for tree in leaves for leaf in tree], np.float64),
    )


def scores(forest: Forest, matrix: Floats) -> Floats:
    """Score of each row.

    Parameters
    ----------
    matrix
        (n, columns) the model's own; NaN where a value is not known.

    Returns
    -------
    (n,)
    """
    columns = np.ascontiguousarray(matrix.T)
    unknown = np.isnan(columns)
    # What is not known stands left of every threshold in the first half, and right of it in the second.
    both = np.concatenate([np.where(unknown, -np.inf, columns), np.where(unknown, np.inf, columns)])
    found = np.zeros(len(matrix))
    _add(*forest, both, np.empty(len(matrix), np.uint64), found)
    return found


def _is_plain(node: Node) -> bool:
    if "leaf_value" in node:
        return "leaf_coeff" not in node and node.get("leaf_count", 1) > 0
    known = node["decision_type"] == "<=" and node["missing_type"] in {"None", "NaN"}
    return known and _is_plain(node["left_child"]) and _is_plain(node["right_child"])


def _leaves(node: Node) -> Iterator[float]:
    if "leaf_value" in node:
        yield float(node["leaf_value"])
    else:
        yield from _leaves(node["left_child"])
        yield from _leaves(node["right_child"])


def _splits(node: Node, first_leaf: int, columns: int) -> Iterator[tuple[int, float, int]]:
    """Splits below a node whose leftmost leaf is `first_leaf`: column, threshold, leaves left to who goes right."""
    if "leaf_value" in node:
        return
    middle = first_leaf + sum(1 for _ in _leaves(node["left_child"]))
    struck_out = (1 << middle) - (1 << first_leaf)
    feature = int(node["split_feature"]) + (0 if missing_goes_left(node) else columns)
    yield feature, float(node["threshold"]), (1 << MOST_LEAVES) - 1 - struck_out
    yield from _splits(node["left_child"], first_leaf, columns)
    yield from _splits(node["right_child"], middle, columns)


@compiled
def _strike_out(column: Floats, threshold: float, right: Words, left_over: Words) -> None:
    """Compare a column with a split; a function of its own, or it is not compiled into instructions on many rows."""
    for row in range(left_over.size):
        left_over[row] &= np.uint64(0xFFFFFFFFFFFFFFFF) if column[row] <= threshold else right


@compiled
def _add(  # noqa: PLR0917 - compiled code takes them by place
    first_split: Ints,
    first_leaf: Ints,
    feature: Ints,
    threshold: Floats,
    right: Words,
    leaves: Floats,
    values: Floats,
    left_over: Words,
    found: Floats,
) -> None:
    for tree in range(first_leaf.size - 1):
        left_over[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
        for split in range(first_split[tree], first_split[tree + 1]):
            _strike_out(values[feature[split]], threshold[split], right[split], left_over)
        begin = first_leaf[tree]
        for row in range(found.size):
            found[row] += leaves[begin + trailing_zeros(left_over[row])]
