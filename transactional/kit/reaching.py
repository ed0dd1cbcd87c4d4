"""Reaching PostgreSQL from a command: opened and closed in one place, and named where it does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.errors import ServiceUnavailable
from transactional.kit.database import create_engine, session_factory
from transactional.kit.sqlstate import is_away

CONNECT_SECONDS = 10


@contextmanager
def connected(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection that commits at the end of the block, or rolls back where it fails.

    Raises
    ------
    ServiceUnavailable
        PostgreSQL does not answer, or stops doing so within the block.
    """
    with named_where_away(), psycopg.connect(database_url, connect_timeout=CONNECT_SECONDS) as connection:
        yield connection


@asynccontextmanager
async def opened(database_url: str, *, lock_timeout_ms: int) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Make sessions, one at a time, until the block ends; :class:`ServiceUnavailable` as of :func:`connected`."""
    engine = create_engine(database_url, pool_size=1, lock_timeout_ms=lock_timeout_ms)
    try:
        with named_where_away():
            yield session_factory(engine)
    finally:
        await engine.dispose()


@contextmanager
def named_where_away() -> Iterator[None]:
    """Turn a driver's word that PostgreSQL is away into one for a person; anything else it says stays as it is."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        if not is_away(error):
            raise
        said = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
        raise ServiceUnavailable(
            f"PostgreSQL does not answer: {said}", hint="Start the local services with `lodestay up`."
        ) from error
