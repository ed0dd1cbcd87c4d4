"""The calendar file: a row a listing and night, more than a million in a city, hence columns all the way.

Every column is read as a dictionary of few distinct texts, so that each text is understood once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from lodestay.snapshot import NIGHTS, Reject
from lodestay.stay import MAX_NIGHTS
from transactional.imports.errors import UnreadableSource
from transactional.imports.inside_airbnb import values
from transactional.imports.inside_airbnb.files import read_bytes, require_columns
from transactional.imports.inside_airbnb.rows import nameless

REQUIRED: Final = ("listing_id", "date", "available")
_OPTIONAL: Final = ("price", "minimum_nights", "maximum_nights")
HINT: Final = "Download the city's calendar.csv.gz again."
BELONGING: Final = 0.5
"""Share of a file's listings that must be among the city's; below, it is another city's file."""

NOT_IMPORTED: Final = "listing not imported"
"""Reason: the row is of a listing that the listings file does not have, or that was left out."""

_TEXT: Final = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class CalendarRows:
    """What the calendar file says.

    Attributes
    ----------
    nights
        ``lodestay.snapshot.NIGHTS``.
    rows
        Rows of the file.
    """

    nights: pa.Table
    rows: int
    rejects: list[Reject]


@dataclass(frozen=True)
class _Column:
    """A column as numbers: `values` by row, `known` where there is one, `bad` where it cannot be read."""

    values: NDArray[Any]
    known: NDArray[np.bool_]
    bad: NDArray[np.bool_]


def read_calendar(path: Path, *, listing_ids: list[str], currency: str) -> CalendarRows:
    """Read the calendar of the listings.

    Raises
    ------
    UnreadableSource
        Cut off, not CSV, without a column it needs, or of another city.
    """
    table, broken = _read(path)
    rejects = [Reject(path.name, line, None, "wrong number of fields", None) for line in broken]
    require_members(path, table["listing_id"], listing_ids)
    listing = members(table["listing_id"], listing_ids)
    lines = _lines(len(table), broken)

    def column(name: str, parse: Callable[[str], Any], dtype: Any) -> _Column:
        return _parse(table[name], parse, dtype)

    night = column("date", values.day, "datetime64[D]")
    free = column("available", values.flag, np.bool_)
    price = column("price", partial(values.nightly_price, currency=currency), np.int64)
    shortest = column("minimum_nights", _nights, np.int32)
    longest = column("maximum_nights", _nights, np.int32)

    unusable: NDArray[np.bool_] = np.zeros(len(table), dtype=np.bool_)

    def reject(rows: NDArray[np.bool_], name: str, reason: str) -> None:
        held = table[name].take(pa.array(np.flatnonzero(rows))).cast(pa.string()).to_pylist()
        rejects.extend(
            Reject(path.name, int(line), name, reason, nameless(raw or ""))
            for line, raw in zip(lines[rows], held, strict=True)
        )

    for name, reason, rows in (
        ("listing_id", NOT_IMPORTED, listing < 0),
        ("date", "not a date", ~night.known),
        ("available", "neither t nor f", ~free.known),
    ):
        reject(rows & ~unusable, name, reason)
        unusable |= rows
    twice = _twice(listing, night.values, unusable)
    reject(twice, "date", "night stands twice in the file")
    unusable |= twice
    for name, reason, rows in (
        ("price", "price is zero or not a price", price.bad),
        ("minimum_nights", "not a number of nights", shortest.bad),
        ("maximum_nights", "not a number of nights", longest.bad),
    ):
        reject(rows & ~unusable, name, reason)

    keep = ~unusable
    if not keep.any():
        problem = f"none of its {len(table) + len(broken):,} rows can be read as a night."
        raise UnreadableSource(path, problem, hint=f"{HINT} Or take the file away: nothing can be booked then.")
    ids = pa.array(listing_ids, pa.string())
    closed = pa.array(np.zeros(int(keep.sum()), dtype=np.bool_))
    nights = pa.table(
        [
            ids.take(pa.array(listing[keep])),
            pa.array(night.values[keep]).cast(pa.date32()),
            pa.array(free.values[keep]),
            pa.array(price.values[keep], mask=~price.known[keep]),
            pa.array(shortest.values[keep], mask=~shortest.known[keep]),
            pa.array(longest.values[keep], mask=~longest.known[keep]),
            closed,
            closed,
        ],
        schema=NIGHTS,
    )
    return CalendarRows(nights=nights, rows=len(table) + len(broken), rejects=rejects)


