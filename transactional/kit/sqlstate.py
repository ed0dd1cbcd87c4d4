"""What PostgreSQL says went wrong, as a code and the name of a constraint."""

from __future__ import annotations

from enum import StrEnum

import psycopg
from sqlalchemy.exc import DBAPIError


class SqlState(StrEnum):
    """The SQLSTATE codes that have a meaning for a caller."""

    EXCLUSION_VIOLATION = "23P01"
    UNIQUE_VIOLATION = "23505"
    DEADLOCK_DETECTED = "40P01"
    SERIALIZATION_FAILURE = "40001"
    LOCK_NOT_AVAILABLE = "55P03"
    UNDEFINED_TABLE = "42P01"
    UNDEFINED_COLUMN = "42703"


CONTENTION = frozenset({SqlState.DEADLOCK_DETECTED, SqlState.SERIALIZATION_FAILURE, SqlState.LOCK_NOT_AVAILABLE})
"""Somebody else was at it: the same call may succeed when it is sent again."""

NOT_MIGRATED = frozenset({SqlState.UNDEFINED_TABLE, SqlState.UNDEFINED_COLUMN})
"""The database is not of this version."""

AWAY = ("08", "57P", "53300")
"""How SQLSTATEs of a server begin that is away, going or coming, or has no connection left."""


DatabaseError = (DBAPIError, psycopg.Error)
"""What a statement fails with, through SQLAlchemy or straight from the driver."""


def sqlstate(error: DBAPIError | psycopg.Error) -> str | None:
    """SQLSTATE of a database error, where the server gave one."""
    return getattr(_cause(error), "sqlstate", None)


def named(error: DBAPIError | psycopg.Error) -> str:
    """A database error's type and SQLSTATE: what may be kept of it, without the statement and the row's values."""
    state = sqlstate(error)
    return type(error).__name__ if state is None else f"{type(error).__name__} (SQLSTATE {state})"


def is_away(error: DBAPIError | psycopg.Error) -> bool:
    """Whether the server cannot be reached; a connection that never was has no code at all."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = _cause(error)
    state = getattr(cause, "sqlstate", None)
    if state is None:
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return str(state).startswith(AWAY)


def violated_constraint(error: DBAPIError | psycopg.Error) -> str | None:
    """Name of the constraint that refused a row."""
    diagnosis = getattr(_cause(error), "diag", None)
    return getattr(diagnosis, "constraint_name", None)


def _cause(error: DBAPIError | psycopg.Error) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error
