"""Tables of import runs and of the rows they refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class ImportRun(Base):
    """One import of a snapshot; `fingerprint` is the hash of the files it read."""

    __tablename__ = "import_runs"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    market_key: Mapped[str] = mapped_column(ForeignKey("markets.market_key"))
    snapshot_date: Mapped[date]
    fingerprint: Mapped[str]
    summary: Mapped[dict[str, Any]]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ImportReject(Base):
    """A row that was left out: where it stood and why. The row itself may name people, so it is not kept."""

    __tablename__ = "import_rejects"
    __table_args__ = (Index(None, "run_id"),)

    reject_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_runs.run_id"))
    file: Mapped[str]
    line: Mapped[int]
    column_name: Mapped[str | None]
    reason: Mapped[str]
    value: Mapped[str | None]
