"""Move one saga: intention, call, conclusion, each committed before the next begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.errors import Conflict, Forbidden, InvalidInput, LodestayError, NotFound
from transactional.kit.sqlstate import DatabaseError, is_away, named
from transactional.listings.errors import ListingBusy
from transactional.payments.gateway import Outcome, PaymentGateway, ProcessorUnavailable
from transactional.sagas import repository
from transactional.sagas.actions import Action, Again, Call, Refused, Turn, Verdict, Wait
from transactional.sagas.errors import FAULT, LeaseLost
from transactional.sagas.records import SagaRecord
from transactional.sagas.rules import (
    FINISHED,
    Position,
    SagaKind,
    SagaStatus,
    after_done,
    after_failure,
    gives_up,
    is_backwards,
    pause,
    step_of,
    turned_back,
)
from transactional.sagas.rules import UNDO as UNDO_PREFIX
from transactional.sagas.service import ANSWER_WITHIN, LEASE

LOOK_AGAIN = timedelta(seconds=30)
"""How often a saga that waits for somebody looks by itself: a message about it may be lost."""
DEADLINE_PASSED = "the deadline has passed"
FINAL_ERRORS = (Conflict, NotFound, Forbidden, InvalidInput)
"""What refuses for good; anything else may pass."""

log = structlog.get_logger(__name__)
Actions = Mapping[tuple[SagaKind, str], Action]


@dataclass(frozen=True)
class Runner:
    """Advances sagas that the caller has claimed.

    Attributes
    ----------
    actions
        What each step does, by kind and by the name a saga has when it stands there.
    draw
        A number from 0 to 1 at random, for the pauses.
    """

    sessions: async_sessionmaker[AsyncSession]
    gateway: PaymentGateway
    clock: Clock
    actions: Actions
    draw: Callable[[], float]

    async def advance(self, saga: SagaRecord) -> SagaRecord:
        """Move a saga as far as it goes now: to its end, to a wait or to a pause.

        Whoever stops this in the middle loses nothing: once the lease is over, the saga is taken again.
        """
        while not saga.is_finished and saga.leased_until is not None:
            try:
                saga = await self._step(saga)
            except LeaseLost:
                log.warning("saga taken by another worker", saga_id=str(saga.saga_id), step=saga.step)
                break
        return saga

    async def _step(self, saga: SagaRecord) -> SagaRecord:
        if saga.status == SagaStatus.RUNNING and gives_up(
            saga.saga_kind, saga.step, deadline_at=saga.deadline_at, now=self.clock.now()
        ):
            return await self._turn_back(saga, DEADLINE_PASSED)
        action = self.actions[saga.saga_kind, saga.step]
        begun = saga
        try:
            begun, call = await self._intend(action, saga)
            if call is not None:
                outcome = await self._send(call)  # no transaction is open here
                begun = await self._conclude(action, begun, call, outcome)
        except Exception as error:  # noqa: BLE001 (whatever it is, the saga is tried again and somebody is told)
            return await self._recover(begun, error, attempts=saga.attempts + 1)
        return begun

    async def _send(self, call: Call) -> Outcome:
        """Ask the processor, and stop asking while the lease lasts: afterwards another worker may be asking."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
                return await call.send(self.gateway)
        except TimeoutError as error:
            raise ProcessorUnavailable(
                "The payment processor gave no answer in time.",
                hint="The same operation is sent again with the same key.",
            ) from error

    async def _recover(self, saga: SagaRecord, error: Exception, *, attempts: int) -> SagaRecord:
        """Go on after an error, whose transaction was rolled back."""
        if isinstance(error, LeaseLost) or (isinstance(error, DBAPIError) and is_away(error)):
            raise error
        if isinstance(error, FINAL_ERRORS) and not isinstance(error, ListingBusy):
            return await self._turn_back(saga, error.slug())
        if not isinstance(error, ListingBusy | ProcessorUnavailable):
            # A database error's text and traceback have the statement and the row's values in them.
            told = {"error": named(error)} if isinstance(error, DatabaseError) else {"exc_info": error}
            log.error("saga failed", saga_id=str(saga.saga_id), step=saga.step, **told)
        return await self._fail(saga, error, attempts=attempts)

    async def _intend(self, action: Action, saga: SagaRecord) -> tuple[SagaRecord, Call | None]:
        """Phase 1: commit what is about to be asked for, or what needed no asking."""
        async with self.sessions.begin() as session:
            turn = Turn(session, self.clock, saga)
            intention = await action.intend(turn)
            if not isinstance(intention, Call):
                return await self._record(turn, intention), None
            now = turn.now
            moved = await repository.move(
                session,
                saga,
                now=now,
                attempts=saga.attempts + 1,
                data=intention.data,
                lease=now + LEASE,
                next_attempt_at=now + LEASE,
            )
            await repository.begin_step(session, moved, now=now)
            return moved, intention

    async def _conclude(self, action: Action, saga: SagaRecord, call: Call, outcome: Outcome) -> SagaRecord:
        """Phase 3: commit what came of the call, with everything that follows from it."""
        async with self.sessions.begin() as session:
            turn = Turn(session, self.clock, saga)
            return await self._record(turn, await action.conclude(turn, call, outcome))

    async def _record(self, turn: Turn, verdict: Verdict) -> SagaRecord:
        saga, session, now = turn.saga, turn.session, turn.now
        if isinstance(verdict, Refused):
            return await self._write_refusal(session, saga, verdict.reason, data=verdict.data)
        if isinstance(verdict, Wait):
            later = min(now + LOOK_AGAIN, max(saga.deadline_at, now))
            return await repository.move(
                session, saga, now=now, attempts=0, error=verdict.reason, lease=None, next_attempt_at=later
            )
        if isinstance(verdict, Again):
            return await self._hold_on(session, saga, attempts=0)
        await repository.end_step(session, saga, status="done", now=now, result=verdict.data)
        if is_backwards(saga.step):
            await repository.undo_step(session, saga, saga.step.removeprefix(UNDO_PREFIX), now=now)
        return await self._go(session, saga, after_done(saga.saga_kind, saga.step), data=verdict.data)

    async def _go(self, session: AsyncSession, saga: SagaRecord, position: Position, **changes: Any) -> SagaRecord:
        """Stand at another step, with the lease for it; the error that turned a saga back is kept."""
        now = self.clock.now()
        if position.status in FINISHED:
            return await repository.move(
                session,
                saga,
                now=now,
                status=position.status.value,
                attempts=0,
                lease=None,
                next_attempt_at=now,
                **{"error": None if position.status is SagaStatus.DONE else saga.error, **changes},
            )
        patience = None if is_backwards(position.step) else step_of(saga.saga_kind, position.step).patience
        if patience is not None:
            changes["deadline_at"] = now + patience
        return await self._hold_on(
            session, saga, status=position.status.value, step=position.step, attempts=0, **changes
        )

    async def _hold_on(self, session: AsyncSession, saga: SagaRecord, **changes: Any) -> SagaRecord:
        lease = self.clock.now() + LEASE
        return await repository.move(session, saga, now=self.clock.now(), lease=lease, next_attempt_at=lease, **changes)

    async def _turn_back(self, saga: SagaRecord, reason: str) -> SagaRecord:
        async with self.sessions.begin() as session:
            return await self._write_refusal(session, saga, reason)

    async def _write_refusal(
        self, session: AsyncSession, saga: SagaRecord, reason: str, *, data: Mapping[str, Any] | None = None
    ) -> SagaRecord:
        now = self.clock.now()
        await repository.end_step(session, saga, status="failed", now=now, error=reason)
        position = turned_back(saga.saga_kind, saga.step)
        if position.status is not SagaStatus.STUCK:
            log.info("saga turns back", saga_id=str(saga.saga_id), step=saga.step, reason=reason)
            return await self._go(session, saga, position, error=reason, data=data)
        return await self._wait_stuck(session, saga, reason, data=data)

    async def _wait_stuck(
        self, session: AsyncSession, saga: SagaRecord, reason: str, *, data: Mapping[str, Any] | None = None
    ) -> SagaRecord:
        now = self.clock.now()
        log.error("saga stuck", saga_id=str(saga.saga_id), step=saga.step, reason=reason)
        later = now + pause(SagaStatus.STUCK, max(saga.attempts, 1), draw=self.draw())
        return await repository.move(
            session,
            saga,
            now=now,
            status=SagaStatus.STUCK.value,
            error=reason,
            lease=None,
            next_attempt_at=later,
            data=data,
        )

    async def _fail(self, saga: SagaRecord, error: Exception, *, attempts: int) -> SagaRecord:
        """Nobody knows whether it happened, or it could not be tried: later again."""
        reason = reason_of(error)
        now = self.clock.now()
        position = after_failure(saga.saga_kind, saga.step, attempts=attempts, deadline_at=saga.deadline_at, now=now)
        async with self.sessions.begin() as session:
            if position.status is SagaStatus.STUCK:
                return await self._wait_stuck(session, saga, reason)
            if position.step != saga.step:
                return await self._write_refusal(session, saga, reason)
            later = now + pause(position.status, attempts, draw=self.draw())
            return await repository.move(
                session,
                saga,
                now=now,
                status=position.status.value,
                attempts=attempts,
                error=reason,
                lease=None,
                next_attempt_at=later,
            )


def reason_of(error: Exception) -> str:
    """What is kept of an error, for operators."""
    if isinstance(error, LodestayError):
        return error.detail
    what = named(error) if isinstance(error, DatabaseError) else f"{type(error).__name__}: {error}"
    return f"{FAULT}{what}"[:500]
