"""Tables of users and host profiles. No name, address or contact of an imported person is kept."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class User(Base):
    """Somebody who can hold a token: a guest, a host, an administrator or several of these."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("roles <@ ARRAY['guest','host','admin']", name="roles"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    roles: Mapped[list[str]]
    locale: Mapped[str] = mapped_column(server_default="en")
    currency: Mapped[str] = mapped_column(server_default="EUR")
    identity_verified: Mapped[bool] = mapped_column(server_default="false")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class HostProfile(Base):
    """What guests see of a host; `source_key` is the pseudonym of the host in the source it came from.

    `languages` are ISO 639 codes, by the host's own word; empty: nothing is known.
    """

    __tablename__ = "host_profiles"
    __table_args__ = (UniqueConstraint("source", "source_key"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.user_id"), primary_key=True)
    source: Mapped[str]
    source_key: Mapped[str]
    host_since: Mapped[date | None]
    response_hours: Mapped[int | None]
    response_rate_bps: Mapped[int | None]
    acceptance_rate_bps: Mapped[int | None]
    is_superhost: Mapped[bool] = mapped_column(server_default="false")
    identity_verified: Mapped[bool] = mapped_column(server_default="false")
    languages: Mapped[list[str]] = mapped_column(server_default="{}")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
