"""Which bin of the histogram a price is in, without a search: the first bits of the number say it up to one edge.

A floating-point number begins with its exponent, so that its first bits are steps of equal ratio, sixty-four to the
octave here; between two edges of the histogram lie several of them. HdrHistogram (G. Tene) counts by such steps.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from search.columns.compiled import inlined

_SHIFT: Final = 46
_ONE_AS_BITS: Final = 0x3FF0000000000000
_FIRST: Final = _ONE_AS_BITS >> _SHIFT
_OCTAVES: Final = 50
_CELLS: Final = _OCTAVES << 6


def bins_of(edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """By cell, the last bin whose edge is not above where the cell begins.

    Parameters
    ----------
    edges
        Ascending, the first one 0, the others 1.02 times the one before at least.
    """
    begins = (np.arange(_FIRST, _FIRST + _CELLS) << _SHIFT).view(np.float64)
    return np.asarray(np.searchsorted(edges, begins, side="right") - 1, np.int64)


@inlined
def bin_of(bits: int, price: float, edges: NDArray[np.float64], bins: NDArray[np.int64]) -> int:
    """Bin of a price that is not negative; the last edge's, where it is not below that.

    Parameters
    ----------
    bits
        The price's, as a signed number.
    bins
        Of :func:`bins_of`.
    """
    low = bins[max(0, min((bits >> _SHIFT) - _FIRST, _CELLS - 1))]
    after = min(low + 1, edges.size - 1)
    return int(after if price >= edges[after] else low)
