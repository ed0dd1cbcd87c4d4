"""Arrow tables into temporary tables of PostgreSQL, by COPY."""

from __future__ import annotations

import io
from datetime import date
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Connection, sql
from pyarrow import csv

_TYPES: Final = {
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.int32(): "bigint",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.list_(pa.string()): "text[]",
}
_CHUNK_ROWS: Final = 100_000


def copy_in(connection: Connection[Any], name: str, table: pa.Table) -> None:
    """Make the temporary table `name`, which goes with the transaction, and fill it."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_type(field.type))) for field in table.schema
    )
    identifier = sql.Identifier(name)
    connection.execute(sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(identifier, columns))
    with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(identifier)) as copy:
        for chunk in _flat(table).to_batches(max_chunksize=_CHUNK_ROWS):
            buffer = io.BytesIO()
            csv.write_csv(chunk, buffer, csv.WriteOptions(include_header=False))
            copy.write(buffer.getvalue())
    connection.execute(sql.SQL("ANALYZE {}").format(identifier))


def _type(kind: pa.DataType) -> str:
    return "numeric" if pa.types.is_decimal(kind) else _TYPES[kind]


def _flat(table: pa.Table) -> pa.Table:
    """Lists as array literals: their items are codes, which need no quotes."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            joined = pc.binary_join(table[field.name], ",")
            literal = pc.binary_join_element_wise("{", joined, "}", "")
            table = table.set_column(place, field.name, literal)
        elif pa.types.is_string(field.type):
            # PostgreSQL's text cannot hold a zero byte.
            table = table.set_column(place, field.name, pc.replace_substring(table[field.name], "\0", ""))
    return table


def move_dates(table: pa.Table, days: int) -> pa.Table:
    """Add days to every date column."""
    if not days:
        return table
    for place, field in enumerate(table.schema):
        if pa.types.is_date32(field.type):
            moved = pc.add(table[field.name].cast(pa.int32()), pa.scalar(days, pa.int32())).cast(pa.date32())
            table = table.set_column(place, field, moved)
    return table


def last_day(column: pa.ChunkedArray) -> date | None:
    """Latest date of a column."""
    latest = pc.max(column).as_py()
    return latest if isinstance(latest, date) else None
