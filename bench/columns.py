"""How long columns take from documents to searches: written once by the pipeline, mapped by each process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from bench.report import Figure
from bench.scale import SEED
from bench.scale_stock import Stock, documents, draw_stock
from lodestay.lake import SEARCH_DOCUMENTS
from pipelines.spark_jobs.columns import build_columns
from pipelines.spark_jobs.job import Scope

MARKET = "world"
ROW_GROUP = 4_096
VECTOR = 512

NOTES = """
The documents are those of "Search at scale", each with a vector of 512 numbers, in one Parquet file. The pipeline's
step reads and writes them, reads every file again to check it, and puts the build in its place; the alternative is
what a process does by itself where there is no build. A start is a new process from its first instruction to the first
answer that it could give, imports and the check of every file's bytes included, without what PostgreSQL has to tell of
the time since. Its memory is what it shares with nobody.
"""


def measure(listings: int) -> list[Figure]:
    """Write documents and columns, and start processes of both."""
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory(prefix="lodestay-bench-") as lake:
        _write_documents(lake, draw_stock(listings, today=today, seed=SEED), today)
        started = perf_counter()
        built = build_columns(Scope(today, (MARKET,), lake), now=datetime.now(UTC))
        seconds = perf_counter() - started
        _start(lake, "mapped")  # compiles, where nobody did
        mapped, read = _start(lake, "mapped"), _start(lake, "documents")
    where, by_itself = f"{listings:,} listings", "from documents"
    return [
        Figure(f"columns written ({where})", "documents/s", listings / seconds, listings / read["seconds"], by_itself),
        Figure(f"start of a process ({where})", "s", mapped["seconds"], read["seconds"], by_itself),
        Figure("memory of its own", "MB", mapped["private_mb"], read["private_mb"], by_itself),
        Figure("size of the files", "bytes a listing", built.bytes / listings, None, None),
    ]


def _write_documents(lake: str, stock: Stock, today: date) -> None:
    folder = Path(SEARCH_DOCUMENTS.partition(lake, day=today, market=MARKET))
    folder.mkdir(parents=True)
    with pq.ParquetWriter(folder / "part-0.parquet", pa.schema([("document", pa.string())])) as writer:
        rest = _texts(stock)
        while texts := list(islice(rest, ROW_GROUP)):
            writer.write_table(pa.table({"document": texts}))


def _texts(stock: Stock) -> Iterator[str]:
    vector = np.random.default_rng(SEED).normal(size=VECTOR).astype(np.float32).tolist()
    for document in documents(stock):
        yield orjson.dumps({**document, "vector": vector}).decode()


def _start(lake: str, how: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.column_start", lake, how]
    found: dict[str, float] = orjson.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603
    return found