def _read(path: Path) -> tuple[pa.Table, list[int]]:
    """Read the columns as texts, with the numbers of records that have too few or too many fields."""
    raw = read_bytes(path)
    header = raw.partition(b"\n")[0].decode("utf-8-sig", errors="replace").strip().replace('"', "").split(",")
    require_columns(path, header, REQUIRED, hint=HINT)
    columns = [name for name in (*REQUIRED, *_OPTIONAL) if name in header]
    try:
        table, broken = _read_columns(raw, columns, threads=True)
        if broken:  # Only a single thread knows the numbers of the records.
            table, broken = _read_columns(raw, columns, threads=False)
    except pa.ArrowException as problem:
        raise UnreadableSource(path, f"not a CSV file ({problem}).", hint=HINT) from problem
    for name in _OPTIONAL:
        if name not in header:
            nothing = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(table), np.int32)), pa.array([""]))
            table = table.append_column(name, nothing)
    return table.unify_dictionaries(), broken


def _read_columns(raw: bytes, columns: Sequence[str], *, threads: bool) -> tuple[pa.Table, list[int]]:
    broken: list[int] = []

    def skip(row: csv.InvalidRow) -> str:
        broken.append(row.number or 0)
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(raw),
        read_options=csv.ReadOptions(use_threads=threads, block_size=8 << 20),
        parse_options=csv.ParseOptions(invalid_row_handler=skip),
        convert_options=csv.ConvertOptions(include_columns=columns, column_types=dict.fromkeys(columns, _TEXT)),
    )
    return table, broken


def _lines(rows: int, broken: list[int]) -> NDArray[np.int64]:
    """Line of each good row, in a file whose header is line 1 and whose broken lines are known."""
    return np.setdiff1d(np.arange(2, rows + len(broken) + 2), broken, assume_unique=True)


def members(column: pa.ChunkedArray, known: list[str]) -> NDArray[np.int64]:
    """Place of each text among the known ones, -1 where it is none of them."""
    texts = column.combine_chunks()
    places = pc.fill_null(pc.index_in(texts.dictionary, pa.array(known, pa.string())), -1)
    return np.asarray(places.to_numpy(zero_copy_only=False)[texts.indices.to_numpy()], dtype=np.int64)


def require_members(path: Path, listing_ids: pa.ChunkedArray, known: list[str]) -> None:
    """Stop where most listings of a file are not the city's: then it is another city's file."""
    ids = pc.unique(listing_ids).dictionary
    strangers = ids.filter(pc.invert(pc.is_in(ids, pa.array(known, pa.string()))))
    if len(strangers) > (1 - BELONGING) * len(ids):
        raise UnreadableSource(
            path,
            f"of another city or date: {len(strangers):,} of its {len(ids):,} listings are not in the listings file.",
            hint="Put the files of one city and one date into the folder.",
        )


def _parse(column: pa.ChunkedArray, parse: Callable[[str], Any], dtype: Any) -> _Column:
    """Understand each distinct text once."""
    texts = column.combine_chunks()
    size = len(texts.dictionary)
    meant, known, bad = np.zeros(size, dtype), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    for place, text in enumerate(texts.dictionary.to_pylist()):
        try:
            value = parse(text)
        except ValueError:
            bad[place] = True
        else:
            if value is not None:
                meant[place], known[place] = value, True
    rows = texts.indices.to_numpy()
    return _Column(meant[rows], known[rows], bad[rows])


def _nights(raw: str) -> int | None:
    number = values.count(raw)
    if number is not None and number < 1:
        raise ValueError("not a number of nights")
    return number if number is None else min(number, MAX_NIGHTS)


def _twice(listing: NDArray[np.int64], night: NDArray[np.datetime64], unusable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether an earlier row says the same listing and night."""
    usable = np.flatnonzero(~unusable)
    key = (listing[usable] << 32) + night[usable].astype(np.int64)
    _, first = np.unique(key, return_index=True)
    twice = np.zeros(len(listing), np.bool_)
    twice[usable] = True
    twice[usable[first]] = False
    return twice
