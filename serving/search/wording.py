"""What was written comes first: listings that fit the words better stand in front, and the ranker orders those alike.

The ranker learned from searches of which few have words, and alone would put what guests like over what they ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.ranking.reasons import Reason
from search.answer import Candidate
from search.query import VECTOR_WEIGHT

STEPS: Final = (0.9, 0.75, 0.5, 0.25)
"""Shares of the best fit: listings between two of them fit alike."""
NAME: Final = "words"
"""For answers and the log, behind the ranker's name."""
FITS: Final = Reason("text", "Fits your words", 0.0)
"""Why those that fit best stand in front; the ranker's score has no part in it."""


def bands(candidates: Sequence[Candidate]) -> NDArray[np.int64] | None:
    """Say how well each candidate fits what was written: 0 best, one more for each step below the best fit.

    A fit is what the engine orders by, words and meaning together, of which the least meaning that any candidate has
    counts for nothing: vectors of all texts are near each other.

    Returns
    -------
    (n,); None where nothing is known of the words.
    """
    words = np.array([candidate.text_score or 0.0 for candidate in candidates], np.float64)
    told = np.array([candidate.vector_score for candidate in candidates], np.float64)  # None: NaN
    meaning = np.zeros(len(told))
    known = np.isfinite(told)
    if known.any():
        meaning[known] = VECTOR_WEIGHT * (told[known] - told[known].min()) / 2
    fit = words + meaning
    best = fit.max(initial=0.0)
    if best == 0:
        return None
    return np.asarray((fit[:, np.newaxis] < best * np.array(STEPS)).sum(axis=1), np.int64)
