"""DuckDB: a column a day, so that a search reads the few columns of its dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.engines.rivals.laid_out import DAYS, OWN, TERMS, Calendars, Columns, listing_columns
from bench.engines.rivals.rival import NO_COLUMN, Built, Place, Rival, RivalAnswer, Wish
from bench.engines.rivals.sql import FACETS, answer_query, total
from bench.engines.stock import CODES, Stock
from search.histogram import EDGES
from search.request import SearchRequest

_CHUNK = 122_880
"""Listings that are written at once."""
_ROW_GROUP = 20_480
"""A sixth of what is usual: more of them lie outside of a search's bounds."""
_MEMORY = "8GB"
_WORD = 64
_WORDS = -(-len(CODES) // _WORD)
_UPPER = ", ".join(f"{edge - 1}" for edge in EDGES[1:])
_PLACE_OF = "CASE " + " ".join(f"WHEN {edge - 1} THEN {n}" for n, edge in enumerate(EDGES[1:])) + " END"
_HISTOGRAM = f"""
    SELECT 'histogram', CASE bin {_PLACE_OF.removeprefix("CASE ")}, held
    FROM (SELECT unnest(map_keys(bins)) AS bin, unnest(map_values(bins)) AS held
          FROM (SELECT histogram(total, [{_UPPER}]::BIGINT[]) AS bins FROM priced WHERE wanted))
    WHERE held > 0 AND bin < {EDGES[-1]}
"""
_AMENITIES = """
    SELECT 'amenities', code, count(*) FROM (SELECT unnest(amenities) AS code FROM results) GROUP BY code
"""


class DuckDb:
    """One wide table in a file.

    Parameters
    ----------
    path
        The file, which is not there yet.
    """

    name: ClassVar[str] = "DuckDB"
    most: ClassVar[int] = 1_000_000
    tuned: ClassVar[str] = (
        "One wide table, cities side by side so that row groups (of 20,480) are skipped by coordinates, four columns a "
        "day: the running sum of prices, the most nights of a stay that arrives (free ones in a row, within the "
        "maximum, none where closed to arrival), its minimum, and whether departure is closed. A stay is two sums and "
        "three small columns, whatever its length. Amenities are bits of 64-bit words to filter by, and lists to "
        "count. One statement, in process, on all cores."
    )
    missing: ClassVar[tuple[str, ...]] = (
        "an index: a search reads its columns of all row groups that its bounds do not rule out",
        "changes while searches run: a changed calendar rewrites four columns a day",
        "bounds across the date line",
        NO_COLUMN,
    )

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = duckdb.connect(config={"memory_limit": _MEMORY})
        self._connection.execute(f"ATTACH '{path}' AS rival (ROW_GROUP_SIZE {_ROW_GROUP})")
        self._connection.execute("USE rival")
        self._stock: Stock | None = None

    def load(self, stock: Stock) -> Built:
        """Write the table from Arrow, some listings at a time."""
        begun, calendars = perf_counter(), Calendars.of(stock)
        sums, longest = calendars.sums, calendars.longest
        for number, columns in enumerate(listing_columns(stock, _CHUNK)):
            part = _arrow(columns, calendars, sums, longest)
            self._connection.register("part", part)
            into = "INSERT INTO listings" if number else "CREATE TABLE listings AS"
            self._connection.execute(f"{into} SELECT * FROM part")
            self._connection.unregister("part")
        self._connection.execute("CHECKPOINT")
        self._stock = stock
        return Built(perf_counter() - begun, self._path.stat().st_size)

    def answer(self, request: SearchRequest) -> RivalAnswer:
        """Ask the one query."""
        if self._stock is None:
            raise LookupError("nothing is loaded")
        wish = Wish.of(self._stock, request)
        query = answer_query(_priced(wish), histogram=_HISTOGRAM, amenities=_AMENITIES)
        return RivalAnswer.of_rows(self._connection.execute(query, _values(wish)).fetchall())

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


@contextmanager
def open_rival(place: Place) -> Iterator[Rival]:
    """In a file of its own."""
    rival = DuckDb(place.folder / "rival.duckdb")
    try:
        yield rival
    finally:
        rival.close()


def _arrow(columns: Columns, calendars: Calendars, sums: NDArray[np.int32], longest: NDArray[np.int16]) -> pa.Table:
    """The wide table of some listings."""
    of = columns.calendar
    small = {name: getattr(columns, name) for name in OWN if name not in {"latitude", "longitude", "popularity"}}
    bits = np.packbits(columns.amenities, axis=1, bitorder="little")
    words = np.zeros((len(columns), _WORDS * _WORD // 8), np.uint8)
    words[:, : bits.shape[1]] = bits
    named: dict[str, Any] = {"listing_id": (columns.number + 1).astype(np.int32)}
    named |= {name: getattr(columns, name) for name in ("latitude", "longitude", "popularity")}
    named |= {name: values.astype(np.int16) for name, values in small.items()}
    named |= {f"word_{n}": word for n, word in enumerate(words.view(np.uint64).T.copy())}
    named["amenities"] = _lists(columns.amenities)
    named |= {"currency": calendars.currency[of]} | dict(zip(TERMS, calendars.terms[of].T.copy(), strict=True))
    by_day: Mapping[str, NDArray[np.generic]] = {
        "sum": sums,
        "longest": longest,
        "shortest": calendars.min_stay,
        "no_departure": calendars.no_departure,
    }
    for name, matrix in by_day.items():
        rows = matrix[of].T.copy()
        named |= {f"{name}_{day}": rows[day] for day in range(DAYS)}
    return pa.table({name: pa.array(values) for name, values in named.items()})


def _lists(flags: NDArray[np.bool_]) -> pa.Array:
    """What is set in each row, as lists."""
    ends = np.concatenate([[0], flags.sum(axis=1).cumsum()]).astype(np.int32)
    return pa.ListArray.from_arrays(ends, pa.array(flags.nonzero()[1].astype(np.uint8)))


def _priced(wish: Wish) -> str:
    """Who matches but for room type and price, with the total."""
    where = [
        "accommodates >= $guests AND bedrooms >= $bedrooms",
        f"longest_{wish.arrival} >= $nights AND shortest_{wish.arrival} <= $nights",
        f"NOT no_departure_{wish.departure}",
    ]
    if wish.bounds is not None:
        where.append("latitude BETWEEN $south AND $north AND longitude BETWEEN $west AND $east")
    where += [f"(word_{n // _WORD} >> {n % _WORD}) & 1 = 1" for n in wish.amenities]
    nights = f"(sum_{wish.departure} - sum_{wish.arrival})::BIGINT"
    exchanged = f"floor(({total(wish, 'nights', '//')}) * $factors[currency + 1] + 0.5)::BIGINT"
    kept = ", ".join(
        ("listing_id", "popularity", "amenities", FACETS, "service_fee_bps", "tax_bps", "currency", *TERMS)
    )
    return f"""
        SELECT *, total <= $highest AS cheap FROM (
            SELECT listing_id, popularity, amenities, {FACETS}, list_contains($rooms, room_type) AS wanted,
                   {exchanged} AS total
            FROM (SELECT {kept}, {nights} AS nights FROM listings WHERE {" AND ".join(where)})
        )
    """


def _values(wish: Wish) -> dict[str, object]:
    return wish.edges | {
        "factors": list(wish.factors),
        "rooms": list(wish.rooms),
        "nights": wish.nights,
        "guests": wish.guests,
        "bedrooms": wish.bedrooms,
        "highest": wish.highest,
    }
