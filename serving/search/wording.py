"""What was written comes first: listings that fit the words better stand in front, and the ranker orders those alike.

The ranker learned from searches of which few have words, and alone would put what guests like over what they ask for.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.arrays import Floats
from ml.ranking.reasons import Reason
from search.query import VECTOR_WEIGHT

STEPS: Final = (0.9, 0.75, 0.5, 0.25)
"""Shares of the best fit: listings between two of them fit alike."""
NAME: Final = "words"
"""For answers and the log, behind the ranker's name."""
FITS: Final = Reason("text", "Fits your words", 0.0)
"""Why those that fit best stand in front; the ranker's score has no part in it."""


def bands(text_score: Floats, vector_score: Floats) -> NDArray[np.int64] | None:
    """Say how well each candidate fits what was written: 0 best, one more for each step below the best fit.

    A fit is what the engine orders by, words and meaning together, of which the least meaning that any candidate has
    counts for nothing: vectors of all texts are near each other.

    Parameters
    ----------
    text_score, vector_score
        (n,) as of :class:`search.answer.Candidate`; NaN where they are not known.

    Returns
    -------
    (n,); None where nothing is known of the words.
    """
    known = vector_score[np.isfinite(vector_score)]
    meaning = VECTOR_WEIGHT * (vector_score - known.min(initial=np.inf)) / 2
    fit = np.nan_to_num(text_score) + np.nan_to_num(meaning)
    best = fit.max(initial=0.0)
    if best == 0:
        return None
    return np.asarray((fit[:, np.newaxis] < best * np.array(STEPS)).sum(axis=1), np.int64)
