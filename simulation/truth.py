"""What the simulator knew and the log does not say: kept apart, for honest evaluation only."""

from __future__ import annotations

from datetime import date
from typing import Final

import pyarrow as pa

from lodestay.lake import TRUTH_SESSIONS, Dataset, Layer
from simulation.lake_files import delete, exists, read_parquet, write_parquet

TRUTH_LISTINGS: Final = Dataset(Layer.TRUTH, "listings", ("market",))
"""A row a synthetic listing by source_id: :data:`simulation.supply.LATENT`."""

_FILE: Final = "part-0.parquet"

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
    """Whether a day of a market has been played: its truth is the mark."""
    return exists(_sessions_file(lake, day, market))


def write_sessions(lake: str, table: pa.Table, *, day: date, market: str) -> None:
    """Write the truth of a day of a market."""
    write_parquet(table, _sessions_file(lake, day, market))


def forget_sessions(lake: str, *, day: date, market: str) -> None:
    """Take the mark of a played day away."""
    delete(_sessions_file(lake, day, market))


def write_latent(lake: str, latent: pa.Table, *, market: str) -> None:
    """Keep the latent truth of a synthetic market's listings."""
    write_parquet(latent, _latent_file(lake, market))


def read_latent(lake: str, *, market: str) -> pa.Table | None:
    """Read the latent truth of a market's listings; None where none was kept."""
    path = _latent_file(lake, market)
    return read_parquet(path) if exists(path) else None


def _sessions_file(lake: str, day: date, market: str) -> str:
    return f"{TRUTH_SESSIONS.partition(lake, day=day, market=market)}/{_FILE}"


def _latent_file(lake: str, market: str) -> str:
    return f"{TRUTH_LISTINGS.path(lake)}/market={market}/{_FILE}"
