"""The payment processor that lies, without a network between: the simulator's bank on one file that all workers share.

It is the simulator of :mod:`simulation.processor` in all but HTTP: the same bank, the same file, the same
faults, the same reading of its answers. The file outlives every worker, as a processor would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final, Protocol
from uuid import UUID

import orjson

from lodestay.clock import Clock
from lodestay.money import Money
from simulation.processor.bank import Answer, Bank, Call
from simulation.processor.commands import Authorise, Capture, Command, Confirm, GiveBack, PayOut, Void
from simulation.processor.faults import FaultPolicy, Luck, fate_of
from simulation.processor.methods import Mishap, method_of
from simulation.processor.objects import Authorisation
from simulation.processor.store import Delivery, Store
from transactional.payments.gateway import Outcome, PaymentGateway, ProcessorUnavailable
from transactional.payments.http_gateway import outcome_of

SECRET: Final = "proof"  # noqa: S105 (of a processor that nobody else can reach)
LYING: Final = FaultPolicy(
    decline=0.05,
    refund_decline=0.03,
    payout_decline=0.05,
    timeout_before=0.05,
    timeout_after=0.08,
    error=0.03,
    slow=0.05,
    webhook_duplicate=0.2,
    webhook_delay=0.5,
    webhook_drop=0.1,
    slow_seconds=0.005,
    late_seconds=20,
    webhook_delay_seconds=3600,
)
HONEST: Final = FaultPolicy()
_now: ContextVar[Clock] = ContextVar("proof_clock")


class TurnClock:
    """The clock of whichever operation is asking."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return _now.get().now()


def set_time(clock: Clock) -> None:
    """Have the processor live at the instant of this operation."""
    _now.set(clock)


class Processor(Protocol):
    """A payment processor, as a lane sees it."""

    @property
    def patience(self) -> float:
        """Seconds that it needs to get on with what happens by itself."""

    def gateway(self, draws: Random, *, honest: bool = False) -> PaymentGateway:
        """The way to it for one operation, with what goes wrong on it."""

    def settle_due(self) -> None:
        """Let happen what happens by itself."""

    async def decide(self, processor_id: str, *, approve: bool) -> None:
        """Have the cardholder pass or fail 3-D Secure."""

    def due(self, clock: Clock, *, limit: int) -> list[Delivery]:
        """Messages that it sends by now."""

    def delivered(self, delivery: Delivery) -> None:
        """A message was taken."""

    async def close(self) -> None:
        """Leave it."""


@dataclass(frozen=True)
class InProcess:
    """The processor on its file, by function calls: it lives at the instant of whichever operation asks."""

    bank: Bank
    patience: float = 0.0

    @classmethod
    def open(cls, path: Path, *, seed: int) -> InProcess:
        """Open its file, or make it."""
        bank = Bank(Store(path), clock=TurnClock(), seed=seed, secret=SECRET, public_url="https://processor.test")
        bank.policy = LYING
        return cls(bank)

    def gateway(self, draws: Random, *, honest: bool = False) -> PaymentGateway:
        """The port, with what goes wrong."""
        return LyingGateway(self.bank, draws, HONEST if honest else LYING)

    def settle_due(self) -> None:
        """Late successes and lapses."""
        self.bank.settle_due()

    async def decide(self, processor_id: str, *, approve: bool) -> None:
        """Pass or fail 3-D Secure."""
        self.bank.confirm(processor_id, Confirm(approve=approve))

    def due(self, clock: Clock, *, limit: int) -> list[Delivery]:
        """Messages that it sends by now."""
        return self.bank.store.due_deliveries(clock.now().timestamp(), limit=limit)

    def delivered(self, delivery: Delivery) -> None:
        """A message was taken."""
        self.bank.store.delivered(delivery.id)

    async def close(self) -> None:
        """Close its file."""
        self.bank.store.close()


@dataclass(frozen=True)
class LyingGateway:
    """Implements `PaymentGateway`.

    Attributes
    ----------
    draws
        What goes wrong with the calls of one operation.
    policy
        How often it does.
    """

    bank: Bank
    draws: Random
    policy: FaultPolicy = LYING

    async def authorise(self, key: str, *, payment_method: str, amount: Money, reference: str) -> Outcome:
        """Reserve an amount on a payment method."""
        command = Authorise(
            payment_method=payment_method, amount_minor=amount.minor, currency=amount.currency, reference=reference
        )
        return await self._do(
            "authorise",
            key,
            command,
            lambda call: self.bank.authorise(call, command),
            decline=self.policy.decline,
            mishap=method_of(payment_method).authorising,
        )

    async def capture(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Take an authorised amount, or a part of it."""
        command = Capture(amount_minor=amount.minor, currency=amount.currency)
        known = self.bank.store.find(Authorisation, processor_id)
        return await self._do(
            f"capture {processor_id}",
            key,
            command,
            lambda call: self.bank.capture(call, processor_id, command),
            mishap=None if known is None else method_of(known.payment_method).capturing,
        )

    async def void(self, key: str, *, processor_id: str) -> Outcome:
        """Give an authorisation up."""
        return await self._do(f"void {processor_id}", key, Void(), lambda call: self.bank.void(call, processor_id))

    async def refund(self, key: str, *, processor_id: str, amount: Money) -> Outcome:
        """Give captured money back, or a part of it."""
        command = GiveBack(authorisation_id=processor_id, amount_minor=amount.minor, currency=amount.currency)
        return await self._do(
            "refund", key, command, lambda call: self.bank.refund(call, command), decline=self.policy.refund_decline
        )

    async def pay_out(self, key: str, *, host_id: UUID, amount: Money, reference: str) -> Outcome:
        """Send money to a host."""
        command = PayOut(host_id=str(host_id), amount_minor=amount.minor, currency=amount.currency, reference=reference)
        return await self._do(
            "payout", key, command, lambda call: self.bank.pay_out(call, command), decline=self.policy.payout_decline
        )

    async def _do(
        self,
        kind: str,
        key: str,
        command: Command,
        run: Callable[[Call], Answer],
        *,
        decline: float = 0.0,
        mishap: Mishap | None = None,
    ) -> Outcome:
        """Do it, unless fate is against it; answer, unless fate is against that."""
        await asyncio.sleep(0)  # a call over a network lets others run
        fate = fate_of(self.policy, Luck(self.draws.getrandbits(63), kind.partition(" ")[0]), decline=decline)
        if fate.unheard or fate.broken:
            raise _no_answer()
        answer = run(Call(kind, key, f"{kind} {command.model_dump_json()}", fate.declined))
        after = mishap if mishap is not None and answer.fresh else fate.after
        if after is Mishap.TIMEOUT_AFTER:
            raise _no_answer()
        if after is Mishap.SLOW:
            await asyncio.sleep(self.policy.slow_seconds)
        return outcome_of(key, answer.status, orjson.dumps(answer.body))


def _no_answer() -> ProcessorUnavailable:
    return ProcessorUnavailable("The processor gives no answer.", hint="Send it again with the same key.")
