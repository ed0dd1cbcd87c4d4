"""What the simulator knew and the log does not say: kept apart, for honest evaluation only."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from lodestay.lake import TRUTH_SESSIONS, Dataset, Layer

TRUTH_LISTINGS: Final = Dataset(Layer.TRUTH, "listings", ("market",))
"""A row a synthetic listing by source_id: :data:`simulation.supply.LATENT`."""

SESSIONS: Final = pa.schema(
    [
        pa.field("search_id", pa.string(), nullable=False),
        pa.field("session_id", pa.string(), nullable=False),
        pa.field("guest_key", pa.string(), nullable=False),
        pa.field("segment", pa.string(), nullable=False),
        pa.field("listing_id", pa.int64(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("exploration", pa.bool_(), nullable=False),
        # Probability that the guest looked at the position, whatever stood there: the propensity.
        pa.field("examination", pa.float64(), nullable=False),
        # Probability of a click once looked at; of click and booking once looked at, alone.
        pa.field("attraction", pa.float64(), nullable=False),
        pa.field("relevance", pa.float64(), nullable=False),
        pa.field("utility", pa.float64(), nullable=False),
        pa.field("quality", pa.float64(), nullable=False),
        pa.field("clicked", pa.bool_(), nullable=False),
        pa.field("booked", pa.bool_(), nullable=False),
    ]
)
"""A row a listing shown: rows of `TRUTH_SESSIONS`."""


def is_played(lake: str, *, day: date, market: str) -> bool:
    """Whether a day of a market has been played: its truth is written last."""
    return Path(TRUTH_SESSIONS.partition(lake, day=day, market=market)).is_dir()


def write_sessions(lake: str, table: pa.Table, *, day: date, market: str) -> None:
    """Write the truth of a day of a market."""
    _swap_in(table, Path(TRUTH_SESSIONS.partition(lake, day=day, market=market)))


def write_latent(lake: str, latent: pa.Table, *, market: str) -> None:
    """Keep the latent truth of a synthetic market's listings."""
    _swap_in(latent, Path(TRUTH_LISTINGS.path(lake)) / f"market={market}")


def read_latent(lake: str, *, market: str) -> pa.Table | None:
    """Read the latent truth of a market's listings; None where none was kept."""
    path = Path(TRUTH_LISTINGS.path(lake)) / f"market={market}" / "part.parquet"
    return pq.read_table(path, partitioning=None) if path.is_file() else None


def _swap_in(table: pa.Table, partition: Path) -> None:
    """Put a partition in place whole: a reader sees the old one or the new one."""
    partition.parent.mkdir(parents=True, exist_ok=True)
    beside = partition.with_name(f".{partition.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    pq.write_table(table, beside / "part.parquet")
    if partition.is_dir():
        shutil.rmtree(partition)
    beside.rename(partition)
