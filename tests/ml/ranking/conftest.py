"""A small world whose truth is known: searches, a confounded log, and what guests really wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from ml.ranking.examples import EXAMPLES
from ml.ranking.features import FEATURES

FIRST_DAY = date(2026, 9, 1)


@dataclass(frozen=True)
class World:
    """Rows of `EXAMPLES` by search and position, and the true utility of each."""

    table: pa.Table
    utility: NDArray[np.float64]


def make_world(*, searches: int, shown: int, days: int, eta: float, exploration: float, seed: int) -> World:
    """Play `searches` searches of `shown` results over `days` days.

    A guest looks at position p with chance ``p ** -eta`` and clicks what is looked at by its utility. The
    log's order follows a feature that guests do not care for more than it should: it is confounded.
    """
    generator = np.random.default_rng(seed)
    rows = searches * shown
    matrix = generator.random((rows, len(FEATURES)))
    column = {name: matrix[:, index] for index, name in enumerate(FEATURES)}
    column["rating_shrunk"] *= 5
    column["distance_km"] *= 20
    matrix[generator.random(matrix.shape) < 0.05] = np.nan
    known = np.nan_to_num(matrix, nan=0.5)
    value = {name: known[:, index] for index, name in enumerate(FEATURES)}
    utility = (
        -2.5 * value["price_rank"]
        + 0.6 * value["rating_shrunk"]
        - 0.08 * value["distance_km"]
        + 1.5 * value["has_pool"] * (value["price_rank"] < 0.5)
        + 1.0 * value["vector_score"]
    )
    utility -= utility.mean()
    explored = generator.random(searches) < exploration
    lists = np.repeat(np.arange(searches), shown)
    logging = 0.5 * utility + 3.0 * value["review_count"] + generator.gumbel(size=rows)
    logging = np.where(explored[lists], generator.random(rows), logging)
    order = np.lexsort((-logging, lists))
    matrix, utility = matrix[order], utility[order]
    position = np.tile(np.arange(1, shown + 1), searches)
    looked = generator.random(rows) < position**-eta
    clicked = looked & (generator.random(rows) < 1 / (1 + np.exp(-(utility - 1.5))))
    booked = clicked & (generator.random(rows) < 0.2)
    start = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
    moments = [start + timedelta(seconds=86_400 * days * index / searches) for index in range(searches)]
    columns = {
        "market": ["here"] * rows,
        "search_id": [f"{index:08d}" for index in lists],
        "occurred_at": [moments[index] for index in lists],
        "listing_id": generator.integers(1, 1000, rows),
        "position": position,
        "exploration": explored[lists],
        "label": np.where(booked, 2, np.where(clicked, 1, 0)),
    }
    columns |= {
        name: pa.array(matrix[:, index], mask=np.isnan(matrix[:, index])) for index, name in enumerate(FEATURES)
    }
    return World(pa.table(columns).cast(EXAMPLES), utility)


@pytest.fixture(scope="session")
def world() -> Callable[..., World]:
    """The maker of worlds."""
    return make_world
