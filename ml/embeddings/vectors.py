"""What embedding models give: rows of numbers, scaled to one length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Scale each row to norm 1 (rows of zeros stay as they are)."""
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(norm > 0, norm, 1.0), dtype=np.float32)
