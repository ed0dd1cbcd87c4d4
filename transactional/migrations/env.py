"""Alembic's environment: the address comes from the caller or from the settings, never from a file."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.dialects.postgresql.base import ischema_names

from lodestay.settings import get_settings
from transactional.kit.database import driver_url
from transactional.kit.metadata import metadata
from transactional.kit.options import LONG_IDLE_MS, session_options
from transactional.outbox.models import Xid8

ischema_names["xid8"] = Xid8  # SQLAlchemy's reflection does not know the type


def run(connection: Connection) -> None:
    """Migrate over an open connection, in one transaction."""
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Migrate the database that the caller or the settings name."""
    given = context.config.attributes.get("database_url") or context.config.get_main_option("sqlalchemy.url")
    engine = create_engine(
        driver_url(given or get_settings().require_database_url()),
        poolclass=pool.NullPool,
        connect_args={"options": session_options(idle_in_transaction_ms=LONG_IDLE_MS)},
    )
    with engine.connect() as connection:
        run(connection)
    engine.dispose()


main()
