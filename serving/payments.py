"""Payments that somebody waits for: moved at once, in this process, as far as they go in a few seconds.

The worker would move them as well, a moment later; what is not over when the guest is answered goes on in
its task, and what the process leaves behind is the worker's once its lease is over.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.money import Money
from transactional.payments.gateway import Outcome, PaymentGateway, ProcessorUnavailable
from transactional.sagas.records import SagaRecord
from transactional.sagas.registry import ACTIONS
from transactional.sagas.runner import Runner
from transactional.sagas.service import claim_due

PATIENCE_SECONDS = 5.0
"""How long a guest is kept waiting for the end of a payment."""

log = structlog.get_logger(__name__)


@dataclass
class PaymentDesk:
    """Moves the sagas of one booking while its guest waits."""

    sessions: async_sessionmaker[AsyncSession]
    gateway: PaymentGateway
    clock: Clock
    _moving: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def advance(
        self, booking_id: UUID, *, taken: Sequence[SagaRecord] = (), seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Move sagas of a booking, and return when they pause or the time is over.

        Parameters
        ----------
        taken
            What the caller has claimed, when it began it for instance; none: what is due and nobody else moves.
        """
        task = asyncio.create_task(self._advance(booking_id, taken))
        self._moving.add(task)
        task.add_done_callback(self._moving.discard)
        await asyncio.wait({task}, timeout=seconds)

    async def close(self) -> None:
        """Stop what is moving: its rows say how to go on."""
        for task in self._moving:
            task.cancel()
        await asyncio.gather(*self._moving, return_exceptions=True)

    async def _advance(self, booking_id: UUID, taken: Sequence[SagaRecord]) -> None:
        runner = Runner(self.sessions, self.gateway, self.clock, ACTIONS, random.random)
        try:
            for saga in taken or await self._claim(booking_id):
                await runner.advance(saga)
        except (SQLAlchemyError, OSError) as error:  # the database is away; the lease will end
            log.warning("left a payment to the worker", booking_id=str(booking_id), reason=str(error)[:200])

    async def _claim(self, booking_id: UUID) -> list[SagaRecord]:
        async with self.sessions.begin() as session:
            return await claim_due(session, self.clock, limit=1, booking_id=booking_id)


class NoProcessor:
    """Stands where no payment processor is known: every operation waits until there is one."""

    async def authorise(self, key: str, *, payment_method: str, amount: Money, reference: str) -> Outcome:  # noqa: ARG002
        """Say that there is none."""
        _no_processor()

    async def capture(self, key: str, *, processor_id: str, amount: Money) -> Outcome:  # noqa: ARG002
        """Say that there is none."""
        _no_processor()

    async def void(self, key: str, *, processor_id: str) -> Outcome:  # noqa: ARG002
        """Say that there is none."""
        _no_processor()

    async def refund(self, key: str, *, processor_id: str, amount: Money) -> Outcome:  # noqa: ARG002
        """Say that there is none."""
        _no_processor()

    async def pay_out(self, key: str, *, host_id: UUID, amount: Money, reference: str) -> Outcome:  # noqa: ARG002
        """Say that there is none."""
        _no_processor()


def _no_processor() -> NoReturn:
    raise ProcessorUnavailable("No payment processor is known.", hint="Start it with `lodestay up processor`.")
