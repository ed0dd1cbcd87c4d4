"""The columns of a drawn marketplace without its documents: ten million of those would be 150 gigabytes.

What listings are is read from their documents, made and forgotten one after the other; their nights are those of the
pool's calendars, which are read from a document each.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.engines.documents import documents_of_rows, pooled_fields
from bench.engines.stock import POOL, Stock
from pipelines.column_build import Draft, opened, saved
from pipelines.writing import INCOMING
from search.columns.files import build_folder, room_in, seal
from search.columns.merging import Part, bits_of, flags_of, merged
from search.columns.store import BATCH, Columns
from search.columns.table import Table

ROWS: Final = 1 << 16
"""Listings of a draft."""
_held: dict[str, Any] = {}
"""What a worker was given when it began."""


def write_build(lake: str, stock: Stock, *, exported_at: datetime) -> None:
    """Write the columns into the lake, as the pipeline's step would have of the documents."""
    work = Path(lake) / INCOMING / "drawn"
    fresh, drafts = work / "build", work / "drafts"
    for folder in (fresh, drafts):
        folder.mkdir(parents=True)
    rows = list(stock.chunks(ROWS))
    places = [drafts / str(number) for number in range(len(rows))]
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_hold, initargs=(stock,)) as pool:
        made = list(pool.map(_draft, rows, places))
    whole = merged([opened(one) for one in made], room_in(fresh))
    shutil.rmtree(drafts)
    seal(fresh, whole, source="drawn", exports={"all": exported_at})
    target = build_folder(lake, made_at=exported_at)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(target)
    shutil.rmtree(work)


def drafted(stock: Stock, rows: slice, pool: Table) -> Part:
    """Columns of some listings.

    Parameters
    ----------
    pool
        Columns of which row n has the nights of calendar n (:func:`pool_of`).
    """
    count = rows.stop - rows.start
    columns = Columns.drafted(_batches(documents_of_rows(stock, rows)), listings=count, are_whole=False)
    return Part(_with_nights(columns.table, pool, stock.calendar[rows]), columns.words)


def pool_of(stock: Stock) -> Table:
    """Columns of one listing with each calendar of the pool."""
    (any_one,) = documents_of_rows(stock, slice(0, 1))
    told = ({**any_one, **fields} for fields in pooled_fields(stock))
    return Columns.drafted(_batches(told), listings=POOL).table


def _hold(stock: Stock) -> None:
    _held.update(stock=stock, pool=pool_of(stock))


def _draft(rows: slice, file: Path) -> Draft:
    return saved(drafted(_held["stock"], rows, _held["pool"]), file)


def _batches(documents: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(documents, BATCH)):
        yield batch


def _with_nights(table: Table, pool: Table, whose: NDArray[np.int16]) -> Table:
    """Take what follows from calendars from the pool."""
    nights, stays, prices = pool.nights, pool.stays, pool.prices

    def bits(column: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return bits_of(np.take(flags_of(column), whose, axis=1))

    return table._replace(
        nights=table.nights._replace(free=bits(nights.free), closed=bits(nights.closed)),
        stays=stays._replace(
            numbers=stays.numbers[whose],
            odd=bits(stays.odd),
            odd_from=stays.odd_from[whose],
            odd_count=stays.odd_count[whose],
        ),
        prices=table.prices._replace(
            usual=prices.usual[whose],
            nightly=np.take(prices.nightly, whose, axis=1),
            unit=prices.unit[whose],
            large=prices.large,
        ),
    )
