"""Queries on sagas and their steps.

Who moves a saga shows the lease it has: a worker that was slow, and whose saga another has taken, changes
nothing any more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.sagas.errors import LeaseLost, SagaNotFound
from transactional.sagas.records import COLUMNS, SagaRecord, Seller, StepRecord, UnfinishedSaga
from transactional.sagas.rules import UNFINISHED

_COLUMNS = ", ".join(f"sagas.{name}" for name in COLUMNS)
_UNFINISHED = "('" + "','".join(UNFINISHED) + "')"

_LOCK_BOOKING = text("SELECT booking_id FROM bookings WHERE booking_id = :booking_id FOR NO KEY UPDATE")
_SELLER = text("""
    SELECT l.host_id, m.host_fee_bps
    FROM bookings b JOIN listings l USING (listing_id) JOIN markets m USING (market_key)
    WHERE b.booking_id = :booking_id
""")
_SET_PAYOUT = text("""
    UPDATE payouts SET amount_minor = :minor, updated_at = :now
    WHERE booking_id = :booking_id AND status IN ('scheduled','failed')
""")
_DUE_PAYOUTS = text(f"""
    SELECT booking_id FROM payouts
    WHERE status = 'scheduled' AND due_at <= :now
      AND NOT EXISTS (
          SELECT FROM sagas WHERE sagas.booking_id = payouts.booking_id AND kind = 'payout' AND status IN {_UNFINISHED}
      )
      AND (CAST(:among AS uuid[]) IS NULL OR booking_id = ANY(CAST(:among AS uuid[])))
    ORDER BY due_at LIMIT :limit
""")
# A booking that somebody is changing is left for the next time: nobody is waited for, so there is no deadlock.
_LOCK_BOOKINGS = text("""
    SELECT booking_id FROM bookings WHERE booking_id = ANY(CAST(:among AS uuid[]))
    FOR NO KEY UPDATE SKIP LOCKED
""")
_ADD = text("""
    INSERT INTO sagas (saga_id, kind, booking_id, status, step, data, attempts, created_at, updated_at,
                       next_attempt_at, deadline_at)
    VALUES (:saga_id, :kind, :booking_id, :status, :step, CAST(:data AS jsonb), 0, :now, :now, :now, :deadline_at)
