"""Features of all listings in memory, for a process that ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lodestay.lake import LISTING_FEATURES, newest_files, read_files
from ml.arrays import Floats, floats
from ml.listing_features import LABELS, NUMBERS, SCHEMA

Ids = Sequence[int] | NDArray[np.int64]


class ListingColumns:
    """A row a listing, found by its id: numbers side by side, so that five hundred listings are five hundred reads.

    Parameters
    ----------
    table
        Rows of `ml.listing_features.SCHEMA`; a listing twice counts with its last row.
    """

    def __init__(self, table: pa.Table) -> None:
        ids = table["listing_id"].to_numpy()
        known, last = np.unique(ids[::-1], return_index=True)
        rows = len(ids) - 1 - last
        self._ids = known.astype(np.int64)
        self._labels = table.select(LABELS).take(rows).combine_chunks()
        # One row more, of the listings that are not known.
        self._numbers = np.full((len(rows) + 1, len(NUMBERS)), np.nan)
        for place, name in enumerate(NUMBERS):
            self._numbers[:-1, place] = floats(table, name)[rows]

    def __len__(self) -> int:
        return len(self._ids)

    @classmethod
    def read(cls, lake: str) -> ListingColumns:
        """The newest day of every market in the lake; empty where there are no features yet."""
        files = newest_files(LISTING_FEATURES, lake)
        return cls(read_files(files, SCHEMA) if files else SCHEMA.empty_table())

    def numbers(self, listing_ids: Ids) -> Floats:
        """(n, len(NUMBERS)) of these listings, in order; NaN for what is not known."""
        return np.asarray(self._numbers[self._rows(np.asarray(listing_ids, np.int64))], np.float64)

    def take(self, listing_ids: Ids) -> pa.Table:
        """Rows of these listings, in order; a listing that is not known has nulls beside its id."""
        wanted = np.asarray(listing_ids, np.int64)
        rows = self._rows(wanted)
        labels = self._labels.take(pa.array(rows, mask=rows == len(self)))
        numbers = [pa.array(column, from_pandas=True) for column in self._numbers[rows].T]
        return pa.table([pa.array(wanted), *labels.columns, *numbers], schema=SCHEMA)

    def _rows(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row of each listing; the last one where it is not known."""
        if not len(self):
            return np.zeros(len(wanted), np.int64)
        places = np.minimum(np.searchsorted(self._ids, wanted), len(self) - 1)
        return np.where(self._ids[places] == wanted, places, len(self))
