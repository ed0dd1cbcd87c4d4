"""Statements and transactions that nobody waits for are ended by PostgreSQL, and let go of what they locked."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg.pq.abc import PGconn
from sqlalchemy import text

from transactional.kit.connections import QuickConnection
from transactional.kit.database import create_engine, session_factory
from transactional.kit.options import session_options
from transactional.kit.reaching import connected

Admin = psycopg.Connection[tuple[object, ...]]
LONG = b"SELECT pg_sleep(120)"
ASKED = (
    "SELECT current_setting('client_connection_check_interval'),"
    " current_setting('idle_in_transaction_session_timeout'), current_setting('TimeZone')"
)
PATIENCE_SECONDS = 30.0
"""Many times the two seconds after which the server looks; the machine may be busy."""


@pytest.fixture
def admin(postgres: str) -> Iterator[Admin]:
    """A connection that sees what the server is at."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        yield connection


def vanish(connection: PGconn) -> None:
    """End a connection as the end of its process would: the socket closes, and not a word is said."""
    with socket.socket(fileno=os.dup(connection.socket)) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def is_at_work(admin: Admin, pid: int) -> bool:
    """Whether the server still has the process."""
    return admin.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid]).rowcount == 1


def becomes(state: Callable[[], bool]) -> bool:
    """Whether something comes to be in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (there := state()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return there


def dying(address: str, options: str = "") -> int:
    """Begin a long statement and vanish; the process of the server that is at it."""
    with closing(psycopg.connect(address, autocommit=True, options=options)) as connection:
        connection.pgconn.send_query(LONG)
        vanish(connection.pgconn)
        return connection.info.backend_pid


def test_a_long_statement_ends_with_its_client(postgres: str, admin: Admin) -> None:
    """It ends soon after its client; one of a connection without our options goes on meanwhile."""
    unwatched = dying(postgres)
    watched = dying(postgres, session_options(idle_in_transaction_ms=0))
    assert becomes(lambda: not is_at_work(admin, watched))
    assert is_at_work(admin, unwatched), "the control: it would be there for two minutes"
    admin.execute("SELECT pg_terminate_backend(%s)", [unwatched])


async def test_every_way_to_connect_asks_for_it(postgres: str) -> None:
    """Commands may think for long between two statements, services may not."""
    with connected(postgres) as command:
        assert command.execute(ASKED).fetchone() == ("2s", "1h", "UTC")
    engine = create_engine(postgres, pool_size=1, lock_timeout_ms=1_000)
    async with session_factory(engine)() as session:
        assert tuple((await session.execute(text(ASKED))).one()) == ("2s", "1min", "UTC")
    await engine.dispose()
    quick = await QuickConnection.open(postgres, {"asked": f"AS {ASKED}"}, lock_timeout_ms=1_000, patience=10)
    assert await quick.call(b"asked", ()) == [b"2s", b"1min", b"UTC"]
    quick.close()


def test_a_transaction_that_says_nothing_is_ended(postgres: str, admin: Admin) -> None:
    """Its client is there, and stuck: what it locked is free again."""
    options = session_options(idle_in_transaction_ms=100, lock_timeout_ms=1_000)
    stuck = psycopg.connect(postgres, options=options)
    stuck.execute("SELECT pg_advisory_xact_lock(4711)")
    assert becomes(lambda: not is_at_work(admin, stuck.info.backend_pid))
    stuck.close()
