"""Sessions that block: the services as they are, without an event loop between them and PostgreSQL.

A statement through asyncio costs as much again in greenlets, waits and wake-ups. A worker process does one
transaction at a time instead, and the processes race with each other. What the services are given looks
like `AsyncSession` and awaits nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Final, Self, TypeVar, cast

import psycopg
from psycopg._preparing import PrepareManager
from sqlalchemy import Connection, Engine, TextClause, create_engine, event
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from bench.proof.direct import DirectConnection, columns_of
from transactional.kit.connections import PLANS_BY_KEY
from transactional.kit.database import driver_url
from transactional.kit.options import BRIEFLY_IDLE_MS, session_options

T = TypeVar("T")
NO_COLUMNS: Final = SimpleResultMetaData(())
KEPT: Final = 2_000
"""Statements that are remembered."""


@dataclass
class Statement:
    """A text statement as the driver takes it, with the columns that it was seen to give."""

    sql: str
    columns: SimpleResultMetaData | None = None


@dataclass(frozen=True)
class Place:
    """A connection, as SQLAlchemy has it and as its driver has it."""

    connection: Connection
    direct: DirectConnection

    @classmethod
    def open(cls, engine: Engine) -> Self:
        """Connect."""
        connection = engine.connect()
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        return cls(connection, DirectConnection(driver))


class InlineSession:
    """Stands for an `AsyncSession`; every method is done when it returns.

    Statements of text go to the driver as they are: what SQLAlchemy would do to their values, whose types a
    text does not name, is nothing. The few others go through a session of SQLAlchemy's on the same connection.
    """

    _statements: ClassVar[dict[str, Statement]] = {}

    def __init__(self, engine: Engine, free: list[Place]) -> None:
        self._engine = engine
        self._free = free
        self._place: Place | None = None
        self._mapped: Session | None = None

    async def execute(self, statement: Any, values: Any = None) -> Any:
        """Send a statement."""
        return self._send(statement, values)

    async def scalar(self, statement: Any, values: Any = None) -> Any:
        """Send a statement, first column of its first row."""
        return self._send(statement, values).scalar()

    async def scalars(self, statement: Any, values: Any = None) -> Any:
        """Send a statement, first columns of its rows."""
        return self._send(statement, values).scalars()

    async def get(self, *arguments: Any, **options: Any) -> Any:
        """Find a row by its key."""
        return self._session().get(*arguments, **options)

    async def commit(self) -> None:
        """Commit."""
        if self._mapped is not None:
            self._mapped.commit()
        if self._place is not None:
            with _as_sqlalchemy_says("COMMIT", None):
                self._place.direct.end(b"COMMIT")

    async def rollback(self) -> None:
        """Roll back."""
        self.close()

    def close(self) -> None:
        """Roll back what was not committed, and give the connection back if it can be used again."""
        place, self._place = self._place, None
        if self._mapped is not None:
            self._mapped.close()
            self._mapped = None
        if place is None:
            return
        with contextlib.suppress(psycopg.OperationalError):
            place.direct.end(b"ROLLBACK")
        if place.direct.driver.closed:
            place.connection.invalidate()
            place.connection.close()
        else:
            self._free.append(place)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, statement: Any, values: Any) -> Any:
        if not isinstance(statement, TextClause) or isinstance(values, list):
            return self._session().execute(statement, values)
        known, direct = self._known(statement), self._held().direct
        with _as_sqlalchemy_says(known.sql, values):
            result = direct.execute(known.sql, values)
        if not result.nfields:
            return IteratorResult(NO_COLUMNS, iter(()))
        if known.columns is None:
            known.columns = SimpleResultMetaData(columns_of(result))
        return IteratorResult(known.columns, iter(direct.rows(result)))

    def _held(self) -> Place:
        if self._place is None:
            self._place = self._free.pop() if self._free else Place.open(self._engine)
        return self._place

    def _session(self) -> Session:
        if self._mapped is None:
            self._mapped = Session(self._held().connection, expire_on_commit=False)
        return self._mapped

    def _known(self, statement: TextClause) -> Statement:
        known = self._statements.get(statement.text)
        if known is None:
            known = Statement(str(statement.compile(dialect=self._engine.dialect)))
            if len(self._statements) < KEPT:
                self._statements[statement.text] = known
        return known


@contextmanager
def _as_sqlalchemy_says(statement: str, values: Any) -> Iterator[None]:
    """Have the driver's errors look as the services know them."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, values, error, psycopg.Error) from error


class InlineSessions:
    """Stands for an `async_sessionmaker`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free: list[Place] = []

    def close(self) -> None:
        """Give the connections back."""
        while self._free:
            self._free.pop().connection.close()

    def __call__(self) -> InlineSession:
        """A session, to be used in `async with`."""
        return InlineSession(self._engine, self._free)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InlineSession]:
        """A transaction that commits at its end."""
        session = self()
        try:
            yield session
            await session.commit()
        finally:
            session.close()


class InlineExecutor(ThreadPoolExecutor):
    """Does at once what others would give to a thread: the lanes of a worker take turns by their seed alone."""

    def submit(self, work: Callable[..., T], /, *arguments: Any, **options: Any) -> Future[T]:
        """Do it."""
        done: Future[T] = Future()
        try:
            done.set_result(work(*arguments, **options))
        except Exception as error:  # noqa: BLE001 (it is whoever waits that is told)
            done.set_exception(error)
        return done


class KeptStatements(PrepareManager):
    """Prepared statements of SQLAlchemy's that outlive a rollback, as those of :class:`DirectConnection` do."""

    def clear(self) -> bool:
        """Keep them."""
        return False


@contextmanager
def open_sessions(database_url: str, *, lock_timeout_ms: int) -> Iterator[async_sessionmaker[AsyncSession]]:
    """Connections set up as :func:`transactional.kit.database.create_engine` does, closed at the end."""
    options = session_options(idle_in_transaction_ms=BRIEFLY_IDLE_MS, lock_timeout_ms=lock_timeout_ms)
    engine = create_engine(
        driver_url(database_url),
        pool_size=1,
        max_overflow=3,
        isolation_level="READ COMMITTED",
        connect_args={"options": f"{options} {PLANS_BY_KEY}"},
    )
    event.listen(engine, "connect", _keep_statements)
    sessions = InlineSessions(engine)
    yield cast("async_sessionmaker[AsyncSession]", sessions)
    sessions.close()
    engine.dispose()


def _keep_statements(connection: Any, _record: Any) -> None:
    connection._prepared = KeptStatements()  # noqa: SLF001 (psycopg has no setting for it)
    connection.prepared_max = 500
