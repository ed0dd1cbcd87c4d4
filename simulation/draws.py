"""Draws that several parts of the simulation make."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.str_]


def happens(rng: np.random.Generator, chance: float | Floats, shape: int | tuple[int, ...]) -> Bools:
    """Toss a coin for each place of `shape`."""
    tossed: Bools = rng.random(shape) < chance
    return tossed


def pick(rng: np.random.Generator, shares: Mapping[int, float], count: int) -> Ints:
    """Draw keys of `shares` in proportion to their values."""
    weights = np.array(list(shares.values()))
    return np.array(list(shares))[rng.choice(len(weights), size=count, p=weights / weights.sum())]


def pick_text(rng: np.random.Generator, shares: Mapping[str, float], count: int) -> Texts:
    """Draw keys of `shares` in proportion to their values."""
    weights = np.array(list(shares.values()))
    return np.array([str(key) for key in shares])[rng.choice(len(weights), size=count, p=weights / weights.sum())]


def stream(*key: int | str) -> np.random.Generator:
    """Open the stream of random numbers that belongs to a key: independent of every other key's."""
    words = [part if isinstance(part, int) else int.from_bytes(part.encode()) for part in key]
    return np.random.default_rng(words)


def make_uuids(rng: np.random.Generator, count: int) -> list[UUID]:
    """Draw random UUIDs (version 4) that the seed decides."""
    blob = rng.bytes(16 * count)
    return [UUID(bytes=blob[n : n + 16], version=4) for n in range(0, 16 * count, 16)]
