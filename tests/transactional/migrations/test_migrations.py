"""The migrations make the tables that the code expects, and can be undone."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from psycopg import sql

from lodestay.local.postgres import database_url as database_of
from transactional.kit.metadata import metadata
from transactional.migrations.run import alembic_config, upgrade


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """Address of a database without a schema."""
    name = "test_migrations"
    with psycopg.connect(database_of(postgres, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield database_of(postgres, name)
    with psycopg.connect(database_of(postgres, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def tables_in(database_url: str) -> set[str]:
    """Names of the tables that are there."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in rows} - {"alembic_version"}


def test_up_down_up_leaves_no_difference(empty_database: str) -> None:
    """From nothing to the newest schema, back to nothing and up again: the models find no difference."""
    upgrade(empty_database)
    assert tables_in(empty_database) == set(metadata.tables)
    command.downgrade(alembic_config(empty_database), "base")
    assert tables_in(empty_database) == set()
    upgrade(empty_database)
    command.check(alembic_config(empty_database))
