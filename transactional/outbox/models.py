"""Tables of the outbox and of the readers' places in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect, FetchedValue, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from transactional.kit.database import Base


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id: never wraps round, ordered by start of transaction."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Name of the type."""
        return "xid8"

    def bind_processor(self, dialect: Dialect) -> Callable[[int | None], str | None]:  # noqa: ARG002
        """As text, which PostgreSQL reads as the column's type: no integer casts to xid8."""
        return lambda value: None if value is None else str(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None]:  # noqa: ARG002
        """From the text that psycopg leaves it in."""
        return lambda value: None if value is None else int(value)


class OutboxEntry(Base):
    """A change, written in the transaction that made it.

    Readers go by (`xid`, `entry_id`) below the snapshot's xmin: identity numbers are given before
    commit, so reading past the last number would lose what commits late.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "xid", "entry_id"),)

    entry_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    xid: Mapped[int] = mapped_column(Xid8, FetchedValue(), server_default=text("pg_current_xact_id()"))
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    topic: Mapped[str]
    market_key: Mapped[str | None]
    listing_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]]


class OutboxCursor(Base):
    """How far a sink has read."""

    __tablename__ = "outbox_cursors"

    sink: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int] = mapped_column(Xid8)
    entry_id: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
