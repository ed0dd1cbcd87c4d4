"""PostgreSQL: one row a listing with its year in it, and a GiST index on the place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
import psycopg
from numpy.typing import NDArray

from bench.engines.rivals.laid_out import OWN, TERMS, Calendars, listing_columns, spans
from bench.engines.rivals.rival import NO_COLUMN, Built, Place, Rival, RivalAnswer, Wish
from bench.engines.rivals.sql import FACETS, answer_query, total
from bench.engines.stock import Stock
from search.histogram import EDGES
from search.request import SearchRequest

_CHUNK = 20_000
_NUMBERS = tuple(name for name in OWN if name not in {"latitude", "longitude", "popularity"})
_POOLED = ("currency", *TERMS, "max_stay", "free", "min_stay", "no_arrival", "no_departure", "sums")
_PLAIN = ("free", "min_stay", "no_arrival", "no_departure", "sums", "amenities")
_TABLE = f"""
    DROP SCHEMA IF EXISTS rival CASCADE;
    CREATE SCHEMA rival;
    CREATE UNLOGGED TABLE rival.listings (
        listing_id int PRIMARY KEY, place point NOT NULL, popularity float8 NOT NULL, amenities smallint[] NOT NULL,
        {", ".join(f"{name} int NOT NULL" for name in (*_NUMBERS, "currency", *TERMS, "max_stay"))},
        free int4multirange NOT NULL, min_stay bytea NOT NULL, no_arrival smallint[] NOT NULL,
        no_departure smallint[] NOT NULL, sums int[] NOT NULL
    ) WITH (toast_tuple_target = 8160);
    {" ".join(f"ALTER TABLE rival.listings ALTER {name} SET STORAGE PLAIN;" for name in _PLAIN)}
"""
_INDEX = """
    SET maintenance_work_mem = '1GB';
    CREATE INDEX ON rival.listings USING gist (place);
    VACUUM (ANALYZE) rival.listings;
"""
_HISTOGRAM = """
    SELECT 'histogram', width_bucket(total, %(edges)s::bigint[]) - 1, count(*) FROM priced WHERE wanted GROUP BY 2
