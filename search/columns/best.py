"""The best of the results, kept while they are found: a heap with the worst on top, which a better one replaces.

After the first few thousand results hardly one is better than the worst that is held, so that millions of them cost no
more than a look each.
"""

from __future__ import annotations

import numpy as np

from lodestay.geography import distance_km
from search.columns.ask import BY_DISTANCE, BY_POPULARITY, BY_PRICE, BY_PRICE_DOWN, BY_RATING, OrderAsk
from search.columns.block import Block
from search.columns.compiled import compiled, inlined
from search.columns.table import Table
from search.columns.tally import Best

_distance_km = inlined(distance_km)


@compiled
def keep_best(table: Table, order: OrderAsk, block: Block, count: int, best: Best) -> None:
    """Keep those of the first `count` results of a block that are among the best, in the order asked for."""
    rows, amounts, prices, keys = block.rows, block.amounts, block.prices, block.keys
    ids, reviews = table.listing_id, table.review_count
    _write_keys(table, order, block, count)
    for place in range(count):
        row, key = rows[place], keys[place]
        other = -float(reviews[row]) if order.kind == BY_RATING else 0.0
        held = best.held[0]
        if held < best.heap.size:
            _put(best, held, key, other, ids[row], row, amounts[place], prices[place])
            best.heap[held] = held
            best.held[0] = held + 1
            _rise(best, held)
        elif key <= best.keys[best.heap[0]]:
            worst = best.heap[0]
            if _is_before(key, other, ids[row], best, worst):
                _put(best, worst, key, other, ids[row], row, amounts[place], prices[place])
                _sink(best)


@inlined
def _write_keys(table: Table, order: OrderAsk, block: Block, count: int) -> None:
    """Write what decides the order first, low is good; what is not known stands last."""
    popularity, rating = table.popularity, table.traits.rating
    latitude, longitude = table.places.latitude, table.places.longitude
    rows, prices, keys = block.rows, block.prices, block.keys
    for place in range(count):
        row = rows[place]
        if order.kind == BY_POPULARITY:
            keys[place] = -popularity[row]
        elif order.kind == BY_PRICE:
            keys[place] = _known_or_last(prices[place], prices[place] >= 0)
        elif order.kind == BY_PRICE_DOWN:
            keys[place] = _known_or_last(-prices[place], prices[place] >= 0)
        elif order.kind == BY_RATING:
            keys[place] = _known_or_last(-rating[row], not np.isnan(rating[row]))
        elif order.kind == BY_DISTANCE:
            keys[place] = _distance_km(order.latitude, order.longitude, latitude[row], longitude[row])
        else:
            keys[place] = 0.0


@inlined
def _known_or_last(key: float, is_known: bool) -> float:  # noqa: FBT001 - compiled code takes it by place
    return key if is_known else np.inf


@inlined
def _put(  # noqa: PLR0917 - compiled code takes them by place
    best: Best, place: int, key: float, other: float, listing_id: int, row: int, amount: int, price: float
) -> None:
    best.keys[place], best.others[place], best.ids[place] = key, other, listing_id
    best.rows[place], best.amounts[place], best.prices[place] = row, amount, price


@inlined
def _is_before(key: float, other: float, listing_id: int, best: Best, place: int) -> bool:
    """Whether a result stands before one that is held."""
    if key != best.keys[place]:
        return bool(key < best.keys[place])
    if other != best.others[place]:
        return bool(other < best.others[place])
    return bool(listing_id < best.ids[place])


@inlined
def _is_better(best: Best, one: int, another: int) -> bool:
    return _is_before(best.keys[one], best.others[one], best.ids[one], best, another)


@inlined
def _rise(best: Best, at: int) -> None:
    """Move the last one up the heap, to below one that is worse."""
    heap = best.heap
    while at > 0:
        above = (at - 1) >> 1
        if not _is_better(best, heap[above], heap[at]):
            break
        heap[above], heap[at] = heap[at], heap[above]
        at = above


@inlined
def _sink(best: Best) -> None:
    """Move the first one down the heap, to above those that are better."""
    heap, count, at = best.heap, best.held[0], 0
    while 2 * at + 1 < count:
        below = 2 * at + 1
        if below + 1 < count and _is_better(best, heap[below], heap[below + 1]):
            below += 1
        if not _is_better(best, heap[at], heap[below]):
            break
        heap[below], heap[at] = heap[at], heap[below]
        at = below
