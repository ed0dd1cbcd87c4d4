"""Statements sent through libpq itself: no cursor, no generator that waits, one transformer a connection.

A cursor of the driver's costs more than most of the proof's statements, whose answer a worker that blocks
waits for anyway. Values are written and read by the driver's own adapters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import psycopg
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

_GOOD: Final = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
Row = tuple[Any, ...]


class DirectConnection:
    """A connection of the driver's, spoken to past its cursors; every statement is prepared when first sent.

    Statements outlive a rollback: psycopg forgets them all at each, since it may have undone a change of a
    table; here no table changes, two operations of five are refused, and planning costs as much as executing.
    """

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self.driver = driver
        self._pg: PGconn = driver.pgconn
        self._adapters = Transformer(driver)
        self._names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}

    def execute(self, statement: str, values: Any) -> PGresult:
        """Run a statement, in a transaction that it begins if there is none.

        Raises
        ------
        psycopg.Error
            What the server refused it with, or that the server is gone.
        """
        if self._pg.transaction_status == TransactionStatus.IDLE:
            self._checked(self._pg.exec_(b"BEGIN"))
        query = PostgresQuery(self._adapters)
        query.convert(statement, values)
        key = (query.query, tuple(query.types))
        name = self._names.get(key)
        if name is None:
            name = b"direct_%d" % len(self._names)
            self._checked(self._pg.prepare(name, query.query, query.types))
            self._names[key] = name
        return self._checked(self._pg.exec_prepared(name, cast("Sequence[bytes] | None", query.params), query.formats))

    def rows(self, result: PGresult) -> list[Row]:
        """Rows of an answer, their values read."""
        self._adapters.set_pgresult(result)
        return self._adapters.load_rows(0, result.ntuples, tuple)

    def end(self, how: bytes) -> None:
        """End the transaction, if there is one, by COMMIT or ROLLBACK."""
        if self._pg.transaction_status != TransactionStatus.IDLE:
            self._checked(self._pg.exec_(how))

    def _checked(self, result: PGresult) -> PGresult:
        if result.status in _GOOD:
            return result
        if self._pg.status == ConnStatus.BAD:
            raise psycopg.OperationalError(result.error_message.decode(errors="replace"))
        raise error_from_result(result)


def columns_of(result: PGresult) -> list[str]:
    """Names of an answer's columns."""
    return [(result.fname(number) or b"").decode() for number in range(result.nfields)]
