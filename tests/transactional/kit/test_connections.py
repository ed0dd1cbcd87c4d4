"""Connections for calls of one statement: lent, waited for, replaced when they break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from lodestay.errors import ServiceUnavailable
from transactional.kit.connections import QuickConnection, QuickConnections

STATEMENTS = {
    "shout": "(text) AS SELECT upper($1), NULL WHERE $1 <> ''",
    "backend": "AS SELECT pg_backend_pid()",
    "divide": "(integer) AS SELECT 1 / $1",
    "doze": "AS SELECT pg_sleep(30)",
    "settings": "AS SELECT current_setting('transaction_isolation'), current_setting('timezone')",
    "long": "AS SELECT repeat('x', 1000000)",
}


@pytest.fixture
async def connections(postgres: str) -> AsyncIterator[QuickConnections]:
    """Two connections at most, and little patience."""
    connections = QuickConnections(postgres, STATEMENTS, size=2, lock_timeout_ms=1_000, patience=0.2)
    yield connections
    connections.close()


async def backend(connection: QuickConnection) -> bytes:
    """Which server process it speaks to."""
    row = await connection.call(b"backend", ())
    assert row is not None
    assert row[0] is not None
    return row[0]


async def test_a_call_gives_a_row_as_text_or_none(connections: QuickConnections) -> None:
    """Values and columns are texts; null is None; no row is None; a long answer comes whole."""
    async with connections.connection() as connection:
        assert await connection.call(b"shout", (b"hey",)) == [b"HEY", None]
        assert await connection.call(b"shout", (b"",)) is None
        assert await connection.call(b"shout", (None,)) is None
        assert await connection.call(b"long", ()) == [b"x" * 1_000_000]
        assert await connection.call(b"settings", ()) == [b"read committed", b"UTC"]


async def test_a_connection_is_used_again_also_after_a_refused_call(connections: QuickConnections) -> None:
    """What the server refuses is the driver's own error, by its SQLSTATE; the connection is as good as before."""
    async with connections.connection() as connection:
        first = await backend(connection)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await connection.call(b"divide", (b"0",))
    async with connections.connection() as connection:
        assert await backend(connection) == first


async def test_who_comes_when_all_are_at_work_waits_and_is_served_in_order(connections: QuickConnections) -> None:
    """Two are lent; the third and the fourth wait for them, first come first served."""
    one, two = await connections.acquire(), await connections.acquire()
    served: list[str] = []

    async def use(name: str) -> None:
        async with connections.connection():
            served.append(name)

    waiting = [asyncio.create_task(use(name)) for name in ("third", "fourth")]
    await asyncio.sleep(0)
    assert served == []
    connections.release(one)
    connections.release(two)
    await asyncio.gather(*waiting)
    assert served == ["third", "fourth"]


async def test_patience_ends(connections: QuickConnections) -> None:
    """Where none comes in time the caller is told to try again, and no place is lost."""
    one, two = await connections.acquire(), await connections.acquire()
    with pytest.raises(ServiceUnavailable):
        await connections.acquire()
    connections.release(one)
    connections.release(two)
    async with connections.connection(), connections.connection():
        pass


@pytest.mark.parametrize("just_as_it_is_served", [False, True])
async def test_who_gives_up_waiting_passes_the_place_on(
    connections: QuickConnections, *, just_as_it_is_served: bool
) -> None:
    """A caller that is cancelled while it waits takes no place along, not even one it had just been given."""
    one, two = await connections.acquire(), await connections.acquire()
    waiting = asyncio.create_task(connections.acquire())
    await asyncio.sleep(0)
    if just_as_it_is_served:
        connections.release(one)
    waiting.cancel()
    [served] = await asyncio.gather(waiting, return_exceptions=True)
    if isinstance(served, QuickConnection):  # the cancellation came too late for Python 3.11
        connections.release(served)
    if not just_as_it_is_served:
        connections.release(one)
    connections.release(two)
    async with connections.connection(), connections.connection():
        pass


async def test_a_connection_that_broke_is_replaced(connections: QuickConnections, postgres: str) -> None:
    """The call that meets it fails; the next has another; one that broke while idle is not noticed twice."""
    async with connections.connection() as connection:
        first = await backend(connection)
        end_backend(postgres, first)
        with pytest.raises(psycopg.OperationalError):
            await connection.call(b"doze", ())
    async with connections.connection() as connection:
        second = await backend(connection)
        assert second != first


async def test_connections_that_broke_while_idle_are_nobodys_trouble(
    connections: QuickConnections, postgres: str
) -> None:
    """Their sockets' numbers go to others, who are heard as before; the next calls work, and no place is lost."""
    async with connections.connection() as one, connections.connection() as two:
        ended = [await backend(one), await backend(two)]
    for pid in ended:
        end_backend(postgres, pid)
    async with asyncio.timeout(10):
        while one.is_idle or two.is_idle:  # noqa: ASYNC110 (nobody says so)
            await asyncio.sleep(0.01)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        strangers = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        for _ in range(3):
            async with connections.connection() as first, connections.connection() as second:
                assert {await backend(first), await backend(second)}.isdisjoint(ended)
        for reader, writer in strangers:
            writer.write(b"still here\n")
            assert await asyncio.wait_for(reader.readline(), 5) == b"still here\n"
            writer.close()


async def test_a_call_that_is_cancelled_leaves_its_connection_to_nobody(connections: QuickConnections) -> None:
    """Its answer would be taken for another's."""
    connection = await connections.acquire()
    first = await backend(connection)
    dozing = asyncio.create_task(connection.call(b"doze", ()))
    await asyncio.sleep(0.05)
    dozing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dozing
    connections.release(connection)
    async with connections.connection() as other:
        assert await backend(other) != first


async def test_a_server_that_is_away_takes_no_place(postgres: str) -> None:
    """Nobody listens: each call fails at once, also the one after as many as there are places."""
    away = QuickConnections("postgresql://a:b@127.0.0.1:9/c", STATEMENTS, size=1, lock_timeout_ms=1_000, patience=2)
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError):
            await away.acquire()


def end_backend(postgres: str, pid: bytes) -> None:
    """Have the server end one of its processes."""
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [int(pid)])


async def test_a_connection_whose_opener_gave_up_is_the_next_ones(
    connections: QuickConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened to its end, and given out; no other is begun, and no place is lost."""
    opened: list[QuickConnection] = []
    whole = QuickConnection.open

    async def slowly(*arguments: Any, **options: Any) -> QuickConnection:
        await asyncio.sleep(0.1)
        opened.append(await whole(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(QuickConnection, "open", slowly)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connections.acquire(), 0.05)
        await asyncio.sleep(0.3)
        assert len(opened) == 1
        assert await connections.acquire() is opened[0]
        connections.release(opened[0])
        opened[0].close()  # the second time it has broken, and is opened anew
        opened.clear()
    async with connections.connection(), connections.connection():
        pass


async def test_what_is_given_back_after_the_end_is_closed(connections: QuickConnections) -> None:
    """Nobody would close it any more."""
    connection = await connections.acquire()
    connections.close()
    connections.release(connection)
    assert not connection.is_idle
