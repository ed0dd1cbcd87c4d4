"""Features of all listings in memory, for a process that ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lodestay.lake import LISTING_FEATURES, newest_files, read_files
from ml.arrays import lookup
from ml.listing_features import SCHEMA


class ListingColumns:
    """A row a listing, found by its id.

    Parameters
    ----------
    table
        Rows of `ml.listing_features.SCHEMA`; a listing twice counts with its last row.
    """

    def __init__(self, table: pa.Table) -> None:
        ids = table["listing_id"].to_numpy()
        _, last = np.unique(ids[::-1], return_index=True)
        rows = np.sort(len(ids) - 1 - last)
        self._table = table.select(SCHEMA.names).take(rows).combine_chunks()
        self._ids = self._table["listing_id"].to_numpy().astype(np.int64)

    def __len__(self) -> int:
        return len(self._ids)

    @classmethod
    def read(cls, lake: str) -> ListingColumns:
        """The newest day of every market in the lake; empty where there are no features yet."""
        files = newest_files(LISTING_FEATURES, lake)
        return cls(read_files(files, SCHEMA) if files else SCHEMA.empty_table())

    def take(self, listing_ids: Sequence[int] | NDArray[np.int64]) -> pa.Table:
        """Rows of these listings, in order; a listing that is not known has nulls beside its id."""
        wanted = np.asarray(listing_ids, dtype=np.int64)
        rows, found = lookup(self._ids, wanted)
        taken = self._table.take(pa.array(rows, mask=~found))
        return taken.set_column(0, SCHEMA.field("listing_id"), pa.array(wanted))
