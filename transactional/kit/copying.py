"""Bulk loads with PostgreSQL's COPY, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection, sql
from sqlalchemy.ext.asyncio import AsyncSession


async def copy_rows(session: AsyncSession, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Append rows to a table, many times faster than INSERT.

    Parameters
    ----------
    columns
        Names of the columns given, in the order of each row's values; dates, UUIDs and None go as they
        are, JSON as text.

    Returns
    -------
    int
        Rows written.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    connection = await driver_connection(session)
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)
            count += 1
    return count


async def driver_connection(session: AsyncSession) -> AsyncConnection[Any]:
    """Reach the psycopg connection under a session, in the same transaction."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    if not isinstance(connection, AsyncConnection):
        raise TypeError(f"COPY needs psycopg 3, not {type(connection).__name__}.")
    return connection
