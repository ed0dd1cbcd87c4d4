"""The drawn marketplace in a lake: documents and features, with the moment that they are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.engines.documents import document_texts
from bench.engines.drafts import write_build
from bench.engines.stock import Stock, market_of
from lodestay.lake import LISTING_FEATURES, RAW, SEARCH_DOCUMENTS, Dataset
from ml.listing_features import SCHEMA
from pipelines.spark_jobs.columns import build_columns
from pipelines.spark_jobs.job import Scope

_ROWS = 20_000
FEATURED = 3_000_000
"""Listings whose features a lean marketplace has: 700 bytes each in the API's memory. The ranker takes the others as
it takes those that are new."""


def write_lake(lake: str, stock: Stock, *, exported_at: datetime, sees: str) -> float:
    """Write what the ranker and the search are made of; seconds that the columns took the pipeline's step.

    Parameters
    ----------
    sees
        Transactions that the documents know of (a `pg_snapshot`).
    """
    texts: dict[str, list[str]] = {}
    part = 0
    for number, (_, text) in enumerate(document_texts(stock)):
        texts.setdefault("document", []).append(text)
        if len(texts["document"]) == _ROWS or number == len(stock) - 1:
            _write(SEARCH_DOCUMENTS, lake, f"part-{part}", pa.table(texts), exported_at)
            moment = pa.table({"exported_at": [exported_at], "export_sees": [sees]})
            _write(RAW["markets"], lake, f"part-{part}", moment, exported_at)
            texts, part = {}, part + 1
    _write(LISTING_FEATURES, lake, "all", _features(stock), exported_at)
    started = perf_counter()
    build_columns(Scope(exported_at.date(), ("part-0",), lake), now=exported_at)
    return perf_counter() - started


def write_lean_lake(lake: str, stock: Stock, *, exported_at: datetime) -> float:
    """Write columns without documents, and the features of the first :data:`FEATURED`; seconds that columns took."""
    _write(LISTING_FEATURES, lake, "all", _features(stock.first(min(len(stock), FEATURED))), exported_at)
    started = perf_counter()
    write_build(lake, stock, exported_at=exported_at)
    return perf_counter() - started


def _features(stock: Stock) -> pa.Table:
    """Features of the ranker: those that the stock knows, and noise for the others."""
    rng = np.random.default_rng(stock.seed + 2)
    known: Mapping[str, Any] = {
        "listing_id": np.arange(1, len(stock) + 1),
        "market": [market_of(city) for city in stock.city.tolist()],
        "latitude": stock.latitude,
        "longitude": stock.longitude,
        "accommodates": stock.accommodates,
        "bedrooms": stock.bedrooms,
        "beds": stock.beds,
        "bathrooms": stock.bathrooms,
        "rating": stock.rating,
        "review_count": stock.review_count,
        "instant_book": stock.instant_book,
        "is_superhost": stock.superhost,
    }
    return pa.table([_feature(field, known, rng, len(stock)) for field in SCHEMA], schema=SCHEMA)


def _feature(field: pa.Field, known: Mapping[str, Any], rng: np.random.Generator, rows: int) -> pa.Array:
    values: Sequence[Any] | np.ndarray[Any, Any]
    if field.name in known:
        values = known[field.name]
    elif pa.types.is_floating(field.type):
        values = rng.random(rows, np.float32)
    elif pa.types.is_integer(field.type):
        values = rng.integers(100, size=rows)
    else:
        return pa.nulls(rows, field.type)
    return pa.array(values).cast(field.type)


def _write(dataset: Dataset, lake: str, market: str, table: pa.Table, exported_at: datetime) -> None:
    folder = Path(dataset.partition(lake, day=exported_at.date(), market=market))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "part-0.parquet", compression="zstd", use_dictionary=False)
