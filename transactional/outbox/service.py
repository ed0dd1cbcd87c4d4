"""Note a change in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.outbox.topics import Topic

_RECORD = text("""
    INSERT INTO outbox (topic, market_key, listing_id, payload)
    VALUES (:topic, :market_key, :listing_id, CAST(:payload AS jsonb))
""")


async def record(
    session: AsyncSession, topic: Topic, *, market_key: str | None, listing_id: int | None, payload: Mapping[str, Any]
) -> None:
    """Write an outbox entry; it is there exactly when the caller's transaction commits.

    Parameters
    ----------
    payload
        What the change was about: numbers, texts and dates, never a person's data. It tells a reader
        what to look at; what holds now is to be read from the tables.
    """
    await session.execute(
        _RECORD,
        {
            "topic": topic.value,
            "market_key": market_key,
            "listing_id": listing_id,
            "payload": orjson.dumps(dict(payload)).decode(),
        },
    )
