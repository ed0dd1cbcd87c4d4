"""Asking the warehouse: one query, its columns and rows, or a clear error.

DuckDB can confine a connection to a folder, but not to reading it: what would write there (`COPY … TO`)
is refused here, before it runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import duckdb

from lodestay.errors import LodestayError
from warehouse.connection import SOURCES
from warehouse.errors import EmptyLake, InvalidQuery, NoSuchRelation
from warehouse.models import load_models

_NO_TABLE: Final = re.compile(r'Catalog Error: Table with name "?(?P<name>[^"\s]+)"? does not exist')
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
    NoSuchRelation
        It reads a relation that is none of ours.
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
        raise _unknown(connection, sql, str(error).splitlines()[0]) from error
    except duckdb.Error as error:
        raise InvalidQuery(str(error).splitlines()[0], hint=_HINT) from error
    columns = tuple(name for name, *_ in cursor.description or ())
    return QueryResult(columns, tuple(rows[:limit]), len(rows) > limit)


def _unknown(connection: duckdb.DuckDBPyConnection, sql: str, message: str) -> LodestayError:
    """What a name that DuckDB does not know is: not built yet, a slip, or no name of a relation at all."""
    found = _NO_TABLE.match(message)
    if found is None:
        return InvalidQuery(message, hint="Check the names in the query.")
    name = _as_written(found["name"], sql)
    ours = (*(f"lake.{source}" for source in SOURCES), *(model.relation for model in load_models()))
    if name.lower() in ours:
        known = ", ".join(relations(connection)) or "none yet"
        return EmptyLake(f"{name} has not been written.", hint=f"`lodestay pipeline` does; there are: {known}.")
    meant = f"Did you mean {' or '.join(near)}? " if (near := _near(name.lower(), ours)) else ""
    return NoSuchRelation(f"There is no relation {name}.", hint=f"{meant}`lodestay tables` lists them all.", near=near)


def _as_written(name: str, sql: str) -> str:
    """The name with the schema before it, which DuckDB leaves out where there is such a schema."""
    written = re.search(rf'(?:\w+\.)*"?{re.escape(name)}\b', sql, re.IGNORECASE)
    return written[0].replace('"', "") if written else name


def _near(name: str, ours: Sequence[str]) -> list[str]:
    """Relations of ours that are like a name; one without its schema is held to those without theirs."""
    if "." in name:
        return get_close_matches(name, ours, n=3, cutoff=0.75)
    bare = {relation.partition(".")[2]: relation for relation in ours}
    return [bare[each] for each in get_close_matches(name, bare, n=3, cutoff=0.75)]


def relations(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Qualified names of everything that can be queried."""
    rows = connection.execute(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables "
        "WHERE table_schema IN ('lake', 'staging', 'marts') ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]
