"""What a step of a saga does, in three phases, and what can come of it.

The runner asks for the intention in a transaction, sends the call it may get without one, and has the
outcome concluded in another. So no transaction waits for a network, and a kill anywhere leaves rows from
which the same call is made again, under the same key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from transactional.bookings.rules import Side
from transactional.journal.rules import Cause
from transactional.payments.gateway import Outcome, PaymentGateway
from transactional.sagas.records import SagaRecord


@dataclass(frozen=True, slots=True)
class Turn:
    """One attempt at a step, inside a transaction of the runner's."""

    session: AsyncSession
    clock: Clock
    saga: SagaRecord

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.clock.now()

    @property
    def booking_id(self) -> UUID:
        """The booking."""
        return self.saga.booking_id

    @property
    def cause(self) -> Cause:
        """Cause of what the saga changes."""
        return Cause(None, Side.SYSTEM, f"saga:{self.saga.saga_id}")

    def number(self, name: str) -> UUID | None:
        """A number out of the saga's data."""
        value = self.saga.data.get(name)
        return None if value is None else UUID(value)


@dataclass(frozen=True, slots=True)
class Call:
    """What the processor is to be asked for.

    Attributes
    ----------
    subject
        Number of the payment, refund or payout.
    data
        Kept with the saga before anything is sent.
    authorises
        Whether an authorisation is asked for: the row may be past that when the answer comes, by a message.
    """

    subject: UUID
    send: Callable[[PaymentGateway], Awaitable[Outcome]]
    data: dict[str, Any] = field(default_factory=dict)
    authorises: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The step is done; `data` is kept with the saga."""

    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Again:
    """A part of the step is done: there is more."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody else's turn: look again now and then, and when woken."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never be done; the saga turns back where it can, and is stuck where it cannot."""

    reason: str
    data: dict[str, Any] = field(default_factory=dict)


Verdict = Done | Again | Wait | Refused


class Action(Protocol):
    """What a step does, or what undoes it. Everything it changes is in the transaction of its turn."""

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Say what to ask of the processor; or do what needs no processor, and say what came of it."""

    async def conclude(self, turn: Turn, call: Call, outcome: Outcome) -> Verdict:
        """Write down what the processor answered."""


class Local:
    """An action that never asks the processor."""

    async def conclude(self, turn: Turn, call: Call, outcome: Outcome) -> Verdict:
        """Never called, since it makes no calls."""
        raise NotImplementedError


class Nothing(Local):
    """Stands where there is nothing to do or to undo."""

    async def intend(self, turn: Turn) -> Call | Verdict:  # noqa: ARG002 (the interface)
        """Be done."""
        return Done()