"""
_AMENITIES = "SELECT 'amenities', code, count(*) FROM results, unnest(amenities) AS code GROUP BY code"
_SESSION = ("SET jit = off", "SET work_mem = '256MB'", "SET max_parallel_workers_per_gather = 2")


class Postgres:
    """Everything of a listing in one row, rows of a city together.

    Parameters
    ----------
    connection
        Commits by itself.
    """

    name: ClassVar[str] = "PostgreSQL"
    most: ClassVar[int] = 1_000_000
    tuned: ClassVar[str] = (
        "One row a listing, rows of a city side by side: free nights as `int4multirange`, running sums of the nights' "
        "prices as an array, minimum stays as bytes, none of it compressed or moved out of the row. A GiST index on "
        "the place (`point`, since PostGIS is not in the embedded server). One statement counts everything from one "
        "materialised match: `GROUPING SETS`, `width_bucket`, `unnest`. The table is not logged, compilation is off, "
        "there are two parallel workers, 256 MB to sort in and the server's 256 MB of shared buffers (the system's "
        "cache holds the rest), and each search is planned for its own bounds. An index on free nights was left out: "
        "on most dates more than half of the listings are free, and of a row's multirange GiST sees the ends alone."
    )
    missing: ClassVar[tuple[str, ...]] = (
        "distances and shapes on the globe (no PostGIS)",
        "bounds across the date line",
        NO_COLUMN,
    )

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._stock: Stock | None = None

    def load(self, stock: Stock) -> Built:
        """Write the table by COPY, then its index."""
        begun, calendars = perf_counter(), Calendars.of(stock)
        sums = calendars.sums
        pooled = [_pooled_text(calendars, sums, number) for number in range(len(calendars))]
        names = ", ".join(("listing_id", "place", "popularity", "amenities", *_NUMBERS, *_POOLED))
        self._connection.execute(_TABLE.encode())
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY rival.listings ({names}) FROM STDIN".encode()) as copy,
        ):
            for columns in listing_columns(stock, _CHUNK):
                for calendar, own, amenities in columns.rows():
                    copy.write(f"{_own_text(own, amenities)}\t{pooled[calendar]}\n")
        for statement in (*_INDEX.split(";")[:-1], *_SESSION):
            self._connection.execute(statement.encode())
        row = self._connection.execute("SELECT pg_total_relation_size('rival.listings')").fetchone()
        if row is None:
            raise LookupError("a relation has a size")
        self._stock = stock
        return Built(perf_counter() - begun, row[0])

    def answer(self, request: SearchRequest) -> RivalAnswer:
        """Ask the one query."""
        if self._stock is None:
            raise LookupError("nothing is loaded")
        wish = Wish.of(self._stock, request)
        query = answer_query(_priced(wish), histogram=_HISTOGRAM, amenities=_AMENITIES)
        return RivalAnswer.of_rows(self._connection.execute(query.encode(), _values(wish), prepare=False))


@contextmanager
def open_rival(place: Place) -> Iterator[Rival]:
    """In a schema of its own, dropped at the end of the block."""
    with psycopg.connect(place.database_url, autocommit=True) as connection:
        yield Postgres(connection)
        connection.execute("DROP SCHEMA IF EXISTS rival CASCADE")


def _own_text(own: dict[str, int | float], amenities: list[int]) -> str:
    codes = ",".join(map(str, amenities))
    numbers = "\t".join(str(own[name]) for name in _NUMBERS)
    place = f"({own['longitude']},{own['latitude']})"
    return f"{own['listing_id']}\t{place}\t{own['popularity']!r}\t{{{codes}}}\t{numbers}"


def _pooled_text(calendars: Calendars, sums: NDArray[np.int32], number: int) -> str:
    """What the rows of a calendar share, as COPY reads it, in the order of its columns."""
    closed = (np.flatnonzero(flags[number]) for flags in (calendars.no_arrival, calendars.no_departure))
    free = ",".join(f"[{first},{end})" for first, end in spans(calendars.free[number]))
    least = calendars.min_stay[number].astype("uint8").tobytes().hex()
    arrays = ("{" + ",".join(map(str, values.tolist())) + "}" for values in (*closed, sums[number]))
    numbers = (calendars.currency[number], *calendars.terms[number], calendars.max_stay[number])
    return "\t".join([*map(str, numbers), "{" + free + "}", f"\\\\x{least}", *arrays])


def _priced(wish: Wish) -> str:
    """Who matches but for room type and price, with the total."""
    where = [
        "accommodates >= %(guests)s AND bedrooms >= %(bedrooms)s AND max_stay >= %(nights)s",
        "free @> int4range(%(arrival)s, %(departure)s) AND get_byte(min_stay, %(arrival)s) <= %(nights)s",
        "%(arrival)s <> ALL (no_arrival) AND %(departure)s <> ALL (no_departure)",
    ]
    if wish.bounds is not None:
        where.append("place <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))")
    if wish.amenities:
        where.append("amenities @> %(amenities)s::smallint[]")
    nights = "(sums[%(departure)s + 1] - sums[%(arrival)s + 1])::bigint"
    exchanged = f"floor(({total(wish, 'nights', '/')}) * (%(factors)s::float8[])[currency + 1] + 0.5)::bigint"
    return f"""
        SELECT *, total <= %(highest)s AS cheap FROM (
            SELECT listing_id, popularity, amenities, {FACETS}, room_type = ANY (%(rooms)s) AS wanted,
                   {exchanged} AS total
            FROM (SELECT *, {nights} AS nights FROM rival.listings WHERE {" AND ".join(where)}) AS matching
        ) AS exchanged
    """


def _values(wish: Wish) -> dict[str, object]:
    return wish.edges | {
        "edges": list(EDGES),
        "factors": list(wish.factors),
        "rooms": list(wish.rooms),
        "amenities": list(wish.amenities),
        "arrival": wish.arrival,
        "departure": wish.departure,
        "nights": wish.nights,
        "guests": wish.guests,
        "bedrooms": wish.bedrooms,
        "highest": wish.highest,
    }
