"""Price bins whose edges are the same for every search, so that one pass counts them exactly.

Edges follow Renard's series R'10 (1, 1.25, 1.6, 2 …: ten steps a decade, each about a quarter above the
last): a city's prices spread over some twenty bins in any currency, without a first look at the data.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from search.answer import HistogramBin

_SERIES: Final = (100, 125, 160, 200, 250, 320, 400, 500, 630, 800)
EDGES: Final = (0, *(step * 10**decade for decade in range(11) for step in _SERIES), 10**13, 10**15)
"""Lower edges in minor units, and the end of the last bin: what costs more is in none."""


def bins(counts: Mapping[int, int]) -> tuple[HistogramBin, ...]:
    """Lay out counts by lower edge as bins, from the first that holds something to the last."""
    filled = [place for place, edge in enumerate(EDGES[:-1]) if counts.get(edge)]
    if not filled:
        return ()
    return tuple(
        HistogramBin(EDGES[place], EDGES[place + 1], counts.get(EDGES[place], 0))
        for place in range(filled[0], filled[-1] + 1)
    )


def count(prices: Iterable[int]) -> Counter[int]:
    """Count prices in minor units by the lower edge of their bin."""
    return Counter(EDGES[bisect_right(EDGES, price) - 1] for price in prices)
