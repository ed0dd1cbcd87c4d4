"""Reaching PostgreSQL from a command: opened and closed in one place, and named where it does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.errors import ServiceUnavailable, SetupIncomplete
from transactional.kit.database import create_engine, session_factory
from transactional.kit.options import LONG_IDLE_MS, session_options
from transactional.kit.sqlstate import NOT_MIGRATED, is_away, sqlstate

CONNECT_SECONDS = 10


@contextmanager
def connected(database_url: str, *, idle_in_transaction_ms: int = LONG_IDLE_MS) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection that commits at the end of the block, or rolls back where it fails.

    Parameters
    ----------
    idle_in_transaction_ms
        As of :func:`~transactional.kit.options.session_options`.

    Raises
    ------
    ServiceUnavailable
        PostgreSQL does not answer, or stops doing so within the block.
    SetupIncomplete
        It was never migrated, or not to this version.
    """
    options = session_options(idle_in_transaction_ms=idle_in_transaction_ms)
    with (
        told_to_a_person(),
        psycopg.connect(database_url, connect_timeout=CONNECT_SECONDS, options=options) as connection,
    ):
        yield connection


@asynccontextmanager
async def opened(database_url: str, *, lock_timeout_ms: int) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Make sessions, one at a time, until the block ends; the errors of :func:`connected`."""
    engine = create_engine(
        database_url, pool_size=1, lock_timeout_ms=lock_timeout_ms, idle_in_transaction_ms=LONG_IDLE_MS
    )
    try:
        with told_to_a_person():
            yield session_factory(engine)
    finally:
        await engine.dispose()


@contextmanager
def told_to_a_person() -> Iterator[None]:
    """Say what a person can mend, PostgreSQL away or without tables; leave all else as the driver says it."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        if sqlstate(error) in NOT_MIGRATED:
            raise SetupIncomplete(
                "The database lacks tables, or columns, of this version of Lodestay.", hint="Run `lodestay migrate`."
            ) from error
        if not is_away(error):
            raise
        said = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
        raise ServiceUnavailable(
            f"PostgreSQL does not answer: {said}", hint="Start the local services with `lodestay up`."
        ) from error
