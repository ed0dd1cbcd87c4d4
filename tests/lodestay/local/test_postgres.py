"""The embedded PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.local.postgres import database_url as database_of


def test_speaks_tcp_with_a_password_and_keeps_fsync_on(postgres: str) -> None:
    """The server is version 18, durable, and reached over the loopback as the password's owner."""
    with psycopg.connect(postgres) as connection:
        assert connection.info.server_version // 10_000 == 18
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.info.hostaddr == "127.0.0.1"


def test_refuses_a_wrong_password(postgres: str) -> None:
    """Nobody gets in without the password, not even over the loopback."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres, password="wrong")


def test_each_test_has_a_database_of_its_own(database_url: str, postgres: str) -> None:
    """A fixture database is neither the platform's own nor the template."""
    assert database_url != postgres
    assert database_of(database_url, "lodestay") == postgres
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE left_behind ()")


async def test_session_reaches_the_same_database(session: AsyncSession, database_url: str) -> None:
    """The async session speaks to the test's own database."""
    assert (await session.execute(text("SELECT current_database()"))).scalar_one() == database_url.rpartition("/")[2]
