"""How good an order is: metrics of ranked lists, on logged and on randomised searches.

A list is one search; lists lie one after another and `groups` holds their lengths. Clicks in the log
depend on where a listing stood as well as on what it is. Only searches shown in random order tell the
two apart: there every listing was as likely to stand in one place as in another, so what guests did is
in proportion to what they wanted, whatever each place does to a click.

References
----------
.. [1] K. Jarvelin, J. Kekalainen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.
.. [2] F. McSherry, M. Najork, "Computing information retrieval performance measures efficiently in
       the presence of tied scores", ECIR 2008.
.. [3] T. Joachims, A. Swaminathan, T. Schnabel, "Unbiased learning-to-rank with biased feedback",
       WSDM 2017: the weights by propensity that a random order makes needless.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats, Ints, divide, group_sum
from ml.intervals import PerUnit


def discounts(ranks: Ints, k: int) -> Floats:
    """Weight of each rank (0 is the top): ``1 / log2(rank + 2)`` down to rank `k` - 1, zero below."""
    return np.where(ranks < k, 1.0 / np.log2(ranks + 2.0), 0.0)


def list_of_row(groups: Ints) -> Ints:
    """Number of the list each row belongs to."""
    return np.repeat(np.arange(len(groups)), groups)


def expected_discounts(scores: Floats, groups: Ints, *, k: int) -> Floats:
    """Discount each row gets when every list is sorted by score, highest first; see :func:`_shared` for ties."""
    return _shared(lambda ranks: discounts(ranks, k), scores, groups)


def share_below(scores: Floats, groups: Ints) -> Floats:
    """Share of the other rows of its list that each row stands above: 1 at the top, 0 at the bottom.

    NaN in a list of one row, which stands above nobody; see :func:`_shared` for ties.
    """
    others = np.repeat(groups, groups) - 1.0
    return 1.0 - divide(_shared(lambda ranks: ranks.astype(np.float64), scores, groups), others)


def _shared(worth: Callable[[Ints], Floats], scores: Floats, groups: Ints) -> Floats:
    """What each row gets by the worth of its rank (0 is the top) when every list is sorted by score, highest first.

    Rows with equal scores share the mean of their places, as if ties were broken by lot [2]_; a score
    that is NaN comes last.
    """
    lists = list_of_row(groups)
    value = np.where(np.isnan(scores), -np.inf, scores)
    order = np.lexsort((-value, lists))
    ranks = np.arange(len(order)) - np.repeat(np.cumsum(groups) - groups, groups)
    new_block = np.ones(len(order), np.bool_)
    new_block[1:] = (value[order][1:] != value[order][:-1]) | (lists[order][1:] != lists[order][:-1])
    block = np.cumsum(new_block) - 1
    shared = divide(np.bincount(block, weights=worth(ranks)), np.bincount(block))
    result = np.empty(len(order))
    result[order] = shared[block]
    return result


def ndcg(gains: Floats, scores: Floats, groups: Ints, *, k: int) -> Floats:
    """Normalised discounted cumulative gain at `k` of each list [1]_.

    Parameters
    ----------
    gains
        (n,) what each row is worth, at least zero, used as it is (pass ``2 ** label - 1`` for the
        exponential form).
    scores
        (n,) higher is better; ties are averaged, NaN comes last.
    groups
        (m,) lengths of the lists; their sum is n. Empty lists are allowed.
    k
        Places that count, at least one; a shorter list counts as a whole.

    Returns
    -------
    (m,) float64
        In [0, 1]; NaN for a list in which nothing is worth anything, which no order can get right
        or wrong (scikit-learn says 0 there).

    Examples
    --------
    >>> ndcg(np.array([1.0, 0.0]), np.array([0.2, 0.9]), np.array([2]), k=2).round(3).tolist()
    [0.631]
    """
    lists = list_of_row(groups)
    dcg = np.bincount(lists, weights=gains * expected_discounts(scores, groups, k=k), minlength=len(groups))
    best = np.bincount(lists, weights=gains * expected_discounts(gains, groups, k=k), minlength=len(groups))
    return divide(dcg, best)


def reciprocal_rank(relevant: NDArray[np.bool_], scores: Floats, groups: Ints) -> Floats:
    """One over the place of the first relevant row of each list; NaN for a list without any.

    Rows with the score of the relevant one stand before it.
    """
    lists = list_of_row(groups)
    value = np.where(np.isnan(scores), -np.inf, scores)
    best = np.full(len(groups), -np.inf)
    np.maximum.at(best, lists[relevant], value[relevant])
    has = np.bincount(lists[relevant], minlength=len(groups)) > 0
    place = np.bincount(lists, weights=value >= best[lists], minlength=len(groups))
    return np.where(has, divide(1.0, place), np.nan)


def click_rate_by_position(clicked: NDArray[np.bool_], positions: Ints, *, until: int) -> Floats:
    """Share clicked at positions 1 to `until`; NaN where nothing was shown."""
    inside = positions <= until
    shown = np.bincount(positions[inside] - 1, minlength=until)
    return divide(np.bincount(positions[inside] - 1, weights=clicked[inside], minlength=until), shown)


def standing(rewards: Floats, scores: Floats, groups: Ints) -> PerUnit:
    """Share of the page that an order would put below what guests wanted; half is what an order by lot gives.

    Unbiased for searches in random order, without a weight for each place: a place is looked at as often for one
    listing as for another. Weights of one over the chance of being looked at [3]_ would be unbiased too, and
    wider by a third, because they count most what happened where hardly anybody looked.

    Every place counts the same. A page in random order is a sample of all that could be shown, so its tenth place
    stands for the middle of them, and a cut there would throw away half of what the clicks say.

    Parameters
    ----------
    rewards
        (n,) what each row earned where it was shown, zero for nothing.
    scores
        (n,) by which the order to be judged sorts; they must not know where a row was shown.

    Returns
    -------
    PerUnit
        A unit a search; the value lies in [0, 1], higher is better.
    """
    lists = list_of_row(groups)
    weights = np.where(np.repeat(groups, groups) > 1, rewards, 0.0)
    parts = weights * np.nan_to_num(share_below(scores, groups))
    return PerUnit(group_sum(lists, parts, len(groups)), group_sum(lists, weights, len(groups)))
