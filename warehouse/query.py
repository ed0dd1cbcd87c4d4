"""Asking the warehouse: one query, its columns and rows, or a clear error.

DuckDB can confine a connection to a folder, but not to reading it: what would write there (`COPY … TO`)
is refused here, before it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import duckdb

from warehouse.errors import EmptyLake, InvalidQuery

_HINT: Final = "Send one SELECT over staging.* or marts.*."


@dataclass(frozen=True)
class QueryResult:
    """Rows of a query, at most `limit` of them; `is_cut` says that there were more."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool


def run_query(connection: duckdb.DuckDBPyConnection, sql: str, *, limit: int) -> QueryResult:
    """Run one statement that reads.

    Raises
    ------
    InvalidQuery
        It is not valid SQL, reads what the warehouse does not hold, or is not one SELECT (nor what DuckDB
        takes for one: SHOW, DESCRIBE, SUMMARIZE, VALUES).
    EmptyLake
        It reads a relation of ours that has not been built yet.
    """
    try:
        statements = connection.extract_statements(sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise InvalidQuery("That is not one statement that only reads.", hint=_HINT)
        cursor = connection.execute(statements[0])
        rows = cursor.fetchmany(limit + 1)
    except duckdb.CatalogException as error:
        if any(f"{schema}." in sql for schema in ("lake", "staging", "marts")):
            known = ", ".join(relations(connection)) or "none yet"
            raise EmptyLake(str(error).splitlines()[0], hint=f"Relations there are: {known}.") from error
        raise InvalidQuery(str(error).splitlines()[0], hint="Check the names in the query.") from error
    except duckdb.Error as error:
        raise InvalidQuery(str(error).splitlines()[0], hint=_HINT) from error
    columns = tuple(name for name, *_ in cursor.description or ())
    return QueryResult(columns, tuple(rows[:limit]), len(rows) > limit)


def relations(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Qualified names of everything that can be queried."""
    rows = connection.execute(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables "
        "WHERE table_schema IN ('lake', 'staging', 'marts') ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]
