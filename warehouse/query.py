"""Asking the warehouse: one query, its columns and rows, or a clear error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.errors import EmptyLake, InvalidQuery


@dataclass(frozen=True)
class QueryResult:
    """Rows of a query, at most `limit` of them; `is_cut` says that there were more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool


def run_query(connection: duckdb.DuckDBPyConnection, sql: str, *, limit: int) -> QueryResult:
    """Run one statement.

    Raises
    ------
    InvalidQuery
        It is not valid SQL, or reads what the warehouse does not hold.
    EmptyLake
        It reads a relation of ours that has not been built yet.
    """
    try:
        cursor = connection.execute(sql)
        rows = cursor.fetchmany(limit + 1)
    except duckdb.CatalogException as error:
        if any(f"{schema}." in sql for schema in ("lake", "staging", "marts")):
            known = ", ".join(relations(connection)) or "none yet"
            raise EmptyLake(str(error).splitlines()[0], hint=f"Relations there are: {known}.") from error
        raise InvalidQuery(str(error).splitlines()[0], hint="Check the names in the query.") from error
    except duckdb.Error as error:
        raise InvalidQuery(str(error).splitlines()[0], hint="Send one SELECT over staging.* or marts.*.") from error
    columns = tuple(name for name, *_ in cursor.description or ())
    return QueryResult(columns, tuple(rows[:limit]), len(rows) > limit)


def relations(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Qualified names of everything that can be queried."""
    rows = connection.execute(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables "
        "WHERE table_schema IN ('lake', 'staging', 'marts') ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]
