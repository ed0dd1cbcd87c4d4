"""Idempotency keys: the same unsafe call, sent again, has its effect once and the same answer.

The row that remembers a call is written in the transaction of its effect: either both are there or
neither. So a call that fails leaves nothing behind, and may be sent again with the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.kit.errors import IdempotencyKeyInFlight, IdempotencyKeyReused, InvalidIdempotencyKey
from transactional.kit.models import IdempotencyKey

MAX_KEY_LENGTH = 255

# The lock is tried, not waited for: a second call that arrives while the first is at work is told so
# at once, and does not hold a connection until the first commits.
_CLAIM = text("""
    INSERT INTO idempotency_keys (actor, method, route, key, body_hash, created_at)
    SELECT :actor, :method, :route, :key, :body_hash, :now
    WHERE pg_try_advisory_xact_lock(hashtextextended(:lock_name, 0))
    ON CONFLICT DO NOTHING
    RETURNING key
""")


@dataclass(frozen=True, slots=True)
class Call:
    """An unsafe call: who called what, with which key and body.

    Attributes
    ----------
    actor
        Who calls; two callers never share a key.
    method, route
        What is called: the path as it was sent, since calls on two bookings are two calls.
    body_hash
        :func:`hash_body` of what was sent.
    """

    actor: str
    method: str
    route: str
    key: str
    body_hash: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.key) <= MAX_KEY_LENGTH or not self.key.isprintable():
            raise InvalidIdempotencyKey(
                f"An idempotency key has 1 to {MAX_KEY_LENGTH} printable characters; this one has {len(self.key)}.",
                hint="Send a fresh UUID as Idempotency-Key.",
            )

    @property
    def lock_name(self) -> str:
        """What the lock on the call is called, wherever it is tried."""
        return f"{self.actor}\x1f{self.method}\x1f{self.route}\x1f{self.key}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered: HTTP status and JSON body."""

    status: int
    body: dict[str, Any]


def hash_body(body: bytes) -> str:
    """Fingerprint (SHA-256) of a body, byte by byte."""
    return hashlib.sha256(body).hexdigest()


async def run_once(
    session: AsyncSession, call: Call, effect: Callable[[], Awaitable[Answer]], *, now: datetime
) -> tuple[Answer, bool]:
    """Have the effect, or find the answer that it had.

    Parameters
    ----------
    effect
        Does the work in this session and says what to answer. What it raises goes through and, as the
        edge rolls back, nothing is remembered.

    Returns
    -------
    Answer
        The first execution's, always.
    bool
        Whether it was found, not made.

    Raises
    ------
    IdempotencyKeyReused
        The key came before with another body.
    IdempotencyKeyInFlight
        The first call with this key is still at work.
    """
    found = await begin(session, call, now=now)
    if found is not None:
        return found, True
    answer = await effect()
    await finish(session, call, answer)
    return answer, False


async def begin(session: AsyncSession, call: Call, *, now: datetime) -> Answer | None:
    """Claim the key for this transaction, or find the answer of an earlier one (see :func:`run_once`)."""
    claim = await session.execute(
        _CLAIM,
        {
            "actor": call.actor,
            "method": call.method,
            "route": call.route,
            "key": call.key,
            "body_hash": call.body_hash,
            "now": now,
            "lock_name": call.lock_name,
        },
    )
    if claim.scalar_one_or_none() is not None:
        return None
    row = (
        await session.execute(
            select(IdempotencyKey.body_hash, IdempotencyKey.status, IdempotencyKey.response).where(*_is(call))
        )
    ).one_or_none()
    if row is None:
        raise in_flight()
    if row.body_hash != call.body_hash:
        raise key_reused()
    # Committed with its effect, a row has its answer: `finish` ran in the same transaction.
    return Answer(int(row.status), row.response or {})


def in_flight() -> IdempotencyKeyInFlight:
    """What to say of a call whose first sending is not answered yet."""
    return IdempotencyKeyInFlight(
        "The first call with this idempotency key is still at work.", hint="Send it again in a second."
    )


def key_reused() -> IdempotencyKeyReused:
    """What to say of a call whose key came with another body."""
    return IdempotencyKeyReused(
        "This idempotency key came before with another body.", hint="Send a new key with a new request."
    )


async def finish(session: AsyncSession, call: Call, answer: Answer) -> None:
    """Remember the answer of a claimed call."""
    await session.execute(
        update(IdempotencyKey).where(*_is(call)).values(status=answer.status, response=answer.body),
        execution_options={"synchronize_session": False},
    )


async def prune(session: AsyncSession, *, before: datetime) -> int:
    """Forget the calls made before an instant (at least a day ago, or replays run twice); say how many."""
    result = await session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.created_at < before).returning(IdempotencyKey.key),
        execution_options={"synchronize_session": False},
    )
    return len(result.all())


def _is(call: Call) -> tuple[Any, ...]:
    return (
        IdempotencyKey.actor == call.actor,
        IdempotencyKey.method == call.method,
        IdempotencyKey.route == call.route,
        IdempotencyKey.key == call.key,
    )
