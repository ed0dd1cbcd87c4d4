"""The database: naming of constraints, column types, the engine and the session."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, LargeBinary, MetaData, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from transactional.kit.options import BRIEFLY_IDLE_MS, KEEPALIVES, session_options

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table: constraint names are fixed so that a violation can be mapped to a fact."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        date: Date,
        datetime: DateTime(timezone=True),
        Decimal: Numeric,
        UUID: Uuid,
        bytes: LargeBinary,
        list[str]: ARRAY(Text),
        list[int]: ARRAY(BigInteger),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
    }


def driver_url(database_url: str) -> str:
    """Name the psycopg 3 driver in a ``postgresql://`` address, whatever alias it came with."""
    _, _, rest = database_url.partition("://")
    return f"postgresql+psycopg://{rest}"


def create_engine(
    database_url: str, *, pool_size: int, lock_timeout_ms: int, idle_in_transaction_ms: int = BRIEFLY_IDLE_MS
) -> AsyncEngine:
    """Open a pool of connections in READ COMMITTED and UTC.

    Parameters
    ----------
    pool_size
        Connections kept; eight saturate two cores.
    lock_timeout_ms, idle_in_transaction_ms
        As of :func:`~transactional.kit.options.session_options`.
    """
    options = session_options(idle_in_transaction_ms=idle_in_transaction_ms, lock_timeout_ms=lock_timeout_ms)
    return create_async_engine(
        driver_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # values are people's data, and a statement's error goes into logs
        connect_args={"options": options, **KEEPALIVES},
    )


def session_factory(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Make sessions; whoever opens one commits it (an endpoint, a command, a job), nobody below."""
    return async_sessionmaker(engine, expire_on_commit=False)
