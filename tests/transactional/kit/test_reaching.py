"""A database that is away is named with the way to start it; what it says while it is there is passed on as it is."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from lodestay.errors import ServiceUnavailable, SetupIncomplete
from lodestay.settings import get_settings
from transactional.cli import app as core
from transactional.imports.cli import app as imports
from transactional.kit.reaching import connected, opened
from transactional.kit.sqlstate import is_away

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
FULL = "DO $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$"


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (core, ["migrate"]),
        (core, ["rates"]),
        (core, ["markets"]),
        (imports, ["import", "rejects", "01a20564-54ff-77bc-aae9-3dbb188d2690"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_every_command_names_a_database_that_is_away(
    app: object, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error with its hint, and no driver's own."""
    monkeypatch.setenv("LODESTAY_DATABASE_URL", NOWHERE)
    get_settings.cache_clear()
    with pytest.raises(ServiceUnavailable, match="PostgreSQL does not answer") as away:
        CliRunner().invoke(app, words, catch_exceptions=False)  # type: ignore[arg-type]
    get_settings.cache_clear()
    assert "lodestay up" in str(away.value.hint)
    assert "\n" not in away.value.detail


def test_a_connection_that_is_cut_is_named(database_url: str) -> None:
    """The server ends it in the middle of a block."""
    with pytest.raises(ServiceUnavailable), connected(database_url) as connection:
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_session_that_is_cut_is_named(database_url: str) -> None:
    """The same through SQLAlchemy."""
    with pytest.raises(ServiceUnavailable):
        async with opened(database_url, lock_timeout_ms=1_000) as sessions, sessions.begin() as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_database_without_tables_is_named(postgres: str) -> None:
    """Of an earlier version, or of none: the command that mends it is told."""
    with pytest.raises(SetupIncomplete, match="lacks tables") as bare, connected(postgres) as connection:
        connection.execute("SELECT FROM bookings")
    assert "lodestay migrate" in str(bare.value.hint)


async def test_a_full_disk_is_not_called_away(database_url: str) -> None:
    """An operational error of a server that answers stays what it is, whoever asked."""
    with pytest.raises(psycopg.errors.DiskFull) as full, connected(database_url) as connection:
        connection.execute(FULL)
    with pytest.raises(DBAPIError) as wrapped:
        async with opened(database_url, lock_timeout_ms=1_000) as sessions, sessions.begin() as session:
            await session.execute(text(FULL))
    assert not is_away(full.value)
    assert not is_away(wrapped.value)


def _fail_in_a_block(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.execute("CREATE TABLE half (n int)")
        raise KeyError


def test_a_block_that_fails_leaves_nothing(database_url: str) -> None:
    """What was written in it is rolled back, and what ends well is kept."""
    with pytest.raises(KeyError):
        _fail_in_a_block(database_url)
    with connected(database_url) as connection:
        connection.execute("CREATE TABLE whole (n int)")
    with connected(database_url) as connection:
        found = connection.execute("SELECT to_regclass('half'), to_regclass('whole')").fetchone()
    assert found == (None, "whole")
