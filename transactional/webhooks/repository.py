"""Queries on received messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.webhooks.rules import Message

SOURCE = "processor"
KEEP_TRYING = timedelta(days=30)
"""How long a message about an unknown object is looked at again; it is kept for good."""

_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_COLUMNS = "message_id, kind, object_id, occurred_at, body"
_ADD = text("""
    INSERT INTO webhook_messages
        (source, message_id, kind, object_id, occurred_at, received_at, body, status, attempts)
    VALUES (:source, :message_id, :kind, :object_id, :occurred_at, :now, CAST(:body AS jsonb), 'new', 0)
    ON CONFLICT DO NOTHING
    RETURNING message_id
""")
_CLAIM = text(f"""
    SELECT {_COLUMNS} FROM webhook_messages
    WHERE source = :source AND message_id = :message_id AND status IN ('new', 'parked')
    FOR NO KEY UPDATE
""")
_STATUS = text("SELECT status FROM webhook_messages WHERE source = :source AND message_id = :message_id")
_CLOSE = text("""
    UPDATE webhook_messages SET status = :status, note = :note, attempts = attempts + 1
    WHERE source = :source AND message_id = :message_id AND status IN ('new', 'parked')
""")
# A parked message is taken only once what it speaks of is there, so that those that wait for ever are
# not in the way of the others.
_WAITING = text(f"""
    WITH waiting AS (
        SELECT message_id, status, received_at, object_id,
               CASE WHEN split_part(body -> 'object' ->> 'key', ':', 1) ~ '{_UUID}'
                    THEN CAST(split_part(body -> 'object' ->> 'key', ':', 1) AS uuid) END AS number
        FROM webhook_messages
        WHERE source = :source AND status IN ('new', 'parked') AND received_at > :since
    ), ready AS (
        SELECT message_id FROM waiting
        WHERE status = 'new'
           OR EXISTS (SELECT FROM payments WHERE payments.processor_id = waiting.object_id)
           OR EXISTS (SELECT FROM payments WHERE payment_id = waiting.number)
           OR EXISTS (SELECT FROM refunds WHERE refund_id = waiting.number)
           OR EXISTS (SELECT FROM payouts WHERE payout_id = waiting.number)
        ORDER BY received_at LIMIT :limit
    )
    SELECT {_COLUMNS} FROM webhook_messages
    WHERE source = :source AND status IN ('new', 'parked') AND message_id IN (SELECT message_id FROM ready)
    ORDER BY received_at
    FOR NO KEY UPDATE SKIP LOCKED
""")


class MessageStatus(StrEnum):
    """What became of a message."""

    NEW = "new"
    APPLIED = "applied"
    IGNORED = "ignored"
    PARKED = "parked"


async def add(session: AsyncSession, message: Message, *, now: datetime) -> bool:
    """Keep a message; False where it was kept before."""
    values = {
        "source": SOURCE,
        "message_id": message.message_id,
        "kind": message.kind,
        "object_id": message.object_id,
        "occurred_at": message.occurred_at,
        "now": now,
        "body": orjson.dumps(message.body).decode(),
    }
    return (await session.execute(_ADD, values)).scalar_one_or_none() is not None


async def claim(session: AsyncSession, message_id: str) -> Message | None:
    """Lock a message that is still to be applied; None where somebody has."""
    row = (await session.execute(_CLAIM, _named(message_id))).mappings().one_or_none()
    return None if row is None else Message(**row)


async def claim_waiting(session: AsyncSession, *, now: datetime, limit: int) -> list[Message]:
    """Lock messages that can be applied now, longest waiting first; those that another has locked are left out."""
    values = {"source": SOURCE, "since": now - KEEP_TRYING, "limit": limit}
    return [Message(**row) for row in (await session.execute(_WAITING, values)).mappings()]


async def close(session: AsyncSession, message_id: str, status: MessageStatus, *, note: str | None) -> None:
    """Say what became of a message."""
    await session.execute(_CLOSE, _named(message_id) | {"status": status.value, "note": note})


async def status_of(session: AsyncSession, message_id: str) -> MessageStatus:
    """What became of a message so far."""
    return MessageStatus(await session.scalar(_STATUS, _named(message_id)))


def _named(message_id: str) -> dict[str, Any]:
    return {"source": SOURCE, "message_id": message_id}
