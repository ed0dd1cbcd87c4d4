"""The table of received webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class WebhookMessage(Base):
    """A message of a payment processor whose signature was right, kept under its own number.

    `parked` messages speak of an object that is not known yet; they are tried again when it is.
    """

    __tablename__ = "webhook_messages"
    __table_args__ = (
        CheckConstraint("status IN ('new','applied','ignored','parked')", name="status"),
        Index("ix_webhook_messages_waiting", "received_at", postgresql_where="status IN ('new','parked')"),
        Index(None, "object_id"),
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    object_id: Mapped[str]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]
    status: Mapped[str]
    attempts: Mapped[int]
    note: Mapped[str | None]