""")
# The oldest of a booking's sagas goes first and alone. A lease counts as an attempt that is due when it
# ends, so that `next_attempt_at` tells a wake-up that came meanwhile.
_CLAIM = text(f"""
    WITH due AS MATERIALIZED (
        SELECT saga_id FROM sagas
        WHERE status IN {_UNFINISHED} AND next_attempt_at <= :now
          AND (leased_until IS NULL OR leased_until <= :now)
          AND (CAST(:booking_id AS uuid) IS NULL OR booking_id = :booking_id)
          AND NOT EXISTS (
              SELECT FROM sagas other
              WHERE other.booking_id = sagas.booking_id AND other.saga_id <> sagas.saga_id
                AND other.status IN {_UNFINISHED}
                AND (other.saga_id < sagas.saga_id OR other.leased_until > :now)
          )
        ORDER BY next_attempt_at LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE sagas SET leased_until = :lease, next_attempt_at = :lease, updated_at = :now
    FROM due WHERE sagas.saga_id = due.saga_id
    RETURNING {_COLUMNS}
""")
_MOVE = text(f"""
    UPDATE sagas SET status = :status, step = :step, attempts = :attempts, error = :error,
        data = data || CAST(:data AS jsonb), deadline_at = :deadline_at, leased_until = :lease, updated_at = :now,
        next_attempt_at = CASE WHEN next_attempt_at = leased_until THEN CAST(:next_attempt_at AS timestamptz)
                               ELSE least(next_attempt_at, :next_attempt_at) END
    WHERE saga_id = :saga_id AND leased_until = :held
    RETURNING {_COLUMNS}
""")
_BEGIN_STEP = text("""
    INSERT INTO saga_steps (saga_id, name, status, attempts, started_at)
    VALUES (:saga_id, :name, 'started', 1, :now)
    ON CONFLICT (saga_id, name) DO UPDATE SET status = 'started', attempts = saga_steps.attempts + 1,
        error = NULL, finished_at = NULL
""")
_END_STEP = text("""
    INSERT INTO saga_steps (saga_id, name, status, attempts, result, error, started_at, finished_at)
    VALUES (:saga_id, :name, :status, 0, CAST(:result AS jsonb), :error, :now, :now)
    ON CONFLICT (saga_id, name) DO UPDATE SET status = excluded.status, finished_at = excluded.finished_at,
        result = coalesce(excluded.result, saga_steps.result), error = excluded.error
""")
_UNDO_STEP = text("""
    UPDATE saga_steps SET status = 'compensated', finished_at = :now
    WHERE saga_id = :saga_id AND name = :name AND status = 'done'
""")
_STEPS = text("""
    SELECT saga_id, name, status, attempts, result, error, started_at, finished_at
    FROM saga_steps WHERE saga_id = :saga_id ORDER BY started_at, name
""")
_WAS_SENT = text("SELECT EXISTS (SELECT FROM saga_steps WHERE saga_id = :saga_id AND name = :name AND attempts > 0)")
_WAS_DONE = text("""
    SELECT EXISTS (
        SELECT FROM saga_steps WHERE saga_id = :saga_id AND name = :name AND status IN ('done','compensated')
    )
""")
_GET = text(f"SELECT {_COLUMNS} FROM sagas WHERE saga_id = :saga_id")
_WAKE = text(f"""
    UPDATE sagas SET next_attempt_at = :now, updated_at = :now
    WHERE booking_id = :booking_id AND status IN {_UNFINISHED} AND next_attempt_at > :now
""")
_RETRY = text(f"""
    UPDATE sagas SET next_attempt_at = :now, attempts = 0, updated_at = :now
    WHERE saga_id = :saga_id AND status IN {_UNFINISHED}
    RETURNING saga_id
""")
_LIVE = text(f"""
    SELECT {_COLUMNS} FROM sagas
    WHERE booking_id = :booking_id AND kind = :kind AND status IN {_UNFINISHED} ORDER BY saga_id LIMIT 1
""")
_LIST = text(f"""
    SELECT saga_id, kind, reference, sagas.status, step, attempts, error, sagas.created_at, next_attempt_at, deadline_at
    FROM sagas JOIN bookings USING (booking_id)
    WHERE sagas.status IN {_UNFINISHED}
    ORDER BY sagas.status = 'stuck' DESC, sagas.created_at LIMIT :limit
""")


async def seller_of(session: AsyncSession, booking_id: UUID) -> Seller:
    """Who sells a booking, and what the platform keeps."""
    return Seller(**(await session.execute(_SELLER, {"booking_id": booking_id})).mappings().one())


async def set_payout_amount(session: AsyncSession, booking_id: UUID, *, minor: int, now: datetime) -> None:
    """Fix what a payout that has not been paid is of."""
    await session.execute(_SET_PAYOUT, {"booking_id": booking_id, "minor": minor, "now": now})


async def due_payouts(session: AsyncSession, *, now: datetime, limit: int) -> list[UUID]:
    """Bookings whose payouts are due, locked, without those that a saga or somebody else is at work on.

    The booking is locked and never the payout, which changes of a booking lock after it; and what was due
    before the lock is asked for again with it.
    """
    due = list(await session.scalars(_DUE_PAYOUTS, {"now": now, "limit": limit, "among": None}))
    locked = list(await session.scalars(_LOCK_BOOKINGS, {"among": due}))
    return list(await session.scalars(_DUE_PAYOUTS, {"now": now, "limit": limit, "among": locked}))


async def lock_booking(session: AsyncSession, booking_id: UUID) -> None:
    """Keep everybody else from starting a saga for a booking; after the listing's lock, where both are taken."""
    await session.execute(_LOCK_BOOKING, {"booking_id": booking_id})


async def add(session: AsyncSession, saga: dict[str, Any]) -> None:
    """Write a new saga; the booking's row is locked, so that its sagas are in the order of their numbers."""
    await lock_booking(session, saga["booking_id"])
    await session.execute(_ADD, saga | {"data": _json(saga["data"])})


async def claim(
    session: AsyncSession, *, now: datetime, lease: datetime, limit: int, booking_id: UUID | None
) -> list[SagaRecord]:
    """Take due sagas until an instant; those that others are taking are left to them."""
    values = {"now": now, "lease": lease, "limit": limit, "booking_id": booking_id}
    return [SagaRecord(**row) for row in (await session.execute(_CLAIM, values)).mappings()]


async def move(session: AsyncSession, saga: SagaRecord, *, now: datetime, **changes: Any) -> SagaRecord:
    """Write down where a saga stands now; :class:`LeaseLost` where it is somebody else's.

    Parameters
    ----------
    **changes
        `status`, `step`, `attempts`, `error`, `data` (added to what is there), `deadline_at`,
        `next_attempt_at` (a wake-up that came meanwhile wins) and `lease`; what is not given stays.
    """
    values: dict[str, Any] = {
        "status": saga.status,
        "step": saga.step,
        "attempts": saga.attempts,
        "error": saga.error,
        "deadline_at": saga.deadline_at,
        "next_attempt_at": saga.next_attempt_at,
        "lease": saga.leased_until,
    } | changes
    values |= {
        "saga_id": saga.saga_id,
        "held": saga.leased_until,
        "now": now,
        "data": _json(changes.get("data") or {}),
    }
    row = (await session.execute(_MOVE, values)).mappings().one_or_none()
    if row is None:
        raise LeaseLost(saga.saga_id)
    return SagaRecord(**row)


async def begin_step(session: AsyncSession, saga: SagaRecord, *, now: datetime) -> None:
    """Note that a step is about to be asked for."""
    await session.execute(_BEGIN_STEP, {"saga_id": saga.saga_id, "name": saga.step, "now": now})


async def end_step(
    session: AsyncSession,
    saga: SagaRecord,
    *,
    status: str,
    now: datetime,
    result: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """Note what came of a step."""
    values = {"saga_id": saga.saga_id, "name": saga.step, "status": status, "error": error, "now": now}
    await session.execute(_END_STEP, values | {"result": None if result is None else _json(result)})


async def undo_step(session: AsyncSession, saga: SagaRecord, name: str, *, now: datetime) -> None:
    """Note that a step which was done is undone."""
    await session.execute(_UNDO_STEP, {"saga_id": saga.saga_id, "name": name, "now": now})


async def steps_of(session: AsyncSession, saga_id: UUID) -> list[StepRecord]:
    """Steps of a saga that were begun, in order."""
    return [StepRecord(**row) for row in (await session.execute(_STEPS, {"saga_id": saga_id})).mappings()]


async def was_sent(session: AsyncSession, saga_id: UUID, step: str) -> bool:
    """Whether the processor may have been asked for a step."""
    return bool(await session.scalar(_WAS_SENT, {"saga_id": saga_id, "name": step}))


async def was_done(session: AsyncSession, saga_id: UUID, step: str) -> bool:
    """Whether a step was done, undone since or not."""
    return bool(await session.scalar(_WAS_DONE, {"saga_id": saga_id, "name": step}))


async def get(session: AsyncSession, saga_id: UUID) -> SagaRecord:
    """Find a saga, over or not."""
    row = (await session.execute(_GET, {"saga_id": saga_id})).mappings().one_or_none()
    if row is None:
        raise SagaNotFound(saga_id)
    return SagaRecord(**row)


async def live_of(session: AsyncSession, booking_id: UUID, *, kind: str) -> SagaRecord | None:
    """The oldest saga of one kind of a booking that is not over."""
    row = (await session.execute(_LIVE, {"booking_id": booking_id, "kind": kind})).mappings().one_or_none()
    return None if row is None else SagaRecord(**row)


async def wake(session: AsyncSession, booking_id: UUID, *, now: datetime) -> None:
    """Make the unfinished sagas of a booking due."""
    await session.execute(_WAKE, {"booking_id": booking_id, "now": now})


async def retry(session: AsyncSession, saga_id: UUID, *, now: datetime) -> None:
    """Make a saga due, with all its attempts before it."""
    if (await session.execute(_RETRY, {"saga_id": saga_id, "now": now})).one_or_none() is None:
        raise SagaNotFound(saga_id)


async def unfinished(session: AsyncSession, *, limit: int) -> list[UnfinishedSaga]:
    """Sagas that are not over, the stuck ones first, then the oldest."""
    return [UnfinishedSaga(**row) for row in (await session.execute(_LIST, {"limit": limit})).mappings()]


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
